"""What the exchanges of one context share."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, OK
from netstack_sync.http.basic_stream import HttpBasicStream
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import Pause, Read, ScriptedSocket, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info

HEAD = b"GET / HTTP/1.1\r\n\r\n"
LENGTH_5 = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def answered(stack: ScriptedStack, *pieces: bytes) -> tuple[HttpBasicStream, ScriptedSocket]:
    """A stream whose head has arrived, and more to come after a pause."""
    socket = stack.connection(Write(HEAD), Read(pieces[0]), Pause(), *[Read(piece) for piece in pieces[1:]])
    stream = HttpBasicStream(stack.handle(socket), "GET", False)
    stream.send_request(HEAD, None, lambda _: None)
    stack.run()
    done = RecordedCompletion()
    assert stream.read_headers(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK
    return stream, socket


def test_a_complete_stream_goes_back_at_once(stack: ScriptedStack) -> None:
    """Row 172, RecycleSocketAfterZeroContentLength: there is nothing to drain."""
    stream, socket = answered(stack, b"HTTP/1.1 204 No Content\r\n\r\n")
    stack.session.drain_or_close(stream)
    assert socket.is_open and not socket.read_sizes[2:] and len(stack.thread.timers) == 1, "only the pool's sweep"


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"]
)
def test_a_stream_without_a_future_is_closed_at_once(stack: ScriptedStack, head: bytes) -> None:
    """Draining would not save the connection."""
    stream, socket = answered(stack, head)
    stack.session.drain_or_close(stream)
    assert not socket.is_open


def test_a_small_rest_is_drained(stack: ScriptedStack) -> None:
    """Row 167, KeepAliveAfterUnreadBody: the connection is reused afterwards."""
    stream, socket = answered(stack, LENGTH_5, b"hello")
    stack.session.drain_or_close(stream)
    assert socket.is_open
    socket.resume()
    stack.run()
    assert socket.is_open and socket.is_done and stream.is_body_complete
    stack.handle(socket).reset()


def test_shutting_down_stops_the_drainers(stack: ScriptedStack) -> None:
    """Row 159, CancelledBySession; what waits for a socket fails with the given error."""
    stream, socket = answered(stack, LENGTH_5, b"hello")
    stack.session.drain_or_close(stream)
    stack.failed_connection(NEVER)
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
    assert not done.is_called, "never from inside the call"
    stack.run()
    assert not socket.is_open and done.result == ERR_CONTEXT_SHUT_DOWN
    transaction.close()
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
