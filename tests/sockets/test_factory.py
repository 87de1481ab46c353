"""DefaultSocketFactory: real sockets (they are put to work in tests/conformance/test_stream_socket.py)."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.sockets.factory import DefaultSocketFactory
from netstack_sync.sockets.tcp_client import TcpClientSocket
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_context import TlsConfig
from tests.support.tls import HOST, tls_rig, trust


def test_a_tcp_socket_and_tls_over_it() -> None:
    """Unconnected; the log ties the socket to who asked for it."""
    with tls_rig() as rig:
        factory = DefaultSocketFactory(rig.driver.thread, rig.services)
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((IPEndPoint("127.0.0.1", 1, 2),), rig.net_log, source)
        secure = factory.create_secure_socket(transport, HOST, TlsConfig(trust()))
        assert isinstance(transport, TcpClientSocket) and isinstance(secure, TlsClientSocket)
        assert not transport.is_connected() and not secure.is_connected()
        begun = rig.net_log.params_of(NetLogEventType.SOCKET_ALIVE, NetLogEventPhase.BEGIN)
        assert begun == [{"source_dependency": {"type": int(source.type), "id": source.id}}]
        secure.disconnect()
