"""Twice the input is twice the work, for everything that a server can make long (rule R23); counted, not timed."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable

import pytest

from netstack_sync.base.http_util import parse_list, parse_media_type
from netstack_sync.cookies.dates import parse_cookie_date
from netstack_sync.cookies.parsed import parse_set_cookie
from netstack_sync.fetcher.content_decoders import decoded_pieces
from netstack_sync.fetcher.text import decoded_text, rechunked, split_lines
from netstack_sync.wire.chunked import ChunkedDecoder
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.hsts import parse_strict_transport_security
from netstack_sync.wire.http1_response import ResponseHeadParser
from tests.support.responses import make_response
from tests.support.work import work_of

OK_LINE = b"HTTP/1.1 200 OK\r\n"


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def read_head(pieces: Iterable[bytes]) -> None:
    parser = ResponseHeadParser()
    head = None
    for piece in pieces:
        head = parser.receive(piece)
    if head is not None:
        head.headers.items()
        head.headers.get("x")


def decode(pieces: Iterable[bytes]) -> None:
    decoder = ChunkedDecoder()
    for piece in pieces:
        decoder.receive(piece)


def run_out(things: Iterable[object]) -> None:
    for _ in things:
        pass


def read_cookies(count: int) -> None:
    response = make_response(headers=tuple([f"Set-Cookie: n{i}=v; Path=/; Max-Age=1" for i in range(count)]))
    assert len(response.cookies) == count


# Each gets a size, and prepares what is then counted.
CASES: dict[str, Callable[[int], Callable[[], object]]] = {
    "many fields": lambda n: lambda: read_head([OK_LINE + b"A-longer-name: cd\r\n" * n + b"\r\n"]),
    "many fields, byte by byte": lambda n: lambda: read_head(bytewise(OK_LINE + b"A:b\r\n" * n + b"\r\n")),
    "many lines to be put right": lambda n: lambda: read_head([OK_LINE + b"A: b\n c\njunk\n" * (n // 3) + b"\n"]),
    "a long field": lambda n: lambda: read_head([OK_LINE + b"A: " + b"x" * 200 * n + b"\r\n\r\n"]),
    "a long field, byte by byte": lambda n: lambda: read_head(bytewise(OK_LINE + b"A: " + b"x" * 10 * n)),
    "a long field in small pieces": lambda n: lambda: read_head([OK_LINE, b"A:", *[b"x" * 100] * n, b"\r\n\r\n"]),
    "a long line without an end": lambda n: lambda: read_head([OK_LINE, *[b"\r" * 100] * n]),
    "tiny chunks": lambda n: lambda: decode([b"1\r\nx\r\n" * 10 * n]),
    "tiny chunks with extensions": lambda n: lambda: decode([b"1;a\r\nx\r\n" * n]),
    "tiny chunks, byte by byte": lambda n: lambda: decode(bytewise(b"1\r\nx\r\n" * n)),
    "a long extension": lambda n: lambda: decode([b"1;" + b"x" * 20 * n]),
    "a long extension, byte by byte": lambda n: lambda: decode(bytewise(b"1;" + b"x" * 20 * n)),
    "many trailers": lambda n: lambda: decode([b"0\r\n" + b"A: b\r\n" * n]),
    "folded trailers": lambda n: lambda: decode([b"0\r\nA: b\r\n" + b" \r\n" * n]),
    "many Set-Cookie": lambda n: lambda: read_cookies(n),
    "a long Set-Cookie": lambda n: lambda: parse_set_cookie("a=" + "\\" * 4 * n + ";" * 100 * n),
    "a long date": lambda n: lambda: parse_cookie_date("1 " * 20 * n),
    "a long list": lambda n: lambda: parse_list('"\\,' * 100 * n),
    "a long media type": lambda n: lambda: parse_media_type("a/b" + ';c="\\' * 100 * n),
    "a long policy": lambda n: lambda: parse_strict_transport_security("max-age=1;" + 'a="b";' * 100 * n),
    "a line in small pieces": lambda n: lambda: run_out(split_lines(["data: x"] * 10 * n)),
    "lines of CR": lambda n: lambda: run_out(split_lines(["\r"] * 10 * n)),
    "text in small pieces": lambda n: lambda: run_out(decoded_text([b"\xe2", b"\x82", b"\xac"] * 3 * n, "utf-8")),
    "text without a first piece": lambda n: lambda: run_out(decoded_text([b""] * 10 * n, None)),
    "small pieces for large ones": lambda n: lambda: run_out(rechunked([b"xy"] * 10 * n, 7 * n)),
    "large pieces for small ones": lambda n: lambda: run_out(rechunked([b"xy" * 100 * n], 7)),
    "gzip in small members": lambda n: (lambda data: lambda: run_out(decoded_pieces("gzip", [data], False)))(
        gzip.compress(b"x") * 4 * n
    ),
    "readline of a long line": lambda n: lambda: make_response(*[b"xyz"] * n, b"\n").readline(),
}


@pytest.mark.parametrize("name", CASES)
def test_twice_the_input_is_twice_the_work(name: str) -> None:
    """R23 (CVE-2024-7592): no buffer is searched or copied again for each piece that comes."""
    prepare = CASES[name]

    def work(size: int) -> int:
        def run() -> None:
            try:
                prepare(size)()
            except WireError:
                pass  # a limit ends the work, which is as good

        run()  # what is cached is not counted
        return work_of(run)

    once, twice = work(300), work(600)
    assert 0 < twice <= 2.2 * once, f"{once} and then {twice}"


def test_the_counter_can_tell() -> None:
    """A buffer that is searched from its start for every piece is found out."""

    def search_again(size: int) -> None:
        buffer = bytearray()
        for _ in range(size):
            buffer += b"x"
            buffer.count(b"\n")

    once, twice = work_of(lambda: search_again(300)), work_of(lambda: search_again(600))
    assert twice > 3 * once
