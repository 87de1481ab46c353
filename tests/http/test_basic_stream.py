"""An HttpStream over HTTP/1.1: what becomes of its connection."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.stream_request import group_id_for
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import server_of
from tests.support.scripted_socket import PEER, Read, ScriptedSocket, Write
from tests.support.scripted_stack import ScriptedStack, request_info

HEAD = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def stream_over(stack: ScriptedStack, *pieces: bytes) -> tuple[HttpBasicStream, ScriptedSocket]:
    """A stream whose request has been sent and whose answer consists of these pieces."""
    socket = stack.connection(Write(HEAD), *[Read(piece) for piece in pieces])
    stream = HttpBasicStream(stack.handle(socket), "GET", False)
    done = RecordedCompletion()
    if stream.send_request(HEAD, None, done) == ERR_IO_PENDING:
        stack.run()
        assert done.result == OK
    assert stream.sent_bytes == len(HEAD)
    return stream, socket


def read_headers(stack: ScriptedStack, stream: HttpBasicStream) -> None:
    done = RecordedCompletion()
    assert stream.read_headers(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK


def read_piece(stack: ScriptedStack, stream: HttpBasicStream) -> bytes | int:
    answers: list[bytes | int] = []
    data = stream.read_body(answers.append)
    stack.run()
    return answers[0] if data == ERR_IO_PENDING else data


def test_it_tells_about_its_connection(stack: ScriptedStack) -> None:
    """Before anything was sent."""
    socket = stack.connection()
    handle = stack.handle(socket)
    stream = HttpBasicStream(handle, "GET", False)
    assert stream.remote_address == PEER and stream.ssl_info is None and not stream.is_connection_reused
    assert stream.socket_log_id == socket.net_log.source.id
    assert stream.connect_timing is handle.connect_timing is not None
    stream.close()


def test_a_finished_stream_gives_its_connection_back(stack: ScriptedStack) -> None:
    """Row 172, RecycleSocket: it idles, and the next stream on it knows that it is reused."""
    stream, socket = stream_over(stack, ANSWER)
    read_headers(stack, stream)
    assert stream.head is not None and stream.head.status == 200 and stream.can_find_end
    assert read_piece(stack, stream) == b"hello" and stream.is_body_complete
    assert stream.received_bytes == len(ANSWER) and stream.error_detail == ""
    stream.close()
    stream.close()
    assert socket.is_open
    second = HttpBasicStream(stack.handle(socket), "GET", False)
    assert second.is_connection_reused
    second.close(not_reusable=True)
    assert not socket.is_open


@pytest.mark.parametrize("progress", ["sent", "head", "half"])
def test_an_unfinished_stream_closes_its_connection(stack: ScriptedStack, progress: str) -> None:
    """Row 172, CloseConnectionOnDestruction: what is still to come would answer the wrong request."""
    stream, socket = stream_over(stack, ANSWER[:-5], b"he", b"llo")
    if progress != "sent":
        read_headers(stack, stream)
    if progress == "half":
        assert read_piece(stack, stream) == b"he"
    stream.close()
    assert not socket.is_open


def test_a_connection_may_be_declared_unfit(stack: ScriptedStack) -> None:
    """Whoever knows better closes it."""
    stream, socket = stream_over(stack, ANSWER)
    read_headers(stack, stream)
    read_piece(stack, stream)
    stream.close(not_reusable=True)
    assert not socket.is_open


@pytest.mark.parametrize("waits_for", ["head", "body"])
def test_closing_drops_what_is_pending(stack: ScriptedStack, waits_for: str) -> None:
    """No callback comes after close()."""
    stream, _ = stream_over(stack, ANSWER[:-5], b"hello")
    calls: list[object] = []
    if waits_for == "head":
        stream.read_headers(calls.append)
    else:
        read_headers(stack, stream)
        stream.read_body(calls.append)
    assert stream.is_reading == (waits_for == "body")
    stream.close()
    stack.run()
    assert calls == []


@pytest.mark.parametrize("header, idle_s", [("", 300.0), ("Keep-Alive: timeout=5\r\n", 4.0)])
def test_the_server_says_how_long_it_keeps_a_connection(stack: ScriptedStack, header: str, idle_s: float) -> None:
    """Row 67, CleanupTimedOutIdleSocketsReuse: it is not used once the server may be about to close it."""
    for delay_s, is_used in ((idle_s - 0.1, True), (idle_s + 0.1, False)):
        stream, socket = stream_over(stack, ANSWER.replace(b"Content", header.encode() + b"Content"))
        read_headers(stack, stream)
        assert read_piece(stack, stream) == b"hello"
        stream.close()
        stack.clock.advance(delay_s)  # without the pool's sweep
        other = None if is_used else stack.connection()
        handle = stack.handle(socket if other is None else other)
        assert handle.is_reused == is_used and socket.is_open == is_used
        handle.reset_and_close()


def test_the_round_trip_time_is_the_connections(stack: ScriptedStack) -> None:
    """While there is one."""
    stream, socket = stream_over(stack, ANSWER)
    assert stream.transport_rtt_s() is None
    socket.rtt_s = 0.03
    assert stream.transport_rtt_s() == 0.03
    stream.close()
    assert stream.transport_rtt_s() is None


def test_the_connection_may_be_taken_for_the_next_request(stack: ScriptedStack) -> None:
    """Then the pool never sees it in between; the server may have closed it, as if it had idled."""
    stream, socket = stream_over(stack, ANSWER)
    read_headers(stack, stream)
    assert read_piece(stack, stream) == b"hello"
    handle = stream.take_connection()
    assert handle is not None and handle.is_reused and handle.connect_timing is None
    assert socket.is_open and [len(group.idle) for group in stack.pool.groups()] == [0]
    handle.reset()
    assert [len(group.idle) for group in stack.pool.groups()] == [1]


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_connection_that_is_not_fit_is_not_taken(stack: ScriptedStack, is_closed: bool) -> None:
    """It is closed, if it is not yet."""
    stream, socket = stream_over(stack, ANSWER[:-1])
    read_headers(stack, stream)
    if is_closed:
        stream.close()
    assert stream.take_connection() is None and not socket.is_open


@pytest.mark.parametrize("is_secure", [False, True])
def test_through_a_proxy(stack: ScriptedStack, is_secure: bool) -> None:
    """Rule R18: it tells the way. The TLS to a proxy that gets the request in clear says nothing of the server, of whom
    a policy for https could be taken from it.
    """
    socket = stack.connection()
    socket.ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    route = ProxyRoute((ProxyHop(server_of("https://p:443")),))
    group_id = group_id_for(request_info("https://a.test/" if is_secure else "http://a.test/"), route)
    handle = ClientSocketHandle(stack.pools.pool_for(group_id), group_id, RequestPriority.MEDIUM, stack.log())
    handle.init(lambda _: None)
    stack.run()
    stream = HttpBasicStream(handle, "GET", is_secure)
    assert stream.route is route and stream.ssl_info is (socket.ssl_info if is_secure else None)
    stream.close(not_reusable=True)
