"""What goes on the wire for an Answer."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.testing.answer import Answer, Exchange
from netstack_sync.testing.script import CLOSE, RESET, Pause, Script
from netstack_sync.testing.server_request import ReceivedRequest


def script(answer: Answer, method: str = "GET", ordinal: int = 1, keep_alive: bool = True) -> Script:
    return answer.script(ReceivedRequest(method, "/", ResponseHeaders(b""), b"", 1, ordinal, keep_alive))


@pytest.mark.parametrize(
    "answer, wire",
    [
        (Answer(body=b"ab"), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
        (Answer(404, {"A": "b"}), b"HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 0\r\n\r\n"),
        (Answer(299, [("A", "1"), ("A", "2")]), b"HTTP/1.1 299 \r\nA: 1\r\nA: 2\r\nContent-Length: 0\r\n\r\n"),
        (Answer(200, reason="Fine"), b"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n"),
        (Answer(204), b"HTTP/1.1 204 No Content\r\n\r\n"),
        (Answer(304, body=b"ignored"), b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        (
            Answer(chunks=[b"abc", b"d"]),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
        ),
        (Answer(headers={"content-length": "9"}, body=b"ab"), b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
        (
            Answer(informational=[(103, {"Link": "x"}), (102, ())]),
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
    ],
)
def test_a_good_answer_is_framed(answer: Answer, wire: bytes) -> None:
    """Length or chunks, phrase and fields; the connection stays."""
    sent = script(answer)
    assert all(isinstance(step, bytes) for step in sent)
    assert b"".join([step for step in sent if isinstance(step, bytes)]) == wire


def test_head_gets_no_body() -> None:
    """The fields are those of GET."""
    assert script(Answer(body=b"ab"), "HEAD") == (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",)


@pytest.mark.parametrize(
    "answer, keep_alive, fields",
    [
        (Answer(), False, b"Connection: close\r\nContent-Length: 0\r\n"),
        (Answer(headers={"Connection": "Close"}), True, b"Connection: Close\r\nContent-Length: 0\r\n"),
        (Answer(until_close=True), True, b"Connection: close\r\n"),
    ],
)
def test_a_connection_that_will_not_stay_is_announced_and_closed(
    answer: Answer, keep_alive: bool, fields: bytes
) -> None:
    """By the client's wish, the Answer's, or because the end of the connection ends the body."""
    assert script(answer, keep_alive=keep_alive) == (b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n", CLOSE)


def test_a_delay_comes_first() -> None:
    """It is a pause of the script."""
    assert script(Answer(delay_s=2.0))[0] == Pause(2.0)


def test_a_fault_gets_the_good_answer() -> None:
    """Head, body and whether the connection was used before."""
    seen = []

    def fault(exchange: Exchange) -> Script:
        seen.append(exchange)
        return (RESET,)

    assert script(Answer(body=b"x", fault=fault)) == (RESET,)
    assert script(Answer(204, fault=fault), ordinal=2) == (RESET,)
    assert seen == [
        Exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", b"x", is_reused=False),
        Exchange(b"HTTP/1.1 204 No Content\r\n\r\n", b"", is_reused=True),
    ]
