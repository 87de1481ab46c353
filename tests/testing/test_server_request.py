"""The parser finds the same requests in any pieces, and refuses what is no request."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.testing import server_request
from netstack_sync.testing.server_request import BadRequest, ReceivedRequest, RequestParser, path_of

GET = b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
CHUNKED = b"PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def take_all(pieces: list[bytes]) -> list[tuple[str, str, bytes, bool]]:
    """Method, target, body and keep-alive of every request in the pieces."""
    parser = RequestParser()
    found = []
    head = None
    for piece in pieces:
        parser.feed(piece)
        while True:
            head = head or parser.take_head()
            body = parser.take_body() if head is not None else None
            if head is None or body is None:
                break
            found.append((head.method, head.target, body, head.keep_alive))
            head = None
    assert parser.pending_bytes == 0
    return found


def received(target: str = "/", body: bytes = b"") -> ReceivedRequest:
    return ReceivedRequest("GET", target, ResponseHeaders(b""), body, 1, 1, True)


def test_any_split_gives_the_same_requests() -> None:
    """Three pipelined requests, cut in two at every byte, and byte by byte."""
    data = GET + POST + CHUNKED + GET
    expected = [
        ("GET", "/a?x=1", b"", True),
        ("POST", "/b", b"hello", False),
        ("PUT", "/c", b"abcde", True),
        ("GET", "/a?x=1", b"", True),
    ]
    assert take_all([data[i : i + 1] for i in range(len(data))]) == expected
    for at in range(len(data)):
        assert take_all([data[:at], data[at:]]) == expected


@pytest.mark.parametrize(
    "version, connection, keep_alive",
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"connection: Keep-Alive\r\n", True),
    ],
)
def test_version_and_connection_field_decide_about_keep_alive(
    version: bytes, connection: bytes, keep_alive: bool
) -> None:
    """RFC 9112 §9.3."""
    assert take_all([b"\r\nGET / HTTP/%b\r\n%b\r\n" % (version, connection)])[0][3] is keep_alive


def test_a_head_tells_what_is_to_come() -> None:
    """Fields keep their case; the body and the expectation are known before the body is there."""
    parser = RequestParser()
    parser.feed(b"POST / HTTP/1.1\r\nX-Y: z\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
    head = parser.take_head()
    assert head is not None and head.has_body and head.expects_continue
    assert head.headers.items()[0] == ("X-Y", "z")
    assert parser.take_body() is None


@pytest.mark.parametrize(
    "data",
    [
        b"this is not HTTP\r\n\r\n",
        b"\r\nGET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    """A client that sends such a thing has a bug that a test must see."""
    parser = RequestParser()
    parser.feed(data)
    with pytest.raises(BadRequest):
        parser.take_head()


def test_a_head_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an end it is refused, not collected for ever."""
    monkeypatch.setattr(server_request, "MAX_HEAD_BYTES", 100)
    parser = RequestParser()
    parser.feed(b"GET / HTTP/1.1\r\nX: " + b"a" * 100)
    with pytest.raises(BadRequest, match="exceeds 100 bytes"):
        parser.take_head()


def test_a_request_can_be_asked_for_its_parts() -> None:
    """Path, query and JSON are read from what came."""
    request = received("/p/q?a=1&a=2&b=", b'{"k": 1}')
    assert (request.path, request.query, request.json()) == ("/p/q", {"a": "2", "b": ""}, {"k": 1})
    assert received().query == {}


def test_the_path_of_an_absolute_target_is_found() -> None:
    """Proxies get the whole URL (RFC 9112 §3.2.2)."""
    assert path_of("http://h:1/p?q#f") == "/p"
    assert path_of("*") == "*"
