"""Connections full of responses: by the grammar, nearly so, and damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st


class Connection(NamedTuple):
    """What a server sends in answer to requests with these methods, and where it is cut into pieces."""

    data: bytes
    methods: tuple[str, ...]
    cuts: tuple[int, ...] = ()


class _Parts(NamedTuple):
    """What follows the grammar and agrees with the rest, and what does not."""

    neat: Sequence[bytes]
    odd: Sequence[bytes]


_VERSIONS = _Parts([b"HTTP/1.1"] * 6 + [b"HTTP/1.0"], [b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/0.9", b"ICY"])
_STATUSES = _Parts(
    [*[b"200"] * 6, b"204", b"206", b"301", b"304", b"401", b"404", b"500", b"999"], [b"205", b"099", b"20", b"2000"]
)
_REASONS = _Parts([b" OK", b" Not Found", b" ", b"", b" \xe9t\xe9", b" a\tb", b" a:b"], [b"\tTab", b"  two", b" a "])
_NAMES = _Parts(
    [b"Server", b"Date", b"X-A", b"x-a", b"Set-Cookie", b"ETag", b"!#$%&'*+-.^_`|~"],
    [b"Location", b"Content-Disposition", b"X A", b"", b"X\x80"],
)
_VALUES = _Parts(
    [b"a", b"a, b", b"", b"\xe9", b'"q;\t"', b"x" * 300, b"a:b"],
    [b"a\r\n b", b"a\r\n\tb", b"a\0b", b"\x01", b"a\rb", b"\x7f"],
)
_SEPARATORS = _Parts([b": ", b": ", b":", b":\t", b": \t "], [b" : ", b"", b"::"])
_LENGTHS = _Parts(
    [b"Content-Length: %d", b"content-length:%d "],
    [
        b"Content-Length: 0%d",
        b"Content-Length: %d, %d",
        b"Content-Length: %d\r\nContent-Length: %d",
        b"Content-Length: +%d",
        b"Content-Length: %d\r\nContent-Length: 3",
        b"Content-Length: 18446744073709551616",
        b"Content-Length : %d",
    ],
)
_CODINGS = _Parts(
    [b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked"],
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked;q=1",
    ],
)
_CONNECTIONS = _Parts([b"close", b"keep-alive", b"Keep-Alive", b"x, close", b"te"], [b"close, keep-alive", b"Upgrade"])
_CONNECTION_NAMES = _Parts([b"Connection: "], [b"Proxy-Connection: "])
_SIZES = _Parts([b"%x", b"%X", b"00%x"], [b"0x%x", b"+%x", b" %x"])
_EXTENSIONS = _Parts(
    [b"", b"", b"", b";x", b";x=y", b';x="y z"', b" "],
    [b" ;x", b"; x=y", b"\t", b";", b";x=\x01", b";x=\xe9", b';"\\""'],
)
_LINE_ENDS = _Parts([b"\r\n"], [b"\r\n", b"\r\n", b"\n"])
_INTERIM = _Parts(
    [*[b""] * 6, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n"],
    [b"", b"", b"", b"\r\n", b"junk", b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"],
)
_BYTES = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"5",
    b"f",
    b"x",
    b"\x80",
    b"\xff",
    b"\x7f",
]
_METHODS = [*["GET"] * 4, "HEAD", "POST", "DELETE", "OPTIONS"]

_payloads = st.one_of(
    st.sampled_from([b"", b"hello", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]), st.binary(max_size=40)
)


class _Writer:
    """Writes one response; a neat one takes neat parts only, any other one takes both kinds."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._is_neat = draw(st.integers(0, 3)) > 0
        self._line_end = self._pick(_LINE_ENDS)

    def response(self) -> bytes:
        """Interim responses, a head, and the body that it announces, or something like it."""
        fields = self._fields()
        body = self._draw(_payloads)
        kind = self._draw(st.sampled_from(["length", "length", "chunked", "chunked", "close", "none"]))
        if kind == "length":
            framing = self._pick(_LENGTHS)
            fields.append(framing % ((len(body),) * framing.count(b"%d")))
        elif kind == "chunked":
            fields.append(self._pick(_CODINGS))
            body = self._chunked()
        elif kind == "none":
            body = b""
        order = self._draw(st.permutations(fields)) if len(fields) > 1 else fields
        status_line = self._pick(_VERSIONS) + b" " + self._pick(_STATUSES) + self._pick(_REASONS)
        return self._pick(_INTERIM) + self._line_end.join([status_line, *order, b"", body])

    def _fields(self) -> list[bytes]:
        parts = (_NAMES, _SEPARATORS, _VALUES)
        fields = [b"".join([self._pick(part) for part in parts]) for _ in range(self._draw(st.integers(0, 3)))]
        if not self._draw(st.integers(0, 4)):
            fields.append(self._pick(_CONNECTION_NAMES) + self._pick(_CONNECTIONS))
        return fields

    def _chunked(self) -> bytes:
        parts = []
        for payload in self._draw(st.lists(_payloads.filter(bool), max_size=3)):
            size = self._pick(_SIZES) % len(payload)
            parts += [size, self._pick(_EXTENSIONS), self._line_end, payload, self._line_end]
        parts += [b"0", self._pick(_EXTENSIONS), self._line_end]
        trailers = self._fields() if not self._draw(st.integers(0, 2)) else []
        return b"".join([*parts, *[trailer + self._line_end for trailer in trailers], self._line_end])

    def _pick(self, parts: _Parts) -> bytes:
        return self._draw(st.sampled_from(parts.neat if self._is_neat else [*parts.neat, *parts.odd]))


