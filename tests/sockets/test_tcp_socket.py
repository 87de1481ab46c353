"""TcpSocket: the descriptor below TcpClientSocket, where the stream's interface does not show it."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_FAILED,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INVALID_HANDLE,
    ERR_IO_PENDING,
    ERR_SOCKET_NOT_CONNECTED,
    OK,
)
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.sockets.tcp_socket import TcpSocket
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.peers import Peer, closed_endpoint, endpoint_of, listener
from tests.support.subprocesses import run_python


class Rig:
    """A TcpSocket on a driven loop."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.socket = TcpSocket(driver.thread, NetLogWithSource.make(self.net_log, NetLogSourceType.SOCKET))

    def adopt(self) -> Peer:
        """Connects it to a peer."""
        with listener() as server:
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
        self.socket.adopt(client)
        return Peer(accepted)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with driven_network() as driver:
        rig = Rig(driver)
        yield rig
        rig.socket.close()


class BrokenSocket(socket.socket):
    """A descriptor on which everything fails as told, or on which a decision takes its time."""

    error = 0
    so_errors: tuple[int, ...] = ()

    def recv(self, *_: object) -> bytes:
        """Fails."""
        raise OSError(self.error, "broken")

    def send(self, *_: object) -> int:
        """Fails."""
        raise OSError(self.error, "broken")

    def getsockopt(self, level: int, option: int, *_: int) -> int:  # type: ignore[override]
        """SO_ERROR as told."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_ERROR) and self.so_errors:
            first, self.so_errors = self.so_errors[0], self.so_errors[1:]
            return first
        return super().getsockopt(level, option)


def test_an_adopted_socket_is_connected(rig: Rig) -> None:
    """Row 108: AdoptConnectedSocket; it gets our options and is ours to close."""
    with closing(rig.adopt()) as peer:
        assert rig.socket.is_open and rig.socket.is_connected_and_idle()
        assert rig.socket.remote_address is not None and rig.socket.remote_address.is_loopback
        assert rig.socket.write(b"hello") == 5
        rig.driver.run_until(lambda: peer.has_received(b"hello"))
        rig.socket.close()
        assert not rig.socket.is_open and rig.socket.local_address is None


def test_a_socket_without_a_descriptor(rig: Rig) -> None:
    """Answers, no exceptions; closing it is nothing."""
    assert rig.socket.read(1) == rig.socket.write(b"x") == ERR_SOCKET_NOT_CONNECTED
    assert not rig.socket.is_connected() and not rig.socket.is_connected_and_idle()
    rig.socket.close()


def test_a_peer_that_closed_ends_no_program_whose_sigpipe_is_at_its_default() -> None:
    """Python ignores the signal, but a program may have set it back, as filters do; the error is the answer."""
    printed = run_python(
        """
        import signal, socket
        from netstack_sync.base.net_errors import ERR_IO_PENDING
        from netstack_sync.log.bound import NetLogWithSource
        from netstack_sync.log.event_types import NetLogSourceType
        from netstack_sync.sockets.tcp_socket import TcpSocket
        from tests.support.net_logs import RecordingNetLog
        from tests.support.network import driven_network
        from tests.support.peers import listener

        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        with driven_network() as driver, listener() as server:
            stream = TcpSocket(driver.thread, NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.SOCKET))
            stream.adopt(socket.create_connection(server.getsockname()))
            server.accept()[0].close()
            driver.run_until(lambda: not stream.is_connected())
            while stream.write(b"x") > 0:
                pass
            print(stream.write(b"x") < ERR_IO_PENDING)
            stream.close()
        """
    )
    assert printed == "True\n"


def test_bytes_are_logged(rig: Rig) -> None:
    """With the content only for who asked for everything."""
    with closing(rig.adopt()) as peer:
        rig.socket.write(b"hello")
        peer.send(b"bye")
        rig.driver.run_until(lambda: not rig.socket.is_connected_and_idle())
        assert rig.socket.read(10) == b"bye"
    sent = rig.net_log.params_of(NetLogEventType.SOCKET_BYTES_SENT, NetLogEventPhase.NONE)
    received = rig.net_log.params_of(NetLogEventType.SOCKET_BYTES_RECEIVED, NetLogEventPhase.NONE)
    assert sent == [{"byte_count": 5, "bytes": "aGVsbG8="}]
    assert received == [{"byte_count": 3, "bytes": "Ynll"}]


def test_bytes_that_nobody_waits_for_stop_the_watch(rig: Rig) -> None:
    """Otherwise the poll would report them for ever; waiting again arms it again."""
    with closing(rig.adopt()) as peer:
        rig.socket.notify_readable(lambda: None)
        rig.socket.cancel_notify()
        assert len(rig.driver.thread.pump) == 1, "kept for the next wait: arming costs a system call"
        peer.send(b"x")
        rig.driver.run_until(lambda: len(rig.driver.thread.pump) == 0)
        events: list[int] = []
        rig.socket.notify_readable(lambda: events.append(1))
        rig.driver.run_until(lambda: events == [1])
        assert rig.socket.read(10) == b"x"


def test_room_that_nobody_waits_for_any_more(rig: Rig) -> None:
    """The one-shot watch ends without a word."""
    with closing(rig.adopt()):
        rig.socket.notify_writable(lambda: pytest.fail("cancelled"))
        rig.socket.cancel_notify()
        rig.driver.run_until(lambda: len(rig.driver.thread.pump) == 0)


@pytest.mark.parametrize(("os_error", "result"), [(errno.EBADF, ERR_INVALID_HANDLE), (99999, ERR_FAILED)])
def test_errors_of_the_system(rig: Rig, os_error: int, result: int) -> None:
    """Mapped and logged."""
    broken = BrokenSocket()
    broken.error = os_error
    rig.socket._socket = broken
    rig.driver.thread.sockets.add(broken)
    assert rig.socket.read(1) == rig.socket.write(b"x") == result
    assert not rig.socket.is_connected()
    for event in (NetLogEventType.SOCKET_READ_ERROR, NetLogEventType.SOCKET_WRITE_ERROR):
        params = rig.net_log.params_of(event, NetLogEventPhase.NONE)
        assert params == [{"net_error": result, "os_error": os_error}]


def test_not_now_is_no_error(rig: Rig) -> None:
    """EAGAIN in either direction: the connection is quiet, or full."""
    busy = BrokenSocket()
    busy.error = errno.EAGAIN
    rig.socket._socket = busy
    rig.driver.thread.sockets.add(busy)
    assert rig.socket.read(1) == rig.socket.write(b"x") == ERR_IO_PENDING
    assert rig.socket.is_connected_and_idle()


def test_a_connect_that_is_not_decided_yet(rig: Rig) -> None:
    """Writable, but SO_ERROR still says EINPROGRESS: it goes on waiting (net/socket/socket_posix.cc)."""
    with listener() as server:
        done = RecordedCompletion()
        assert rig.socket.connect(endpoint_of(server), done) == ERR_IO_PENDING
        real = rig.socket._socket
        assert real is not None
        slow = BrokenSocket(fileno=real.detach())
        slow.so_errors = (errno.EINPROGRESS, errno.EALREADY, 0)
        rig.driver.thread.sockets.discard(real)
        rig.driver.thread.sockets.add(slow)
        rig.socket._socket = slow
        rig.driver.run_until(lambda: done.is_called)
        assert done.result == OK and not slow.so_errors


def test_a_connect_that_is_refused(rig: Rig) -> None:
    """Later; the descriptor is gone by then, and the system's number is kept for the log."""
    done = RecordedCompletion()
    assert rig.socket.connect(closed_endpoint(), done) == ERR_IO_PENDING
    rig.driver.run_until(lambda: done.is_called)
    assert done.result == ERR_CONNECTION_REFUSED and rig.socket.os_error == errno.ECONNREFUSED
    assert not rig.socket.is_open


