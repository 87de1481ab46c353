"""DefaultSocketFactory: real sockets (they are put to work in tests/conformance/test_stream_socket.py)."""

from __future__ import annotations

import socket

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_ADDRESS_INVALID, ERR_IO_PENDING, OK
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.sockets.factory import DefaultSocketFactory
from netstack_sync.sockets.options import TcpOptions
from netstack_sync.sockets.tcp_client import TcpClientSocket
from netstack_sync.sockets.tls_client import TlsClientSocket
from netstack_sync.sockets.tls_config import TlsConfig
from tests.support.loops import RecordedCompletion
from tests.support.peers import endpoint_of, listener
from tests.support.tls import PEER, tls_rig, trust


def test_a_tcp_socket_and_tls_over_it() -> None:
    """Unconnected; the log ties the socket to who asked for it."""
    with tls_rig() as rig:
        factory = DefaultSocketFactory(rig.driver.thread, rig.services)
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((IPEndPoint("127.0.0.1", 1, 2),), rig.net_log, source)
        secure = factory.create_secure_socket(transport, PEER, TlsConfig(trust()))
        assert isinstance(transport, TcpClientSocket) and isinstance(secure, TlsClientSocket)
        assert not transport.is_connected() and not secure.is_connected()
        begun = rig.net_log.params_of(NetLogEventType.SOCKET_ALIVE, NetLogEventPhase.BEGIN)
        assert begun == [{"source_dependency": {"type": int(source.type), "id": source.id}}]
        secure.disconnect()


def test_the_options_are_every_sockets() -> None:
    """Row 104: BindLoopbackToIPv6; here by an address of ours that no IPv6 peer can be reached from."""
    with tls_rig() as rig:
        factory = DefaultSocketFactory(rig.driver.thread, rig.services, TcpOptions(local_address="127.0.0.1"))
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((IPEndPoint("::1", 1, socket.AF_INET6),), rig.net_log, source)
        assert transport.connect(lambda _: None) == ERR_ADDRESS_INVALID
        transport.disconnect()


def test_the_limit_of_an_attempt_is_asked_for_at_its_start() -> None:
    """Not when the factory is made: what is known of the network changes."""
    asked: list[float] = []

    def limit_s() -> float:
        asked.append(8.0)
        return asked[-1]

    with tls_rig() as rig, listener() as server:
        factory = DefaultSocketFactory(rig.driver.thread, rig.services, attempt_limit=limit_s)
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((endpoint_of(server),), rig.net_log, source)
        assert asked == []
        done = RecordedCompletion()
        result = transport.connect(done)
        assert asked == [8.0]
        rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
        assert OK in (result, *done.results) and [attempt.result for attempt in transport.connection_attempts] == [OK]
        transport.disconnect()