@st.composite
def response(draw: st.DrawFn) -> bytes:
    """One response; see _Writer."""
    return _Writer(draw).response()


@st.composite
def connections(draw: st.DrawFn) -> Connection:
    """Up to three responses, half of the time with up to three damages."""
    data = b"".join(draw(st.lists(response(), min_size=1, max_size=3)))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 3]))):
        data = _damaged(draw, data)
    methods = draw(st.lists(st.sampled_from(_METHODS), min_size=3, max_size=3))
    cuts = draw(st.lists(st.integers(0, max(len(data), 1)), max_size=5))
    return Connection(data, tuple(methods), tuple(sorted(cuts)))


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    other = draw(st.integers(0, len(data)))
    start, end = min(at, other), max(at, other)
    match draw(st.sampled_from(["flip", "put", "put", "take", "double", "cut out", "splice", "end"])):
        case "flip":
            return (
                data[:at]
                + bytes([byte ^ (1 << draw(st.integers(0, 7))) for byte in data[at : at + 1]])
                + data[at + 1 :]
            )
        case "put":
            return data[:at] + draw(st.sampled_from(_BYTES)) + data[at + draw(st.integers(0, 1)) :]
        case "take":
            return data[:at] + data[at + draw(st.integers(1, 4)) :]
        case "double":
            return data[:end] + data[start:]
        case "cut out":
            return data[:start] + data[end:]
        case "splice":
            piece = draw(response())
            return data[:at] + piece[draw(st.integers(0, len(piece))) :]
        case _:
            return data[:at]


def damaged_copies(connection: Connection, random: Random, count: int) -> Iterator[Connection]:
    """Copies with one or two small damages each: far cheaper than connections of their own."""
    for _ in range(count):
        data = connection.data
        for _ in range(random.randint(1, 2)):
            start, end = sorted((random.randint(0, len(data)), random.randint(0, len(data))))
            put, skipped = random.choice(_BYTES), start + random.randint(0, 2)
            damages = (data[:start] + put + data[skipped:], data[:start] + data[skipped:], data[:end] + data[start:])
            data = random.choice((*damages, data[:start] + data[end:]))
        yield connection._replace(data=data, cuts=tuple([min(cut, len(data)) for cut in connection.cuts]))
