"""Readers of the body of one HTTP/1 response, one for each way its end is marked (RFC 9112 §6.3)."""

from __future__ import annotations

from typing import Final, Protocol

from netstack_sync.base.net_errors import ERR_CONTENT_LENGTH_MISMATCH, OK
from netstack_sync.wire.chunked import ChunkedDecoder
from netstack_sync.wire.http1_response import ResponseHead

# How much of a body that nobody wants is read, to go on over its connection, and how long that may take.
WORTH_READING_BYTES: Final = 16 * 1024  # a new connection costs less than reading more (http_response_body_drainer.h)
WORTH_READING_BOUND_BYTES: Final = 1 << 20  # a login's handshake goes on over this connection or not at all
WORTH_WAITING_S: Final = 5.0


_WITHOUT_BODY: Final = frozenset((*range(100, 200), 204, 205, 304))  # whatever the fields say


class BodyReader(Protocol):
    """Finds the payload and its end in what arrives after a head; owned by whoever reads the socket."""

    @property
    def is_complete(self) -> bool:
        """True once the last byte of the body has been received."""

    @property
    def surplus(self) -> bytes:
        """The bytes received after the end: no request asked for them, never reuse the connection."""

    @property
    def is_delimited(self) -> bool:
        """False if only the close of the connection ends the body."""

    @property
    def in_doubt(self) -> bool:
        """True if something was put up with that another parser may read differently."""

    def receive(self, data: bytes) -> bytes:
        """Return the payload in this piece, `data` itself if it is nothing else; may raise `WireError`."""

    def finish(self) -> int:
        """Take the end of the connection: OK, or the error that says which end is missing."""


def choose_body(head: ResponseHead, method: str) -> BodyReader:
    """Return the reader for the body that `head` announces in answer to `method`."""
    status = head.status
    # RFC 9112 §6.3 rules 1 and 2; 205 is Chromium's (RFC 9110 §15.3.6 forbids content with it).
    if status < 200 or status in (204, 304) or method == "HEAD":
        return NoBody()
    if status == 205:
        # Others go by the fields: unless these say that nothing comes, what comes could pass for the next response.
        return NoBody(in_doubt=head.content_length != 0)
    if method == "CONNECT" and status < 300:
        return NoBody()  # what follows belongs to the tunnel
    if head.is_chunked:
        return ChunkedDecoder(head.trailer_lines)
    if head.content_length is not None:
        return LengthBody(head.content_length)
    return UntilCloseBody()


def comes_whole(head: ResponseHead, method: str, size: int) -> bool:
    """Tell whether so many bytes behind `head` are its whole body and nothing else, for which no reader is needed."""
    return head.content_length == size and head.status not in _WITHOUT_BODY and method not in ("HEAD", "CONNECT")


class NoBody:
    """The end of a response that has no body: complete from the start."""

    __slots__ = ("in_doubt", "surplus")

    is_complete: Final = True
    is_delimited: Final = True

    def __init__(self, in_doubt: bool = False) -> None:
        self.in_doubt = in_doubt
        self.surplus = b""

    def receive(self, data: bytes) -> bytes:
        self.surplus += data
        return b""

    def finish(self) -> int:
        return OK

    def __repr__(self) -> str:
        return f"<NoBody surplus={len(self.surplus)}>"


class LengthBody:
    """A body of as many bytes as Content-Length says."""

    __slots__ = ("_remaining_bytes", "surplus")

    is_delimited: Final = True
    in_doubt: Final = False

    def __init__(self, length: int) -> None:
        self._remaining_bytes = length
        self.surplus = b""

    @property
    def is_complete(self) -> bool:
        return not self._remaining_bytes

    def receive(self, data: bytes) -> bytes:
        remaining = self._remaining_bytes
        if len(data) <= remaining:  # fast path, no copy
            self._remaining_bytes = remaining - len(data)
            return data
        self._remaining_bytes = 0
        self.surplus += data[remaining:]
        return data[:remaining]

    def finish(self) -> int:
        return OK if self.is_complete else ERR_CONTENT_LENGTH_MISMATCH

    def __repr__(self) -> str:
        return f"<LengthBody remaining={self._remaining_bytes} surplus={len(self.surplus)}>"


class UntilCloseBody:
    """A body that ends where the connection does; nobody can tell whether it was cut short."""

    __slots__ = ("is_complete",)

    is_delimited: Final = False
    in_doubt: Final = False
    surplus: Final = b""

    def __init__(self) -> None:
        self.is_complete = False

    def receive(self, data: bytes) -> bytes:
        return data

    def finish(self) -> int:
        self.is_complete = True
        return OK

    def __repr__(self) -> str:
        return f"<UntilCloseBody{' complete' * self.is_complete}>"
