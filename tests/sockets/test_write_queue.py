"""WriteQueue: order, one writer, water marks, errors; over a socket in memory, and over a real one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_RESET,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_IO_PENDING,
    ERR_SOCKET_NOT_CONNECTED,
    OK,
)
from netstack_sync.sockets.stream_socket import VectoredWriter
from netstack_sync.sockets.tcp_client import TcpClientSocket
from netstack_sync.sockets.write_queue import QueuedWrite, WriteQueue
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.network import driven_network
from tests.support.peers import Peer, endpoint_of, listener
from tests.support.pool import FakeSocket


class PlainSocket(FakeSocket):
    """Takes one piece at a time, as TLS does; notes the sizes it was given."""

    def __init__(self, room: int = 0) -> None:
        super().__init__()
        self.room = room
        self.sizes: list[int] = []

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket."""
        self.sizes.append(len(data))
        return super().write(data)


class VectoredSocket(PlainSocket):
    """Takes several; notes how many it was given."""

    def __init__(self, room: int = 0) -> None:
        super().__init__(room)
        self.counts: list[int] = []

    def write_many(self, buffers: Sequence[bytes | memoryview]) -> int:
        """See VectoredWriter."""
        self.counts.append(len(buffers))
        return super().write(b"".join(buffers))


class Rig:
    """A queue, and what its writers heard."""

    def __init__(self, sock: PlainSocket, high: int = 100, low: int = 10, limit: int = 1000) -> None:
        self.socket = sock
        self.told: list[tuple[str, int]] = []
        self.drained = 0
        self.queue = WriteQueue(sock, self.on_drained, high, low, limit)

    def on_drained(self) -> None:
        """The queue's callback."""
        self.drained += 1

    def enqueue(self, data: str | bytes, then: Callable[[], object] | None = None) -> tuple[QueuedWrite, int]:
        """A piece, named by its data; `then` is what its callback does besides remembering."""
        name, piece = (data, data.encode()) if isinstance(data, str) else (f"{len(data)} bytes", data)

        def on_done(result: int) -> None:
            self.told.append((name, result))
            if then is not None:
                then()

        write = QueuedWrite(piece, on_done)
        return write, self.queue.enqueue(write)

    def fail(self, error: int) -> None:
        """The connection breaks; who waits for room is told."""
        self.socket.write_error = error
        self.socket.peer_takes(1)


@pytest.fixture(params=[PlainSocket, VectoredSocket])
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(request.param())


def test_what_the_socket_takes_is_written_at_once(rig: Rig) -> None:
    """No callback, no wait."""
    rig.socket.room = 10
    assert rig.enqueue("hello")[1] == OK
    assert rig.socket.sent == b"hello" and rig.told == [] and rig.socket.on_writable is None


def test_nothing_to_write_is_a_mistake() -> None:
    """brpc says EINVAL."""
    with pytest.raises(AssertionError, match="nothing to write"):
        QueuedWrite(b"", lambda _: None)


def test_the_rest_goes_when_there_is_room(rig: Rig) -> None:
    """In order, and each writer is told when its own piece is through."""
    rig.socket.room = 2
    assert [rig.enqueue(piece)[1] for piece in ("one", "two", "three")] == [ERR_IO_PENDING] * 3
    assert rig.queue.queued_bytes == 9
    rig.socket.peer_takes(2)
    assert rig.told == [("one", OK)] and rig.socket.sent == b"onet"
    rig.socket.peer_takes(3)
    assert rig.told == [("one", OK), ("two", OK)] and rig.socket.sent == b"onetwot"
    rig.socket.peer_takes(100)
    assert rig.told[2:] == [("three", OK)] and rig.socket.sent == b"onetwothree"
    assert rig.queue.queued_bytes == 0 and rig.socket.on_writable is None


def test_nobody_overtakes(rig: Rig) -> None:
    """Although there would be room by now: the queue is not empty before it has been told so."""
    rig.enqueue("one")
    rig.socket.room = 100
    assert rig.enqueue("two")[1] == ERR_IO_PENDING
    assert rig.socket.sent == b""
    rig.socket.peer_takes(0)
    assert rig.socket.sent == b"onetwo" and rig.told == [("one", OK), ("two", OK)]