def test_a_connect_that_is_done_at_once(rig: Rig) -> None:
    """UDP sockets and some systems' loopback do it; there is no callback."""
    rig.socket.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        original = socket.socket

        class Datagram(original):  # type: ignore[valid-type,misc]
            """A socket whose connect() needs no waiting."""

            def __init__(self, family: int, type: int) -> None:
                super().__init__(family, socket.SOCK_DGRAM)

            def setsockopt(self, *_: object) -> None:
                """TCP's options mean nothing here."""

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "socket", Datagram)
            result = rig.socket.connect(endpoint_of(other), lambda _: pytest.fail("called back"))
        assert result == OK and rig.socket.is_open
        rig.socket.close()


def test_no_descriptor_left(rig: Rig) -> None:
    """INSUFFICIENT_RESOURCES, no exception."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), hard))
        try:
            result = rig.socket.connect(IPEndPoint("127.0.0.1", 1, socket.AF_INET), lambda _: None)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result == ERR_INSUFFICIENT_RESOURCES


def test_a_pump_that_refuses(rig: Rig) -> None:
    """A loop that is closed watches nothing: the connect fails, and nobody waits for ever."""
    with listener() as server:
        rig.driver.thread.pump.close()
        assert rig.socket.connect(endpoint_of(server), lambda _: None) == ERR_INVALID_HANDLE
        assert not rig.socket.is_open
