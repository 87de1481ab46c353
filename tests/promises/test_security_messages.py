"""Security rules of what comes in and what goes out, over real sockets."""

from __future__ import annotations

import re

import pytest

from netstack_sync import NetError, Session
from netstack_sync.base.net_errors import (
    ERR_INVALID_CHUNKED_ENCODING,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH,
    ERR_RESPONSE_HEADERS_TOO_BIG,
)
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import raw

OK_LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK_LINE + b"Transfer-Encoding: chunked\r\n\r\n"


def error_of(server: EmbeddedServer, answer: bytes) -> int:
    """What becomes of it, in one piece and split in the middle."""
    errors = set()
    for steps in ((answer,), (answer[: len(answer) // 2], answer[len(answer) // 2 :])):
        server.route("/raw", Answer(fault=raw(*steps)))
        with Session(timeout=20) as session, pytest.raises(NetError) as caught:
            _ = session.get(server.url("/raw")).content
        errors.add(caught.value.net_error.number)
    (number,) = errors
    return number


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (OK_LINE + b"A: " + b"a" * 600_000, ERR_RESPONSE_HEADERS_TOO_BIG),
        (OK_LINE + b"A: b\r\n" * 100_000, ERR_RESPONSE_HEADERS_TOO_BIG),
        (OK_LINE + b"a:\r\n" * 2000 + b"\r\n", ERR_RESPONSE_HEADERS_TOO_BIG),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40, ERR_INVALID_HTTP_RESPONSE),
        (CHUNKED + b"1;" + b"x" * 40_000, ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + b"0" * 40_000, ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + b"0\r\n" + b"A: b\r\n" * 10_000, ERR_INVALID_CHUNKED_ENCODING),
    ],
    ids=["a line", "a block", "many fields", "interim responses", "an extension", "a size", "trailers"],
)
def test_nothing_is_collected_without_end(server: EmbeddedServer, answer: bytes, error: int) -> None:
    """R13 (CVE-2023-38039): every line and block has a limit, whose end nobody waits for."""
    assert error_of(server, answer) == error


@pytest.mark.parametrize("char", ["\0", "\x01", "\x0b", "\x1f", "\x7f", "\r"])
def test_control_characters_come_from_nobody(server: EmbeddedServer, char: str) -> None:
    """R14 (CVE-2026-34520): not in a reason, a name or a value, nor in trailers."""
    bad = char.encode()
    for answer in (
        b"HTTP/1.1 200 O" + bad + b"K\r\n\r\n",
        OK_LINE + b"A" + bad + b": b\r\n\r\n",
        OK_LINE + b"A: b" + bad + b"c\r\n\r\n",
    ):
        assert error_of(server, answer) == ERR_INVALID_HTTP_RESPONSE
    assert error_of(server, CHUNKED + b"0\r\nA: " + bad + b"c\r\n\r\n") == ERR_INVALID_CHUNKED_ENCODING


@pytest.mark.parametrize("char", ["\0", "\x01", "\r", "\n", "\r\n", "\x7f"])
def test_control_characters_go_to_nobody(server: EmbeddedServer, char: str) -> None:
    """R14 (CVE-2026-34520): refused on the caller's thread, before anything is sent."""
    with Session() as session:
        for headers in ({f"A{char}": "b"}, {"A": f"b{char}c"}):
            with pytest.raises(ValueError):
                session.get(server.url("/hello"), headers=headers)
        with pytest.raises(ValueError):
            session.get(server.url("/hello"), cookies={"a": f"b{char}c"})
        with pytest.raises(ValueError):
            session.request(f"GET{char}", server.url("/hello"))
    assert list(server.requests) == []


SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (CHUNKED + b"5\r\nhelloXX0\r\n\r\n", ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + "\u0665\r\nhello\r\n0\r\n\r\n".encode(), ERR_INVALID_CHUNKED_ENCODING),
        (CHUNKED + b"5_0\r\nhello\r\n0\r\n\r\n", ERR_INVALID_CHUNKED_ENCODING),
        (OK_LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH),
        (OK_LINE + b"Content-Length: +5\r\n\r\nhello", ERR_INVALID_HTTP_RESPONSE),
        (OK_LINE + b"Content-Length: 1_0\r\n\r\nhello", ERR_INVALID_HTTP_RESPONSE),
        (OK_LINE + "Content-Length: \u0665\r\n\r\nhello".encode(), ERR_INVALID_HTTP_RESPONSE),
        (OK_LINE + b"Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", ERR_INVALID_HTTP_RESPONSE),
        (OK_LINE + b"Content-Length : 5\r\n\r\nhello", ERR_INVALID_HTTP_RESPONSE),
    ],
)
def test_where_a_body_ends_is_not_guessed(server: EmbeddedServer, answer: bytes, error: int) -> None:
    """R15 (CVE-2025-43859, CVE-2025-53643, CVE-2025-69224): line ends, digits and codings by the grammar only."""
    assert error_of(server, answer + SMUGGLED) == error


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nno field\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        b"Content-Length: 5\n\r\nhello",
        b"Content-Length: 5\r\n\r\nhello" + SMUGGLED,
    ],
)
def test_after_a_doubtful_answer_comes_a_new_connection(server: EmbeddedServer, head: bytes) -> None:
    """R15 (CVE-2025-43859): nothing that was sent on the old one is taken for the next answer."""
    server.route("/doubt", Answer(fault=raw(OK_LINE + head)))
    with Session() as session:
        assert session.get(server.url("/doubt")).content == b"hello"
        after = session.get(server.url("/hello"))
        assert after.text == "hello\n" and not after.connection_reused


is_disposition = re.compile(rb'Content-Disposition: form-data; name="[^"\r\n]*"(?:; filename="[^"\r\n]*")?').fullmatch


@pytest.mark.parametrize("text", ['"\r\nX: y\r\n\r\nbody', "a\r\nb", 'a"b', "a\nb"])
def test_a_part_has_no_headers_that_nobody_wrote(server: EmbeddedServer, text: str) -> None:
    """R16 (CVE-2026-34514): what could end a line or a quoted name is escaped or refused."""
    with Session() as session:
        for files in ({text: b"x"}, {"f": (text, b"x")}, {"f": ("n", b"x", text)}):
            try:
                session.post(server.url("/echo"), files=files)
            except ValueError:
                continue
            _, disposition, *rest = server.requests[-1].body.partition(b"\r\n\r\n")[0].split(b"\r\n")
            assert is_disposition(disposition)
            assert [line.partition(b":")[0] for line in rest] in ([], [b"Content-Type"])


def test_one_field_says_where_a_request_ends(server: EmbeddedServer) -> None:
    """R16 (CVE-2026-34514): never both, whatever the caller writes."""
    with Session() as session:
        for headers in ({"Content-Length": "3"}, {"Transfer-Encoding": "chunked"}):
            for content in (b"hello", iter([b"hello"])):
                try:
                    session.post(server.url("/echo"), content=content, headers=headers)
                except ValueError:
                    continue
                sent, body = server.requests[-1].headers, server.requests[-1].body
                length = sent.get("content-length")
                assert (length is None) == ("transfer-encoding" in sent)
                assert body == b"hello"[: int(length or 5)]
        assert session.get(server.url("/hello")).ok  # nothing was left on the way
