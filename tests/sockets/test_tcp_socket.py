"""TcpSocket: the descriptor below TcpClientSocket, where the stream's interface does not show it."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_FAILED,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INVALID_HANDLE,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_NOT_IMPLEMENTED,
    ERR_SOCKET_NOT_CONNECTED,
    OK,
)
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.sockets import tcp_socket
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.stream_socket import VectoredWriter
from netstack_sync.sockets.tcp_socket import TcpSocket
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.peers import Peer, closed_endpoint, endpoint_of, listener
from tests.support.subprocesses import run_python


class Rig:
    """A TcpSocket on a driven loop."""

    def __init__(self, driver: NetworkDriver, options: TcpOptions = DEFAULT_TCP_OPTIONS) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        net_log = NetLogWithSource.make(self.net_log, NetLogSourceType.SOCKET)
        self.socket = TcpSocket(driver.thread, net_log, options)

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


@contextmanager
def options_rig(options: TcpOptions) -> Iterator[Rig]:
    """A rig whose socket has options."""
    with driven_network() as driver:
        rig = Rig(driver, options)
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

    sendmsg = send

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


def test_taking_over_a_socket_that_is_not_connected(rig: Rig) -> None:
    """Row 108: AcceptForAdoptedUnconnectedSocket; an OSError, and closing it is ours all the same."""
    sock = socket.socket()
    with pytest.raises(OSError):
        rig.socket.adopt(sock)
    rig.socket.close()
    assert sock.fileno() == -1 and len(rig.driver.thread.sockets) == 0


def test_a_socket_without_a_descriptor(rig: Rig) -> None:
    """Answers, no exceptions; closing it is nothing."""
    assert rig.socket.read(1) == rig.socket.write(b"x") == ERR_SOCKET_NOT_CONNECTED
    assert rig.socket.write_many([b"x"]) == ERR_SOCKET_NOT_CONNECTED
    assert not rig.socket.is_connected() and not rig.socket.is_connected_and_idle()
    assert rig.socket.transport_rtt_s() is None
    rig.socket.close()


def test_a_connection_that_is_lost_tells_who_waits(rig: Rig) -> None:
    """Both of them, in a task of its own, and at once whoever waits only then; until it is closed."""
    with closing(rig.adopt()):
        told: list[str] = []
        rig.socket.notify_readable(lambda: told.append("readable"))
        rig.socket.notify_writable(lambda: told.append("writable"))
        rig.socket.abort(ERR_NETWORK_CHANGED)
        rig.socket.abort(ERR_FAILED)
        assert not told and rig.socket.read(1) == rig.socket.write(b"x") == ERR_NETWORK_CHANGED
        rig.driver.run_until(lambda: told == ["readable", "writable"])
        rig.socket.notify_readable(lambda: told.append("again"))
        rig.driver.run_until(lambda: told[2:] == ["again"])
        rig.socket.notify_writable(lambda: told.append("room"))
        rig.driver.run_until(lambda: told[3:] == ["room"])
        assert len(rig.driver.thread.sockets) == 1, "its descriptor stays until it is closed"
        rig.socket.notify_readable(lambda: pytest.fail("closed"))
        rig.socket.close()
        assert len(rig.driver.thread.sockets) == 0


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


@pytest.mark.parametrize("has_sendmsg", [True, False])
def test_several_pieces_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch, has_sendmsg: bool) -> None:
    """Their bytes in order; a system that cannot takes the first piece."""
    monkeypatch.setattr(tcp_socket, "_HAS_SENDMSG", has_sendmsg)
    assert isinstance(rig.socket, VectoredWriter)
    with closing(rig.adopt()) as peer:
        pieces: list[bytes | memoryview] = [b"one ", memoryview(b"-two")[1:], b" three"]
        sent = rig.socket.write_many(pieces)
        assert sent == (13 if has_sendmsg else 4)
        rig.driver.run_until(lambda: peer.has_received(b"one two three"[:sent]))
    assert rig.socket.was_ever_used
    logged = rig.net_log.params_of(NetLogEventType.SOCKET_BYTES_SENT, NetLogEventPhase.NONE)
    assert [entry["byte_count"] for entry in logged] == [sent]


def test_nothing_is_logged_while_nobody_captures(rig: Rig) -> None:
    """Nor are pieces joined for a log that nobody keeps."""
    rig.net_log.remove_observer(rig.net_log)
    with closing(rig.adopt()) as peer:
        assert rig.socket.write(b"a") == 1 and rig.socket.write_many([b"b", b"c"]) == 2
        peer.send(b"x")
        rig.driver.run_until(lambda: not rig.socket.is_connected_and_idle())
        assert rig.socket.read(10) == b"x"
    assert rig.net_log.entries == []


def test_the_end_of_the_stream_is_no_use_of_it(rig: Rig) -> None:
    """Row 105: nothing came."""
    with closing(rig.adopt()) as peer:
        peer.shut_down_writing()
        rig.driver.run_until(lambda: not rig.socket.is_connected())
        assert rig.socket.read(10) == b"" and not rig.socket.was_ever_used


def test_waiting_twice(rig: Rig) -> None:
    """The watch for reading is armed once, the task is the last one; room to write is told once."""
    with closing(rig.adopt()) as peer:
        events: list[str] = []
        rig.socket.notify_readable(lambda: pytest.fail("replaced"))
        rig.socket.notify_readable(lambda: events.append("read"))
        rig.socket.notify_writable(lambda: events.append("write"))
        peer.send(b"x")
        rig.driver.run_until(lambda: len(events) == 2)
        assert sorted(events) == ["read", "write"]


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
    assert rig.socket.read(1) == rig.socket.write(b"x") == rig.socket.write_many([b"x"]) == result
    assert not rig.socket.is_connected()
    for event, count in ((NetLogEventType.SOCKET_READ_ERROR, 1), (NetLogEventType.SOCKET_WRITE_ERROR, 2)):
        params = rig.net_log.params_of(event, NetLogEventPhase.NONE)
        assert params == [{"net_error": result, "os_error": os_error}] * count


def test_not_now_is_no_error(rig: Rig) -> None:
    """EAGAIN in either direction: the connection is quiet, or full."""
    busy = BrokenSocket()
    busy.error = errno.EAGAIN
    rig.socket._socket = busy
    rig.driver.thread.sockets.add(busy)
    assert rig.socket.read(1) == rig.socket.write(b"x") == rig.socket.write_many([b"x"]) == ERR_IO_PENDING
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
    """At once where the refusal is here already; the system's number is kept for the log, the descriptor is not."""
    result = rig.socket.connect(closed_endpoint(), lambda _: pytest.fail("answered already"))
    assert result == ERR_CONNECTION_REFUSED and rig.socket.os_error == errno.ECONNREFUSED
    assert not rig.socket.is_open and len(rig.driver.thread.pump) == 0


