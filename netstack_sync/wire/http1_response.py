"""Finds the end of a response head, validates it and gives its values (RFC 9112 §4, §5).

Two ways lead to one result. A head that follows the grammar and is there in one piece, as nearly all are,
costs one regular expression over the block and one over the lines that matter for framing. Everything else
is collected in a buffer that is searched once, and rewritten by http1_lenient.py if need be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import (
    ERR_INVALID_HTTP_RESPONSE,
    ERR_RESPONSE_HEADERS_TOO_BIG,
    ERR_RESPONSE_HEADERS_TRUNCATED,
)
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_framing import HTTP_1_0, HTTP_1_1, Framing, read_framing
from netstack_sync.wire.http1_lenient import STATUS_LINE_DECIDED_BYTES, find_status_line, normalise_head

# Chromium's kMaxHeaderBufSize: well above any honest head, well below what hurts.
MAX_HEAD_BYTES: Final = 256 * 1024
# Each line costs far more as a parsed field than as bytes. Real heads have fewer than 100 lines.
MAX_HEAD_LINES: Final = 1024
# Of 1xx: a peer that only ever announces an answer would hold the request for ever.
MAX_INTERIM: Final = 32
# A field line has four bytes at least ("a:\r\n"), so a head of this size cannot have too many of them.
_CANNOT_HAVE_TOO_MANY_LINES_BYTES: Final = 4 * MAX_HEAD_LINES

_CACHED_STATUS_LINES: Final = 16  # a server has a few

_VALUE: Final = rb"[\t\x20-\x7e\x80-\xff]*"  # RFC 9110 §5.5
_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # RFC 9110 §5.6.2
# The whole head; the space before an empty reason may be missing. Each repeated part excludes the character
# that ends it, so a match that fails gives up in linear time.
_strict_head: Final = re.compile(
    rb"(HTTP/1\.[01] [1-9][0-9]{2}(?: %b)?)\r\n((?:%b:%b\r\n)*)\r\n" % (_VALUE, _TOKEN, _VALUE)
).match
_head_end: Final = re.compile(rb"\n\r?\n").search


class ResponseHead:
    """Status line, fields and framing of one response; a value that never changes, but for trailers that are to come.

    `in_doubt` says that something was put up with which another parser may read differently: such a
    connection is never reused. `keep_alive` is what the peer promises, and False when in doubt.
    """

    __slots__ = (
        "content_length",
        "headers",
        "in_doubt",
        "is_chunked",
        "keep_alive",
        "reason",
        "status",
        "trailer_lines",
        "version",
    )

    content_length: Final[int | None]
    is_chunked: Final[bool]
    keep_alive: Final[bool]
    in_doubt: Final[bool]

    def __init__(
        self,
        status: int,
        reason: str,
        version: tuple[int, int],
        headers: ResponseHeaders,
        framing: Framing,
    ) -> None:
        self.status: Final = status
        self.reason: Final = reason
        self.version: Final = version
        self.headers: Final = headers
        self.content_length, self.is_chunked, self.keep_alive, self.in_doubt, _ = framing
        self.trailer_lines: list[bytes] | None = [] if self.is_chunked else None
        """Filled by the reader of the body."""

    @property
    def knows_keep_alive(self) -> bool:
        """False for a peer that closes each connection because it may have learned nothing else: HTTP/1.0."""
        return self.keep_alive or self.version != HTTP_1_0

    @property
    def trailers(self) -> ResponseHeaders:
        """The fields after the body; none before its end, and none without the chunked coding."""
        return ResponseHeaders(b"".join(self.trailer_lines or ()))

    def with_fields(self, status: int, reason: str, headers: ResponseHeaders) -> ResponseHead:
        """The same answer under another status line and other fields: what frames its body, and its trailers, stay."""
        framing = Framing(self.content_length, self.is_chunked, self.keep_alive, self.in_doubt)
        changed = ResponseHead(status, reason, self.version, headers, framing)
        changed.trailer_lines = self.trailer_lines
        return changed

    def __repr__(self) -> str:
        major, minor = self.version
        return f"<ResponseHead HTTP/{major}.{minor} {self.status} {self.reason!r}{' in doubt' * self.in_doubt}>"


def read_whole_head(data: bytes) -> tuple[ResponseHead, int] | None:
    """Return the head that `data` begins with, and its size; None for one that a `ResponseHeadParser` has to read.

    That is any that is not all there, not strictly right, or large enough to break a limit. May raise `WireError`.
    """
    match = _strict_head(data)
    if match is None or (end := match.end()) > _CANNOT_HAVE_TOO_MANY_LINES_BYTES:
        return None
    return _read_head(match, end, _known_status_line), end


class ResponseHeadParser:
    """Reads one response head from pieces of any size; owned by whoever reads the socket.

    Feed `receive` until it gives the head, or `finish` when the peer has closed. What followed the head in
    the last piece is then in `surplus`: body, the next head after a 1xx, or what an upgraded protocol sent.
    `received_bytes` counts what was fed and, once the head is there, the bytes of the head alone. Errors are
    `WireError`; after one the parser is spent.
    """

    __slots__ = ("_buffer", "_limit_bytes", "_searched_bytes", "_start", "received_bytes", "surplus")

    def __init__(self, limit_bytes: int = MAX_HEAD_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._start = -1  # of the status line in the buffer; -1: not seen yet
        self._searched_bytes = 0  # so many hold no end of the head
        self.received_bytes = 0
        self.surplus = b""

    def receive(self, data: bytes) -> ResponseHead | None:
        """Take the next piece; return the head when it is complete, None when more is needed."""
        if not self._buffer and self._limit_bytes >= _CANNOT_HAVE_TOO_MANY_LINES_BYTES:
            whole = read_whole_head(data)
            if whole is not None:
                head, self.received_bytes = whole
                self.surplus = data[self.received_bytes :]
                return head
        return self._collect(data)

    def finish(self, is_secure: bool) -> ResponseHead:
        """Take the end of the connection inside the head: over plain http what is there is the head.

        Over TLS nobody honest cuts a head short, and an attacker may want to (Chromium: "potential security
        vulnerability"). An end before any byte is not a matter of this parser.
        """
        assert self._buffer, self
        if is_secure:
            raise WireError(ERR_RESPONSE_HEADERS_TRUNCATED, "the connection was closed inside the response head")
        if self._start < 0:
            raise WireError(ERR_INVALID_HTTP_RESPONSE, "the connection was closed before a status line")
        received_bytes, end = len(self._buffer), self._buffer.rfind(b"\n") + 1
        if end > self._start:
            del self._buffer[end:]  # a line that was cut may say something else than it was to, Location above all
        head = self._read_collected(len(self._buffer))
        self.received_bytes = received_bytes
        return head

    def _collect(self, data: bytes) -> ResponseHead | None:
        """Append to the buffer, and look for the end of the head in what was not searched yet."""
        buffer = self._buffer
        buffer += data
        self.received_bytes = len(buffer)
        if self._start < 0:
            self._start = find_status_line(buffer)
            if self._start < 0:
                if len(buffer) >= STATUS_LINE_DECIDED_BYTES:
                    raise WireError(ERR_INVALID_HTTP_RESPONSE, "the answer does not start with an HTTP status line")
                return None
        # The end is three bytes long at most, two of which may have been searched before.
        match = _head_end(buffer, max(self._start, self._searched_bytes - 2))
        self._searched_bytes = len(buffer)
        # An end still to come lies beyond all that is here: the verdict does not depend on the pieces.
        if (match.end() if match else len(buffer) + 1) > self._limit_bytes:
            raise WireError(ERR_RESPONSE_HEADERS_TOO_BIG, f"the response head exceeds {self._limit_bytes} bytes")
        return self._read_collected(match.end()) if match else None

    def _read_collected(self, end: int) -> ResponseHead:
        head = bytes(self._buffer[self._start : end])
        self.received_bytes = end
        self.surplus = bytes(self._buffer[end:])
        if head.count(b"\n") > MAX_HEAD_LINES:
            raise WireError(ERR_RESPONSE_HEADERS_TOO_BIG, f"the response head exceeds {MAX_HEAD_LINES} lines")
        match = _strict_head(head)
        in_doubt = match is None or self._start > 0
        if match is None:
            match = _strict_head(normalise_head(head))
            assert match is not None, "the tolerant path gave something the strict grammar refuses"
        return _read_head(match, match.end(), _read_status_line, in_doubt)

    def __repr__(self) -> str:
        return f"<ResponseHeadParser received_bytes={self.received_bytes}>"


_StatusLine: TypeAlias = tuple[int, str, tuple[int, int]]  # status, reason, version


def _read_head(
    match: re.Match[bytes], end: int, read_status_line: Callable[[bytes], _StatusLine], in_doubt: bool = False
) -> ResponseHead:
    """Give the values of a head that the strict grammar has matched."""
    line, fields = match.group(1, 2)
    status, reason, version = read_status_line(line)
    # From the LF that ends the status line to the end: each field line has an LF before it.
    framing = read_framing(match.string, match.start(2) - 1, end, version)
    if in_doubt:
        framing = framing._replace(keep_alive=False, in_doubt=True)
    return ResponseHead(status, reason, version, ResponseHeaders(fields, framing.noted), framing)


def _read_status_line(line: bytes) -> _StatusLine:
    return int(line[9:12]), line[13:].decode("latin-1"), HTTP_1_0 if line[7:8] == b"0" else HTTP_1_1


# Only for lines of heads that came whole: those are small, so what is kept is, too.
_known_status_line = lru_cache(_CACHED_STATUS_LINES)(_read_status_line)
