"""DefaultSocketFactory: real sockets (they are put to work in tests/conformance/test_stream_socket.py)."""

from __future__ import annotations

import socket

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_ADDRESS_INVALID, ERR_IO_PENDING, OK
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.sockets.factory import DefaultSocketFactory
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.tcp_client import TcpClientSocket
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.loops import RecordedCompletion
from tests.support.peers import endpoint_of, listener


def make(rig: JobRig, options: TcpOptions = DEFAULT_TCP_OPTIONS) -> DefaultSocketFactory:
    return DefaultSocketFactory(rig.driver.thread, rig.sockets, options)


def test_a_tcp_socket() -> None:
    """Unconnected; the log ties the socket to who asked for it. Who puts TLS over it is somebody else's choice."""
    with job_rig() as rig:
        factory = make(rig)
        assert factory.secure_sockets is rig.sockets
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((IPEndPoint("127.0.0.1", 1, 2),), rig.net_log, source)
        assert isinstance(transport, TcpClientSocket) and not transport.is_connected()
        begun = rig.net_log.params_of(NetLogEventType.SOCKET_ALIVE, NetLogEventPhase.BEGIN)
        assert begun == [{"source_dependency": {"type": int(source.type), "id": source.id}}]
        transport.disconnect()


def test_the_options_are_every_sockets() -> None:
    """Row 104: BindLoopbackToIPv6; here by an address of ours that no IPv6 peer can be reached from."""
    with job_rig() as rig:
        factory = make(rig, TcpOptions(local_address="127.0.0.1"))
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

    with job_rig() as rig, listener() as server:
        factory = DefaultSocketFactory(rig.driver.thread, rig.sockets, attempt_limit=limit_s)
        source = rig.net_log.next_source(NetLogSourceType.TRANSPORT_CONNECT_JOB)
        transport = factory.create_transport_socket((endpoint_of(server),), rig.net_log, source)
        assert asked == []
        done = RecordedCompletion()
        result = transport.connect(done)
        assert asked == [8.0]
        rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
        assert OK in (result, *done.results) and [attempt.result for attempt in transport.connection_attempts] == [OK]
        transport.disconnect()