def test_a_connect_that_is_refused_later(rig: Rig) -> None:
    """As by a machine elsewhere."""

    class Slow(socket.socket):
        """What came at once is told late."""

        is_first = True

        def getsockopt(self, level: int, option: int, *_: int) -> int:  # type: ignore[override]
            """Nothing is known when first asked."""
            if option == socket.SO_ERROR and self.is_first:
                self.is_first = False
                return 0
            return super().getsockopt(level, option)

    done = RecordedCompletion()
    endpoint = closed_endpoint()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", Slow)
        assert rig.socket.connect(endpoint, done) == ERR_IO_PENDING
    rig.driver.run_until(lambda: done.is_called)
    assert done.result == ERR_CONNECTION_REFUSED and rig.socket.os_error == errno.ECONNREFUSED
    assert not rig.socket.is_open


def test_a_socket_that_would_be_connected_to_itself(rig: Rig) -> None:
    """Nobody listens there: refused. The system may give us the very port that we connect to."""
    endpoint = closed_endpoint()

    class OwnPort(socket.socket):
        """The system's choice of port, played."""

        def connect_ex(self, address: object) -> int:
            """From the same port."""
            self.bind(endpoint.sockaddr)
            return super().connect_ex(endpoint.sockaddr)

    done = RecordedCompletion()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", OwnPort)
        result = rig.socket.connect(endpoint, done)
    rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
    assert ERR_CONNECTION_REFUSED in (result, *done.results)
    assert not rig.socket.is_open and rig.socket.os_error == errno.ECONNREFUSED


