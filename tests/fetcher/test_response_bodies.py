"""Bodies as they come over real sockets: trailers, codings, files over a response, and what is left unread."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Iterator

import pytest

from netstack_sync import DecodingError, NetError, Session, TruncatedBody
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import raw
from netstack_sync.testing.script import CLOSE

TRAILED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: head\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\nx: 2\r\nDigest: d\r\n\r\n"
)
TEXT = "one é\r\ntwo\r\nthree".encode()


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as running:
        yield running


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(timeout=20) as running:
        yield running


def test_trailers_are_there_at_the_end(server: EmbeddedServer, session: Session) -> None:
    """Not among the headers, in any case of letters; while the body is being read there are none."""
    server.route("/trailed", Answer(fault=raw(TRAILED)))
    response = session.get(server.url("/trailed"))
    assert response.content == b"ok" and response.headers["x"] == "head"
    assert response.trailers.getlist("X") == ["1", "2"] and response.trailers["digest"] == "d"
    with session.stream("GET", server.url("/trailed")) as stream:
        assert b"".join(stream.iter_bytes()) == b"ok"
        assert stream.trailers.getlist("X") == ["1", "2"]
    assert session.get(server.url("/hello")).connection_reused
    assert len(session.get(server.url("/hello")).trailers) == len(session.head(server.url("/trailed")).trailers) == 0


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_what_the_io_module_puts_over_a_file(server: EmbeddedServer, session: Session, coding: str | None) -> None:
    """A response that is still arriving is a file for everybody who reads files."""
    chunks = [bytes([byte]) for byte in (TEXT if coding is None else gzip.compress(TEXT))]
    server.route("/text", Answer(headers={} if coding is None else {"Content-Encoding": coding}, chunks=chunks))

    def open_text() -> io.BufferedReader:
        return io.BufferedReader(session.stream("GET", server.url("/text")))

    with io.TextIOWrapper(open_text(), encoding="utf-8") as text:
        assert list(text) == ["one é\n", "two\n", "three"]
    with open_text() as buffered:
        assert buffered.peek(1)[:1] == b"o" and buffered.readline() == "one é\r\n".encode()
        target = io.BytesIO()
        shutil.copyfileobj(buffered, target)
        assert target.getvalue() == b"two\r\nthree"
    with session.stream("GET", server.url("/text")) as stream:
        buffer = bytearray(5)
        assert stream.readinto(buffer) == 5 and buffer == TEXT[:5]
        assert stream.read(0) == b"" and stream.read(3) == TEXT[5:8] and stream.read() == TEXT[8:]
    with session.stream("GET", server.url("/text")) as stream:
        assert list(stream.iter_lines()) == ["one é", "two", "three"]
    with session.stream("GET", server.url("/text")) as stream:
        assert "".join(stream.iter_text()) == TEXT.decode()


def test_a_library_reads_from_the_wire(server: EmbeddedServer, session: Session) -> None:
    """Without a copy of the whole in between."""
    server.route("/json", Answer(body=b'{"a": [1, 2]}'))
    with session.stream("GET", server.url("/json")) as stream:
        assert json.load(stream) == {"a": [1, 2]}
    server.route("/gz", Answer(body=gzip.compress(TEXT)))
    with session.stream("GET", server.url("/gz")) as stream, gzip.GzipFile(fileobj=stream) as unpacked:
        assert unpacked.read() == TEXT


def test_a_coding_is_taken_off_whatever_was_asked_for(server: EmbeddedServer, session: Session) -> None:
    """Row 184, MatchContentEncoding: Chromium refuses what it did not offer; object stores give what was put in."""
    server.route("/packed", Answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(TEXT)))
    for offered in ("identity", "br", "gzip", "*"):
        assert session.get(server.url("/packed"), headers={"Accept-Encoding": offered}).content == TEXT
    assert session.head(server.url("/packed")).content == b""


LONG_TEXT = TEXT * 100


@pytest.mark.parametrize(
    ("length", "error"),
    [
        (len(gzip.compress(LONG_TEXT)), None),
        (len(gzip.compress(LONG_TEXT)) + 1, TruncatedBody),
        (len(LONG_TEXT), TruncatedBody),
        (len(gzip.compress(LONG_TEXT)) - 9, DecodingError),
    ],
    ids=["right", "too long", "that of the text", "too short"],
)
def test_the_length_is_that_of_what_is_sent(
    server: EmbeddedServer, session: Session, length: int, error: type[NetError] | None
) -> None:
    """Row 241, GetZippedTest and RawBodyBytes: Chromium forgives the length of the text, and an end in the middle of
    gzip; requests, httpx and curl take neither, and whoever gets no error may rely on having all.
    """
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n"
    server.route("/gz", Answer(fault=raw(head.encode() + gzip.compress(LONG_TEXT), CLOSE)))
    with session.stream("GET", server.url("/gz")) as stream:
        assert stream.length_remaining == length
        if error is None:
            assert stream.content == LONG_TEXT and stream.length_remaining == 0
        else:
            with pytest.raises(error):
                _ = stream.content


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_body_that_only_the_close_ends_is_told_to_be_cut(
    server: EmbeddedServer, session: Session, is_stream: bool
) -> None:
    """Row 241, GetZippedTest: over plain http only the coding itself tells."""
    packed = gzip.compress(TEXT)
    server.route("/cut", Answer(headers={"Content-Encoding": "gzip"}, body=packed[:-9], until_close=True))
    server.route("/whole", Answer(headers={"Content-Encoding": "gzip"}, body=packed, until_close=True))
    assert session.get(server.url("/whole")).content == TEXT
    with pytest.raises(DecodingError, match="ends in the middle"):
        if is_stream:
            with session.stream("GET", server.url("/cut")) as stream:
                list(stream.iter_bytes())
        else:
            _ = session.get(server.url("/cut")).content


@pytest.mark.parametrize(("size", "is_reused"), [(10, True), (16_000, True), (10_000_000, False)])
def test_what_is_left_of_a_small_body_saves_the_connection(
    server: EmbeddedServer, session: Session, size: int, is_reused: bool
) -> None:
    """Rows 159 and 167, KeepAliveAfterUnreadBody: 16 KiB are read, of more the connection is closed."""
    with session.stream("GET", server.url(f"/bytes/{size}")) as stream:
        assert stream.ok
    assert server.wait_until(lambda: (session.stats().sockets, session.stats().sockets_active) == (int(is_reused), 0))
    assert session.get(server.url("/hello")).connection_reused is is_reused
