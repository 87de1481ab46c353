"""Reading the rest of a body that nobody wants."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_IO_PENDING, OK
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.body_drainer import DRAIN_BYTES, DRAIN_LIMIT_S, HttpResponseBodyDrainer
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import EOF, Pause, Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack

HEAD = b"GET / HTTP/1.1\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Drain:
    """A drainer over the body that these steps bring."""

    def __init__(
        self,
        stack: ScriptedStack,
        head: bytes,
        *steps: Step,
        limit_bytes: int = DRAIN_BYTES,
        keeps_stream: bool = False,
    ) -> None:
        self.socket: ScriptedSocket = stack.connection(Write(HEAD), Read(head), *steps)
        stream = HttpBasicStream(stack.handle(self.socket), "GET", False)
        stream.send_request(HEAD, None, lambda _: None)
        stack.run()
        done = RecordedCompletion()
        assert stream.read_headers(done) == ERR_IO_PENDING
        stack.run()
        assert done.result == OK
        self.finished: list[HttpResponseBodyDrainer] = []
        self.stream = stream
        self.drainer = HttpResponseBodyDrainer(
            stream, stack.thread.timers, self.finished.append, limit_bytes, keeps_stream
        )
        self.drainer.start()
        stack.run()

    @property
    def is_done(self) -> bool:
        """Whether it has reported its end, which must not come twice."""
        assert self.finished in ([], [self.drainer])
        return bool(self.finished)


def length(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size


@pytest.mark.parametrize(
    "head, pieces",
    [
        (length(5) + b"hello", []),
        (length(5), [b"hello"]),
        (length(5) + b"h", [b"e", b"llo"]),
        (CHUNKED, [b"5\r\nhello\r\n0\r\n\r\n"]),
        (CHUNKED, [b"5\r\nhello\r\n", b"0\r\n", b"\r\n"]),
        (CHUNKED, [b"0\r\n\r\n"]),
        (length(DRAIN_BYTES), [b"x" * DRAIN_BYTES]),
        (length(DRAIN_BYTES), [b"x" * 1024] * 16),
    ],
)
def test_a_small_rest_saves_the_connection(stack: ScriptedStack, head: bytes, pieces: list[bytes]) -> None:
    """Row 159, DrainBodySyncOK, AsyncOK, EmptyChunk, SizeEqualsDrainBuffer."""
    drain = Drain(stack, head, *[Read(piece) for piece in pieces])
    assert drain.is_done and drain.socket.is_open and drain.socket.is_done
    assert stack.pool.slots == 1


@pytest.mark.parametrize(
    "head, steps",
    [
        (length(DRAIN_BYTES + 1), [Read(b"x" * (DRAIN_BYTES + 1))]),
        (length(10**9), [Read(b"x" * 1024)] * 17),
        (length(10**9) + b"x" * DRAIN_BYTES, [Read(b"x")]),
    ],
)
def test_a_large_rest_is_not_worth_it(stack: ScriptedStack, head: bytes, steps: list[Step]) -> None:
    """Row 159, DrainBodyTooLarge."""
    drain = Drain(stack, head, *steps)
    assert drain.is_done and not drain.socket.is_open


@pytest.mark.parametrize(
    "head, steps",
    [
        (length(5), [Read(b"he"), EOF]),
        (length(5), [EOF]),
        (length(5), [Read(ERR_CONNECTION_RESET)]),
        (CHUNKED, [Read(b"what?\r\n")]),
        (CHUNKED + b"what?\r\n", []),
        (length(5), [Read(b"helloX")]),
    ],
)
def test_a_connection_that_cannot_be_reused_is_closed(stack: ScriptedStack, head: bytes, steps: list[Step]) -> None:
    """Row 159, DrainBodyCantReuse: errors, early ends, and bytes after the end."""
    drain = Drain(stack, head, *steps)
    assert drain.is_done and not drain.socket.is_open


@pytest.mark.parametrize("waits_first", [False, True])
def test_a_slow_rest_is_not_waited_for(stack: ScriptedStack, waits_first: bool) -> None:
    """Row 159, DrainBodyTimeOut: five seconds in all, however the bytes trickle."""
    steps: list[Step] = [Read(b"he")] if waits_first else []
    drain = Drain(stack, length(5), *steps, Pause(), Read(b"llo"))
    stack.advance(DRAIN_LIMIT_S - 0.1)
    assert not drain.is_done and drain.socket.is_open
    stack.advance(0.1)
    assert drain.is_done and not drain.socket.is_open
    drain.socket.resume()
    stack.run()
    assert drain.is_done


def test_cancelled_before_it_started(stack: ScriptedStack) -> None:
    """The stream is closed all the same."""
    socket = stack.connection()
    finished: list[HttpResponseBodyDrainer] = []
    stream = HttpBasicStream(stack.handle(socket), "GET", False)
    drainer = HttpResponseBodyDrainer(stream, stack.thread.timers, finished.append)
    drainer.cancel()
    assert finished == [drainer] and not socket.is_open


def test_cancelled_by_its_owner(stack: ScriptedStack) -> None:
    """Row 159, CancelledBySession."""
    drain = Drain(stack, length(5), Pause(), Read(b"hello"))
    drain.drainer.cancel()
    assert drain.is_done and not drain.socket.is_open
    drain.socket.resume()
    stack.run()
    assert drain.is_done


def test_the_stream_may_be_kept(stack: ScriptedStack) -> None:
    """It is open when all of it was read, and only then; whoever needs the connection may allow for more."""
    size = 2 * DRAIN_BYTES
    pieces = [Read(b"x" * DRAIN_BYTES)] * 2
    drain = Drain(stack, length(size), *pieces, limit_bytes=size, keeps_stream=True)
    assert drain.is_done and drain.stream.is_body_complete
    assert drain.socket.is_open and [group.active for group in stack.pool.groups()] == [1]
    drain.stream.close()
    stack.pool.close_idle_sockets("")
    drain = Drain(stack, length(size + 1), *pieces, Read(b"x"), limit_bytes=size - 1, keeps_stream=True)
    assert drain.is_done and not drain.socket.is_open