def test_a_connection_from_the_port_it_goes_to(rig: Rig) -> None:
    """The same port at another address is somebody else."""
    with listener() as server:
        endpoint = endpoint_of(server)

        class SamePort(socket.socket):
            """The system's choice of port, played."""

            def connect_ex(self, address: object) -> int:
                """From the same port of another loopback address."""
                self.bind(("127.0.0.2", endpoint.port))
                return super().connect_ex(endpoint.sockaddr)

        done = RecordedCompletion()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "socket", SamePort)
            result = rig.socket.connect(endpoint, done)
        rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
        assert OK in (result, *done.results)


def test_a_connection_that_is_reset_at_once(rig: Rig) -> None:
    """It was connected: who reads learns what became of it."""

    class Reset(socket.socket):
        """Its names are gone."""

        def getsockname(self) -> object:
            """As some systems answer for a socket that was reset."""
            raise OSError(errno.EINVAL, "reset")

    with listener() as server, pytest.MonkeyPatch.context() as patch:
        endpoint = endpoint_of(server)
        patch.setattr(socket, "socket", Reset)
        done = RecordedCompletion()
        result = rig.socket.connect(endpoint, done)
        rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
    assert OK in (result, *done.results)


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
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # whatever numbers are free below those in use
    try:
        result = rig.socket.connect(IPEndPoint("127.0.0.1", 1, socket.AF_INET), lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert result == ERR_INSUFFICIENT_RESOURCES


@pytest.mark.parametrize("address, is_reached", [("127.0.0.1", True), ("192.0.2.1", False), ("::1", False)])
def test_connecting_from_an_address(address: str, is_reached: bool) -> None:
    """Row 104: BindLoopbackToLoopback; an address that is not ours, or of the other family, is invalid."""
    with options_rig(TcpOptions(local_address=address)) as rig, listener() as server:
        done = RecordedCompletion()
        result = rig.socket.connect(endpoint_of(server), done)
        rig.driver.run_until(lambda: result != ERR_IO_PENDING or done.is_called)
        assert (OK if is_reached else ERR_ADDRESS_INVALID) in (result, *done.results)
        local = rig.socket.local_address
        assert (local.address if local is not None else None) == (address if is_reached else None)


def test_options_reach_the_socket() -> None:
    """Of a connection that we make as of one that we take over, before it is connected."""
    option = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
    with options_rig(TcpOptions(socket_options=((*option, 1),))) as rig:
        with listener() as server:
            rig.socket.connect(endpoint_of(server), lambda _: None)
            assert rig.socket._socket is not None and rig.socket._socket.getsockopt(*option)
            rig.socket.close()
        with closing(rig.adopt()):
            assert rig.socket._socket is not None and rig.socket._socket.getsockopt(*option)


def test_an_option_that_the_system_refuses() -> None:
    """The connect fails with the system's reason; no exception, no descriptor."""
    with options_rig(TcpOptions(socket_options=((socket.SOL_SOCKET, 9999, 1),))) as rig, listener() as server:
        assert rig.socket.connect(endpoint_of(server), lambda _: None) == ERR_NOT_IMPLEMENTED
        assert not rig.socket.is_open and rig.socket.os_error == errno.ENOPROTOOPT


def test_a_pump_that_refuses(rig: Rig) -> None:
    """A loop that is closed watches nothing: the connect fails, and nobody waits for ever."""
    with listener() as server:
        rig.driver.thread.pump.close()
        assert rig.socket.connect(endpoint_of(server), lambda _: None) == ERR_INVALID_HANDLE
        assert not rig.socket.is_open