def test_what_a_callback_queues_is_not_lost(rig: Rig) -> None:
    """The wake-up that found the queue empty is over by then; it is waited for again. Nor does it overtake the
    news of what was written before it.
    """
    results: list[int] = []
    rig.enqueue("one", lambda: results.append(rig.enqueue("three")[1]))
    rig.enqueue("two")
    rig.socket.peer_takes(100)
    assert results == [ERR_IO_PENDING] and rig.told == [("one", OK), ("two", OK)]
    rig.socket.peer_takes(0)
    assert rig.told[2:] == [("three", OK)] and rig.socket.sent == b"onetwothree"


def test_what_a_callback_queues_behind_others(rig: Rig) -> None:
    """There is one wait at a time."""
    rig.enqueue("one", lambda: rig.enqueue("three"))
    rig.enqueue("two")
    rig.socket.peer_takes(4)
    assert rig.told == [("one", OK)]
    rig.socket.peer_takes(100)
    assert rig.socket.sent == b"onetwothree" and len(rig.told) == 3


def test_several_pieces_leave_in_one_call() -> None:
    """At most 256, and what the system is given at once is bounded."""
    sock = VectoredSocket()
    rig = Rig(sock, 1 << 24, 0, 1 << 24)
    for _ in range(600):
        rig.enqueue("x")
    sock.peer_takes(1 << 24)
    assert sock.counts == [256, 256, 88] and len(rig.told) == 600
    sock.counts.clear()
    sock.room = 0
    for _ in range(5):
        rig.enqueue(bytes(300_000))
    sock.peer_takes(1 << 24)
    assert sock.counts == [3, 2] and len(sock.sent) == 1_500_600


def test_a_turn_is_bounded() -> None:
    """After a megabyte the loop looks after others; the rest goes with the next wake-up."""
    rig = Rig(PlainSocket(), 1 << 24, 0, 1 << 24)
    for _ in range(12):
        rig.enqueue(bytes(100_000))
    rig.socket.peer_takes(1 << 24)
    assert len(rig.socket.sent) == 1_100_000 and rig.queue.queued_bytes == 100_000
    rig.socket.peer_takes(0)
    assert len(rig.socket.sent) == 1_200_000


def test_a_socket_that_takes_one_piece_gets_small_ones_joined() -> None:
    """Up to a TLS record; a large one goes as it is."""
    rig = Rig(PlainSocket(), 1 << 24, 0, 1 << 24)
    rig.enqueue("first")
    for size in (6000, 6000, 6000, 20_000, 10):
        rig.enqueue(bytes(size))
    rig.socket.sizes.clear()
    rig.socket.peer_takes(1 << 24)
    assert rig.socket.sizes == [5 + 12_000, 6000, 20_000, 10]


def test_the_water_marks(rig: Rig) -> None:
    """Full from the high mark on, until the low mark; told once, after the writers."""
    rig.enqueue("a" * 99)
    assert not rig.queue.is_full
    rig.enqueue("b")
    assert rig.queue.is_full
    rig.socket.peer_takes(89)
    assert rig.queue.is_full and rig.drained == 0, "11 are left"
    rig.socket.peer_takes(1)
    assert not rig.queue.is_full and rig.drained == 1
    rig.socket.peer_takes(100)
    assert rig.drained == 1


def test_going_over_the_limit(rig: Rig) -> None:
    """Refuses this piece and no other; with room again it is taken."""
    rig.enqueue("a" * 1000)
    assert rig.enqueue("b")[1] == ERR_INSUFFICIENT_RESOURCES
    rig.socket.peer_takes(999)
    assert rig.enqueue("c")[1] == ERR_IO_PENDING
    rig.socket.peer_takes(100)
    assert [result for _, result in rig.told] == [OK, OK] and rig.socket.sent.endswith(b"ac")


