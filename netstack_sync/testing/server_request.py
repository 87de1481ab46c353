"""ReceivedRequest, and the parser that finds requests in the bytes of a connection; no I/O."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.wire.chunked import ChunkedDecoder
from netstack_sync.wire.http1_body import LengthBody

MAX_HEAD_BYTES: Final = 1024 * 1024  # above what any test of a client's limits needs, and still bounded
MAX_PENDING_BYTES: Final = 1024 * 1024  # of later requests, kept while an answer is under way

_VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*"
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_head: Final = re.compile(
    rb"(?:\r\n)*(%b) ([!-~\x80-\xff]+) (HTTP/1\.[01])\r\n((?:%b:%b\r\n)*)\r\n" % (_TOKEN, _TOKEN, _VALUE)
).match
_relevant_lines: Final = re.compile(
    rb"(?:^|\n)(content-length|transfer-encoding|connection|expect):[ \t]*([^\r]*?)[ \t]*\r", re.IGNORECASE
).findall


def path_of(target: str) -> str:
    """The path in a request target, also in the absolute form that proxies get (RFC 9112 §3.2.2)."""
    return (target if target.startswith("/") else urlsplit(target).path).partition("?")[0]


class BadRequest(Exception):
    """The peer's bytes are no HTTP request; the message says why."""


class RequestHead(NamedTuple):
    """Request line, fields, and what they say about the body and the connection."""

    method: str
    target: str
    headers: ResponseHeaders
    keep_alive: bool
    has_body: bool
    expects_continue: bool


class ReceivedRequest(NamedTuple):
    """One request as it came in; a value."""

    method: str
    target: str
    headers: ResponseHeaders
    body: bytes
    connection: int
    """The connection's number; the first one of a server is 1."""
    ordinal: int
    """The request's number on its connection, from 1."""
    keep_alive: bool
    """Whether the client wants the connection to stay."""

    @property
    def path(self) -> str:
        """The target without its query and origin."""
        return path_of(self.target)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, the last of each name."""
        parameters = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        return {name: values[-1] for name, values in parameters.items()}

    def json(self) -> object:
        """The body, read as JSON."""
        return json.loads(self.body)


class RequestParser:
    """Takes requests out of the bytes of one connection: head, body, head, body, as asked.

    After a BadRequest it is spent.
    """

    __slots__ = ("_body", "_buffer", "_payload")

    def __init__(self) -> None:
        self._buffer = b""
        self._body: LengthBody | ChunkedDecoder | None = None
        self._payload: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Takes the next piece."""
        self._buffer = self._buffer + data if self._buffer else data

    @property
    def pending_bytes(self) -> int:
        """Bytes fed that nobody has taken yet."""
        return len(self._buffer)

    def take_head(self) -> RequestHead | None:
        """The next head, None if it is not complete; raises BadRequest. Its body must be taken next."""
        match = _head(self._buffer)
        if match is None:
            self._refuse_hopeless()
            return None
        method, target, version, block = match.groups()
        self._buffer = self._buffer[match.end() :]
        fields: dict[bytes, bytes] = {name.lower(): value for name, value in _relevant_lines(block)}
        self._body = _choose_body(fields)
        tokens = fields.get(b"connection", b"").lower()
        return RequestHead(
            method.decode(),
            target.decode("latin-1"),
            ResponseHeaders(block),
            b"close" not in tokens if version == b"HTTP/1.1" else b"keep-alive" in tokens,
            self._body is not None,
            fields.get(b"expect", b"").lower() == b"100-continue",
        )

    def take_body(self) -> bytes | None:
        """The body that belongs to the last head, None if it is not complete; raises WireError."""
        body = self._body
        if body is None:  # fast path: no body
            return b""
        data, self._buffer = self._buffer, b""
        if data:
            self._payload.append(body.receive(data))
        if not body.is_complete:
            return None
        payload, self._payload, self._body = b"".join(self._payload), [], None
        self._buffer = body.surplus
        return payload

    def _refuse_hopeless(self) -> None:
        if b"\r\n\r\n" in self._buffer.lstrip(b"\r\n"):
            raise BadRequest(f"not an HTTP/1 request: {self._buffer[:80]!r}")
        if len(self._buffer) > MAX_HEAD_BYTES:
            raise BadRequest(f"the head exceeds {MAX_HEAD_BYTES} bytes")


def _choose_body(fields: dict[bytes, bytes]) -> LengthBody | ChunkedDecoder | None:
    """RFC 9112 §6.3: a request without both fields has no body."""
    if not fields:
        return None
    if b"transfer-encoding" in fields:
        if b"content-length" in fields or fields[b"transfer-encoding"].lower() != b"chunked":
            raise BadRequest("the length of the body is ambiguous")
        return ChunkedDecoder()
    length = fields.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadRequest(f"Content-Length is {length!r}")
    return LengthBody(int(length)) if int(length) else None
