"""One connection as clients of all manners see it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from netstack_sync.testing import server_connection
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import raw, stall_before_headers, stall_in_body, trickle
from netstack_sync.testing.script import STALL, Pause
from netstack_sync.testing.server_connection import ServerConnection
from tests.testing.conftest import Dial
from tests.testing.fake_stream import FakeStream

ReadAll = Callable[[socket.socket], bytes]

GET = b"GET /x HTTP/1.1\r\n\r\n"
LAST = b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n"
BIG = 4 * 1024 * 1024


def read_exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        assert piece, data
        data += piece
    return data


def test_requests_that_come_together_are_answered_in_order(
    server: EmbeddedServer, dial: Dial, read_all: ReadAll
) -> None:
    """Pipelining, also behind an answer that takes its time."""
    server.route("/x", Answer(body=b"1", fault=trickle(1, 0.001)), Answer(body=b"2"))
    client = dial()
    client.sendall(GET + GET)
    client.sendall(LAST)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in read_all(client).split(b"HTTP/1.1 200")]
    assert bodies == [b"", b"1", b"2", b"hello\n"]
    assert [(r.connection, r.ordinal) for r in server.requests] == [(1, 1), (1, 2), (1, 3)]


def test_too_much_that_comes_meanwhile_waits_outside(
    server: EmbeddedServer, dial: Dial, read_all: ReadAll, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops reading, and reads on after the answer."""
    monkeypatch.setattr(server_connection, "MAX_PENDING_BYTES", 1)
    server.route("/x", Answer(fault=trickle(1, 0.001, with_head=True)))
    client = dial()
    client.sendall(GET)
    assert server.wait_until(lambda: len(server.requests) == 1)
    client.sendall(GET)
    client.sendall(LAST)
    assert read_all(client).count(b"HTTP/1.1 200") == 3


def test_a_body_is_asked_for(server: EmbeddedServer, dial: Dial, read_all: ReadAll) -> None:
    """Expect: 100-continue (RFC 9110 §10.1.1), unless the body is there already."""
    head = b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    client = dial()
    client.sendall(head)
    assert read_exactly(client, 25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"a")
    client.sendall(b"b" + head + b"cd" + LAST)
    assert read_all(client).count(b"HTTP/1.1 ") == 3
    assert [request.body for request in server.requests] == [b"ab", b"cd", b""]


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
    ],
)
def test_a_bad_request_is_refused(server: EmbeddedServer, dial: Dial, read_all: ReadAll, data: bytes) -> None:
    """With 400 and the reason; what still comes is read over, so that RST does not take the answer away."""
    client = dial()
    client.sendall(data)
    client.sendall(b"more" * 1000)
    assert read_all(client).startswith(b"HTTP/1.1 400 ")
    client.close()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_an_answer_may_come_before_the_body(server: EmbeddedServer, dial: Dial, read_all: ReadAll) -> None:
    """The connection then ends, and the client can read the answer although it went on sending."""
    server.route("/early", Answer(413, reason="No", delay_s=0.001), before_body=True)
    client = dial()
    client.sendall(b"GET /early HTTP/1.1\r\n\r\n")  # without a body there is nothing to be early for
    read_exactly(client, len(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n"))
    client.sendall(b"POST /early HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n" + b"x" * BIG)
    answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in answer
    client.close()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_an_upload_can_be_stalled(server: EmbeddedServer, dial: Dial) -> None:
    """The body is not read: the client runs against a full buffer."""
    server.route("/stall", Answer(fault=stall_before_headers()), before_body=True)
    client = dial()
    client.sendall(b"POST /stall HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n")
    assert server.wait_until(lambda: len(server.requests) == 1)
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            client.send(b"x" * BIG)


def test_a_client_that_leaves_during_a_stall_is_noticed(server: EmbeddedServer, dial: Dial) -> None:
    """So that a test of cancelling can see its effect."""
    server.route("/x", Answer(body=b"abcd", fault=stall_in_body()))
    client = dial()
    client.sendall(GET)
    assert read_exactly(client, 40).endswith(b"\r\n\r\nab")
    assert server.open_connections == 1
    client.close()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_a_client_that_resets_is_noticed(server: EmbeddedServer, dial: Dial) -> None:
    """While the answer is bigger than what fits between the two."""
    server.route("/x", Answer(body=b"x" * BIG * 4))
    client = dial()
    client.sendall(GET)
    assert server.wait_until(lambda: len(server.requests) == 1)
    client.close()  # with unread bytes: RST
    assert server.wait_until(lambda: server.open_connections == 0)


def test_a_slow_reader_gets_everything(server: EmbeddedServer, dial: Dial) -> None:
    """The server waits for room."""
    body = bytes(range(256)) * (BIG // 64)
    server.route("/x", Answer(body=body))
    client = dial()
    client.sendall(GET)
    assert server.wait_until(lambda: len(server.requests) == 1)
    assert read_exactly(client, len(body) + 45)[-len(body) :] == body


def test_raw_steps_are_played_as_they_are(server: EmbeddedServer, dial: Dial) -> None:
    """The connection stays if they do not end it."""
    server.route("/x", Answer(fault=raw(b"HTTP/1.1 200 OK\r\n", Pause(0.001), b"Content-Length: 0\r\n\r\n")))
    client = dial()
    for _ in range(2):
        client.sendall(GET)
        assert read_exactly(client, 38).endswith(b"0\r\n\r\n")


def test_repr_tells_the_state() -> None:
    """Number, and idle, busy or closed; close() and reset() may come twice."""
    with EmbeddedServer() as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            assert server.wait_until(lambda: server.open_connections == 1)
            host = server._running_host
            (connection,) = host._connections
            assert repr(connection) == "<ServerConnection 1 idle>"
            server.route("/x", Answer(fault=raw(STALL)))
            client.sendall(GET)
            assert server.wait_until(lambda: len(server.requests) == 1)
            assert server.wait_until(lambda: repr(connection) == "<ServerConnection 1 busy>")
            server.reset_connections()
            assert repr(connection) == "<ServerConnection 1 closed>"
        connection.close()
        connection.reset()


def test_bytes_that_no_poll_reports_are_read() -> None:
    """What TLS has decrypted already."""
    stream = FakeStream()
    with EmbeddedServer() as server:
        timers = server._thread.timers
        connection = ServerConnection(1, stream, timers, server._running_host)
        connection.start()
        stream.has_unread = True
        stream.reads.extend([GET[:5], GET[5:]])
        assert stream.readable is not None
        stream.readable()
        assert stream.sent.startswith(b"HTTP/1.1 404")
        connection.close()