def test_an_error_ends_everything(rig: Rig) -> None:
    """All with the same error, in order; later ones at once. Nobody is told of room."""
    rig.socket.room = 1
    for piece in ("one" * 40, "two", "three"):
        rig.enqueue(piece)
    rig.fail(ERR_CONNECTION_RESET)
    assert rig.told == [(piece, ERR_CONNECTION_RESET) for piece in ("one" * 40, "two", "three")]
    assert rig.enqueue("four")[1] == ERR_CONNECTION_RESET
    assert rig.queue.queued_bytes == 0 and not rig.queue.is_full and rig.drained == 0
    assert rig.socket.on_writable is None


def test_an_error_after_a_success(rig: Rig) -> None:
    """In one turn: who was written before the error is told so, and first."""
    real_write = rig.socket.write

    def write_once(data: bytes | memoryview) -> int:
        result = real_write(data[:3])
        rig.socket.write_error = ERR_CONNECTION_RESET
        return result

    rig.enqueue("one")
    rig.enqueue("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig.socket, "write", write_once)
        if isinstance(rig.socket, VectoredSocket):
            patch.setattr(rig.socket, "write_many", lambda buffers: write_once(b"".join(buffers)))
        rig.socket.peer_takes(100)
    assert rig.told == [("one", OK), ("two", ERR_CONNECTION_RESET)]


def test_an_error_of_the_first_attempt(rig: Rig) -> None:
    """It is the answer, and that of everybody after."""
    rig.socket.write_error = ERR_CONNECTION_RESET
    assert [rig.enqueue(piece)[1] for piece in ("one", "two")] == [ERR_CONNECTION_RESET] * 2
    assert rig.told == [] and rig.socket.sizes == [3]


def test_what_a_callback_queues_after_an_error(rig: Rig) -> None:
    """Fails at once; nothing is waited for."""
    results: list[int] = []
    rig.enqueue("one", lambda: results.append(rig.enqueue("two")[1]))
    rig.fail(ERR_CONNECTION_RESET)
    assert results == [ERR_CONNECTION_RESET] and rig.told == [("one", ERR_CONNECTION_RESET)]


def test_cancelling_what_has_not_begun(rig: Rig) -> None:
    """None of it is sent, its writer hears nothing, and a writer may have its place."""
    rig.enqueue("one")
    cancelled, _ = rig.enqueue("two")
    rig.enqueue("three")
    assert rig.queue.cancel(cancelled) and not rig.queue.cancel(cancelled)
    assert rig.queue.queued_bytes == 8
    rig.socket.peer_takes(100)
    assert rig.socket.sent == b"onethree" and rig.told == [("one", OK), ("three", OK)]


@pytest.mark.parametrize("is_inline", [True, False])
def test_cancelling_what_has_begun(rig: Rig, is_inline: bool) -> None:
    """The peer gets the rest, or it would take what follows for it; its writer hears nothing."""
    if not is_inline:
        rig.enqueue("zero")
    rig.socket.room = 1 if is_inline else 0
    begun, _ = rig.enqueue("one")
    rig.enqueue("two")
    if not is_inline:
        rig.socket.peer_takes(5)
    assert not rig.queue.cancel(begun)
    rig.socket.peer_takes(100)
    assert rig.socket.sent.endswith(b"onetwo") and rig.told[-1] == ("two", OK) and ("one", OK) not in rig.told


def test_cancelling_everything(rig: Rig) -> None:
    """Who waits for room is told of it, when the socket has some."""
    write, _ = rig.enqueue("a" * 100)
    assert rig.queue.is_full and rig.queue.cancel(write)
    assert rig.queue.queued_bytes == 0
    rig.socket.peer_takes(1)
    assert not rig.queue.is_full and rig.drained == 1 and rig.told == []


def test_a_callback_may_cancel_its_neighbour(rig: Rig) -> None:
    """Whose piece is through as well: it hears nothing any more."""
    writes: list[QueuedWrite] = []
    rig.enqueue("one", lambda: rig.queue.cancel(writes[0]))
    writes.append(rig.enqueue("two")[0])
    rig.socket.peer_takes(100)
    assert rig.told == [("one", OK)] and rig.socket.sent == b"onetwo"


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_callback_that_raises_harms_nobody_else(
    rig: Rig, capsys: pytest.CaptureFixture[str], error: type[BaseException]
) -> None:
    """It is printed, for it is a bug; the others hear of theirs, `on_drained` comes, and the rest is written."""

    def fail() -> None:
        raise error("my bug")

    rig.enqueue("bad", fail)
    rig.enqueue("good")
    rig.enqueue(bytes(100))
    assert rig.queue.is_full
    rig.socket.peer_takes(100)
    assert rig.told == [("bad", OK), ("good", OK)] and rig.drained == 1 and not rig.queue.is_full
    assert "my bug" in capsys.readouterr().err
    rig.socket.peer_takes(100)
    assert rig.told[2:] == [("100 bytes", OK)]
    assert rig.enqueue("more")[1] == OK


def test_closing(rig: Rig) -> None:
    """No callback comes, not of a wake-up that is under way either; nothing is taken any more."""
    rig.enqueue("a" * 100)
    rig.queue.close()
    rig.queue.close()
    rig.socket.peer_takes(1000)
    assert rig.enqueue("late")[1] == ERR_SOCKET_NOT_CONNECTED
    assert rig.told == [] and rig.drained == 0 and rig.socket.sent == b""


def test_a_callback_may_close(rig: Rig) -> None:
    """Those whose pieces are through as well are not told any more."""
    rig.enqueue("one" * 40, rig.queue.close)
    rig.enqueue("two")
    rig.socket.peer_takes(1000)
    assert rig.told == [("one" * 40, OK)] and rig.drained == 0


@pytest.mark.parametrize("marks", [(10, 10, 100), (10, -1, 100), (10, 5, 9)])
def test_marks_that_make_no_sense(marks: tuple[int, int, int]) -> None:
    """Named, with their values."""
    with pytest.raises(ValueError, match="low_bytes"):
        Rig(PlainSocket(), *marks)


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=20),
    rooms=st.lists(st.integers(1, 60), max_size=40),
    is_vectored=st.booleans(),
)
def test_any_split_of_the_writes_is_the_same_stream(pieces: list[bytes], rooms: list[int], is_vectored: bool) -> None:
    """Whatever the socket takes, and whenever: every byte once, in order, and each writer is told once, in order."""
    sock = VectoredSocket() if is_vectored else PlainSocket()
    rig = Rig(sock, 200, 50, 10_000)
    told: list[int] = []
    expected: list[int] = []
    rooms = [*rooms]
    for index, piece in enumerate(pieces):
        if rig.queue.enqueue(QueuedWrite(piece, lambda _, index=index: told.append(index))) == ERR_IO_PENDING:  # type: ignore[misc]
            expected.append(index)
        if index % 2 and rooms:
            sock.peer_takes(rooms.pop())
    for room in [*rooms, 1000]:
        sock.peer_takes(room)
    assert sock.sent == b"".join(pieces) and told == expected
    assert rig.queue.queued_bytes == 0 and not rig.queue.is_full and sock.on_writable is None


def test_over_a_real_connection() -> None:
    """Several megabytes from two writers through a slow reader; what one gave is never inside what the other gave."""
    with driven_network() as driver, listener() as server:
        tcp = TcpClientSocket(driver.thread, (endpoint_of(server),), RecordingNetLog())
        connected = RecordedCompletion()
        result = tcp.connect(connected)
        driver.run_until(lambda: result == OK or connected.is_called)
        peer = Peer(server.accept()[0])
        assert isinstance(tcp, VectoredWriter)
        queue = WriteQueue(tcp, lambda: None, limit_bytes=1 << 24)
        frames = [bytes([65 + number % 2]) * 10_000 for number in range(800)]
        done: list[int] = []
        pending = sum(queue.enqueue(QueuedWrite(frame, done.append)) == ERR_IO_PENDING for frame in frames)
        assert pending, "the connection took eight megabytes at once"

        def is_through() -> bool:
            peer.pump()
            return len(peer.received) == 8_000_000

        driver.run_until(is_through)
        assert peer.received == b"".join(frames) and done == [OK] * pending
        tcp.disconnect()
        peer.close()
