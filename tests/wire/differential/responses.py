"""Connections full of responses: by the grammar, nearly so, and damaged."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st


class Connection(NamedTuple):
    """What a server sends in answer to requests with these methods, and where it is cut into pieces."""

    data: bytes
    methods: tuple[str, ...]
    cuts: tuple[int, ...] = ()


_VERSIONS = [*[b"HTTP/1.1"] * 12, b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/0.9", b"ICY"]
_STATUSES = [
    *[b"200"] * 10,
    b"204",
    b"205",
    b"206",
    b"301",
    b"304",
    b"401",
    b"404",
    b"500",
    b"999",
    b"099",
    b"20",
    b"2000",
]
_REASONS = [b" OK", b" OK", b" Not Found", b" ", b"", b" \xe9t\xe9", b"\tTab", b"  two", b" a\tb ", b" a:b"]
_NAMES = [
    b"Server",
    b"Date",
    b"X-A",
    b"x-a",
    b"Set-Cookie",
    b"Location",
    b"ETag",
    b"!#$%&'*+-.^_`|~",
    b"X A",
    b"",
    b"X\x80",
]
_VALUES = [
    b"a",
    b"a, b",
    b"",
    b"\xe9",
    b'"q;\t"',
    b"a\r\n b",
    b"a\r\n\tb",
    b"x" * 300,
    b"a\0b",
    b"\x01",
    b"a\rb",
    b"a:b",
    b"\x7f",
]
_SEPARATORS = [*[b": "] * 8, b":", b":\t", b": \t ", b" : ", b"", b"::"]
_FRAMING = [
    b"Content-Length: %d",
    b"Content-Length: %d",
    b"content-length:%d ",
    b"Content-Length: 0%d",
    b"Content-Length: %d, %d",
    b"Content-Length: %d\r\nContent-Length: %d",
    b"Content-Length: +%d",
    b"Content-Length: %d\r\nContent-Length: 3",
    b"Content-Length: 18446744073709551616",
    b"Content-Length : %d",
]
_CODINGS = [
    *[b"Transfer-Encoding: chunked"] * 8,
    b"transfer-encoding:Chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked;q=1",
]
_CONNECTIONS = [b"close", b"keep-alive", b"Keep-Alive", b"close, keep-alive", b"x, close", b"Upgrade", b"te"]
_EXTENSIONS = [
    *[b""] * 8,
    b";x",
    b";x=y",
    b';x="y z"',
    b" ;x",
    b"; x=y",
    b" ",
    b"\t",
    b";",
    b";x=\x01",
    b";x=\xe9",
    b';"\\""',
]
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
    b"\x0b",
    b"HTTP/1.1 200 OK",
]
_METHODS = [*["GET"] * 4, "HEAD", "POST", "DELETE", "OPTIONS"]

_payloads = st.one_of(
    st.sampled_from([b"", b"hello", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]), st.binary(max_size=40)
)


@st.composite
def _fields(draw: st.DrawFn) -> list[bytes]:
    """Half of them follow the grammar."""
    fields = []
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            fields.append(draw(st.sampled_from(_NAMES[:8])) + b": " + draw(st.sampled_from(_VALUES[:5])))
        else:
            parts = (st.sampled_from(_NAMES), st.sampled_from(_SEPARATORS), st.sampled_from(_VALUES))
            fields.append(b"".join([draw(part) for part in parts]))
    if not draw(st.integers(0, 3)):
        name = draw(st.sampled_from([b"Connection: ", b"Connection: ", b"Proxy-Connection: "]))
        fields.append(name + draw(st.sampled_from(_CONNECTIONS)))
    return fields


@st.composite
def _chunked(draw: st.DrawFn, line_end: bytes) -> bytes:
    parts = []
    for payload in draw(st.lists(_payloads.filter(bool), max_size=3)):
        size = draw(st.sampled_from([b"%x", b"%x", b"%x", b"%X", b"00%x", b"0x%x", b"+%x", b" %x"])) % len(payload)
        parts += [size, draw(st.sampled_from(_EXTENSIONS)), line_end, payload, line_end]
    parts += [b"0", draw(st.sampled_from(_EXTENSIONS)), line_end]
    trailers = draw(_fields()) if not draw(st.integers(0, 2)) else []
    return b"".join([*parts, *[trailer + line_end for trailer in trailers], line_end])


@st.composite
def _head(draw: st.DrawFn, line_end: bytes, fields: list[bytes]) -> bytes:
    status_line = (
        draw(st.sampled_from(_VERSIONS)) + b" " + draw(st.sampled_from(_STATUSES)) + draw(st.sampled_from(_REASONS))
    )
    order = draw(st.permutations(fields)) if len(fields) > 1 else fields
    return line_end.join([status_line, *order, b"", b""])


@st.composite
def response(draw: st.DrawFn) -> bytes:
    """Interim responses, a head, and the body that it announces, or something like it."""
    line_end = draw(st.sampled_from([b"\r\n"] * 15 + [b"\n"]))
    fields = draw(_fields())
    body = draw(_payloads)
    kind = draw(st.sampled_from(["length", "length", "length", "chunked", "chunked", "chunked", "close", "none"]))
    if kind == "length":
        framing = draw(st.sampled_from(_FRAMING))
        fields.append(framing % ((len(body),) * framing.count(b"%d")))
    elif kind == "chunked":
        fields.append(draw(st.sampled_from(_CODINGS)))
        body = draw(_chunked(line_end))
    elif kind == "none":
        body = b""
    interim = draw(
        st.sampled_from(
            [
                *[b""] * 12,
                b"\r\n",
                b"junk",
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n",
                b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            ]
        )
    )
    return interim + draw(_head(line_end, fields)) + body


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
