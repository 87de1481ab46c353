"""Body readers: which one, what it hands out, and how it ends."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_INCOMPLETE_CHUNKED_ENCODING,
    OK,
)
from netstack_sync.wire.chunked import ChunkedDecoder
from netstack_sync.wire.http1_body import BodyReader, LengthBody, NoBody, UntilCloseBody, choose_body, comes_whole
from netstack_sync.wire.http1_response import ResponseHeadParser


def reader_for(status: int, *lines: str, method: str = "GET") -> BodyReader:
    head = ResponseHeadParser().receive("\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode())
    assert head is not None
    return choose_body(head, method)


@pytest.mark.parametrize("lines", [(), ("Content-Length: 5",), ("Transfer-Encoding: chunked",)])
def test_some_answers_have_no_body_whatever_they_say(lines: tuple[str, ...]) -> None:
    """Row 161, StopsReading204, Head, Ignores1xx: RFC 9112 §6.3, and 205 as in Chromium."""
    for status in (100, 101, 103, 199, 204, 205, 304):
        assert isinstance(reader_for(status, *lines), NoBody)
    assert isinstance(reader_for(200, *lines, method="HEAD"), NoBody)
    assert isinstance(reader_for(404, *lines, method="HEAD"), NoBody)


@pytest.mark.parametrize(
    ("lines", "in_doubt"),
    [
        (("Content-Length: 0",), False),
        (("Content-Length: 5",), True),
        (("Transfer-Encoding: chunked",), True),
        ((), True),
    ],
)
def test_a_reset_that_announces_content_is_in_doubt(lines: tuple[str, ...], in_doubt: bool) -> None:
    """R15: RFC 9112 §6.3 has no rule for 205, so that another reader takes the content for one."""
    assert reader_for(205, *lines).in_doubt is in_doubt
    assert not reader_for(204, *lines).in_doubt and not reader_for(205, *lines, method="HEAD").in_doubt


def test_trailers_are_those_of_the_head() -> None:
    """RFC 9110 §6.5.1: apart from the fields before the body, and only where the coding has a place for them."""
    head = ResponseHeadParser().receive(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n")
    assert head is not None and head.trailers.items() == []
    choose_body(head, "GET").receive(b"1\r\nx\r\n0\r\nA: 2\r\n\r\n")
    assert head.trailers.items() == [("A", "2")] and head.headers.get_all("A") == ["1"]
    plain = ResponseHeadParser().receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert plain is not None and plain.trailers.items() == []


def test_a_tunnel_is_no_body() -> None:
    """RFC 9112 §6.3 rule 2; a refused CONNECT has one."""
    assert isinstance(reader_for(200, "Content-Length: 5", method="CONNECT"), NoBody)
    assert isinstance(reader_for(407, "Content-Length: 5", method="CONNECT"), LengthBody)


def test_otherwise_the_fields_decide() -> None:
    """RFC 9112 §6.3: chunked, else the length, else the close."""
    assert isinstance(reader_for(200, "Content-Length: 5", "Transfer-Encoding: chunked"), ChunkedDecoder)
    assert isinstance(reader_for(200, "Content-Length: 5"), LengthBody)
    assert isinstance(reader_for(200, "Content-Length: 0", method="POST"), LengthBody)
    assert isinstance(reader_for(200), UntilCloseBody)


def test_no_body_is_complete_from_the_start() -> None:
    """Whatever comes is surplus."""
    body: BodyReader = NoBody()
    assert body.is_complete and body.is_delimited and not body.in_doubt
    assert body.receive(b"ab") == b"" and body.receive(b"c") == b""
    assert body.surplus == b"abc"
    assert body.finish() == OK
    assert repr(body) == "<NoBody surplus=3>"


def test_a_length_is_counted_down() -> None:
    """Row 148, ReceivedBytes…ExcludesNextResponse: what comes after the last byte is surplus."""
    body: BodyReader = LengthBody(5)
    assert body.is_delimited and not body.in_doubt and not body.is_complete
    assert body.receive(b"he") == b"he"
    assert body.receive(b"") == b""
    assert body.finish() == ERR_CONTENT_LENGTH_MISMATCH
    assert body.receive(b"lloHTTP") == b"llo"
    assert body.is_complete and body.surplus == b"HTTP"
    assert body.receive(b"/1.1") == b"" and body.surplus == b"HTTP/1.1"
    assert body.finish() == OK
    assert repr(body) == "<LengthBody remaining=0 surplus=8>"


@pytest.mark.parametrize("extra", [0, 1])
def test_a_piece_that_fits_is_not_copied(extra: int) -> None:
    """A reader in the middle of a body, or at its very end, hands out the object it was given."""
    piece = b"x" * 1000
    body = LengthBody(len(piece) + extra)
    assert body.receive(piece) is piece
    assert body.is_complete is (extra == 0)
    until_close = UntilCloseBody()
    assert until_close.receive(piece) is piece


def test_no_bytes_are_a_body_too() -> None:
    """Content-Length: 0 is complete before anything comes."""
    body = LengthBody(0)
    assert body.is_complete and body.finish() == OK


def test_a_body_until_the_close_never_errs() -> None:
    """Nobody can tell whether it was cut short, so nobody may use the connection again."""
    body: BodyReader = UntilCloseBody()
    assert not body.is_delimited and not body.in_doubt and not body.is_complete
    assert body.receive(b"abc") == b"abc"
    assert repr(body) == "<UntilCloseBody>"
    assert body.finish() == OK
    assert body.is_complete and body.surplus == b""
    assert repr(body) == "<UntilCloseBody complete>"


def test_a_chunked_body_reads_like_the_others() -> None:
    """The decoder is a `BodyReader`."""
    body: BodyReader = reader_for(200, "Transfer-Encoding: chunked")
    assert body.receive(b"5\r\nhello\r\n") == b"hello"
    assert body.finish() == ERR_INCOMPLETE_CHUNKED_ENCODING
    assert body.receive(b"0\r\n\r\n") == b"" and body.is_complete


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "CONNECT"])
@pytest.mark.parametrize("status", [101, 200, 204, 205, 304, 404, 500])
@pytest.mark.parametrize("lines", [("Content-Length: 5",), ("Content-Length: 0",), (), ("Transfer-Encoding: chunked",)])
@pytest.mark.parametrize("data", [b"", b"hell", b"hello", b"hello!"])
def test_what_comes_whole_needs_no_reader(method: str, status: int, lines: tuple[str, ...], data: bytes) -> None:
    """It is what a reader would make of it: the body and its end, and nothing that is left over or in doubt."""
    head = ResponseHeadParser().receive("\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode())
    assert head is not None
    if comes_whole(head, method, len(data)):
        reader = choose_body(head, method)
        assert reader.receive(data) == data and reader.is_complete and reader.is_delimited
        assert not reader.surplus and not reader.in_doubt
    else:
        is_usual = method in ("GET", "POST") and status in (200, 404, 500)
        assert not is_usual or head.content_length != len(data)
