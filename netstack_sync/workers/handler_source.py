"""HandlerSource: an answer that a function of the user's makes; and what it is given and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from netstack_sync.base.exceptions import NetError
from netstack_sync.base.headers import RequestHeaders, ResponseHeaders
from netstack_sync.base.net_errors import ERR_FAILED
from netstack_sync.workers.answer_source import SourceAnswer, SourceError, described

T = TypeVar("T")

_STATUSES = frozenset(HTTPStatus)
_NOT_THE_HANDLERS = ("content-length", "transfer-encoding")  # said by the body


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerRequest:
    """A request as a function of the user's sees it: plain values, its own to keep."""

    url: str
    method: str
    headers: RequestHeaders
    body: bytes = field(default=b"", repr=False)
    is_body_streamed: bool = False
    """True for an interceptor when the body comes from a file or an iterator: who sends it reads it; `body` is b""."""


@dataclass(frozen=True, slots=True)
class HandlerAnswer:
    """The answer of a function of the user's.

    A `body` that is an iterable is read piece by piece, on worker threads, no faster than the caller reads; its
    close() is called when nobody wants more. Content-Length goes without saying where the body is bytes.
    Raises TypeError for another body, ValueError for another status than a number from 200 to 599.
    """

    body: bytes | bytearray | memoryview | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()
    reason: str | None = None
    """By default what the status is called."""

    def __post_init__(self) -> None:
        body: object = self.body
        if isinstance(body, (str, Mapping)) or not isinstance(body, Iterable):
            hint = "; encode it: text.encode()" if isinstance(body, str) else ""
            raise TypeError(f"body: must be bytes or an iterable of bytes, not {type(body).__name__}{hint}")
        status: object = self.status
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise ValueError(f"status: must be a number from 200 to 599, not {status!r}")


Handler = Callable[[HandlerRequest], HandlerAnswer]
Interceptor = Callable[[HandlerRequest], "HandlerAnswer | None"]


class HandlerSource:
    """See AnswerSource. What the function raises becomes ERR_FAILED, a NetError stays the one it is."""

    __slots__ = ("_iterator", "_make")

    is_remote = False
    has_effects = True

    def __init__(self, make: Callable[[], object]) -> None:
        """`make` gives the HandlerAnswer."""
        self._make = make
        self._iterator: Iterator[bytes] = iter(())

    def open(self) -> SourceAnswer:
        """See AnswerSource."""
        return _blamed(self._open)

    def read_piece(self) -> bytes:
        """See AnswerSource."""
        return _blamed(self._read_piece)

    def abort(self, is_busy: bool) -> None:
        """Code of the user's cannot be ended, and is not called here."""

    def close(self) -> None:
        """See AnswerSource."""
        iterator: Any = self._iterator
        self._iterator = iter(())
        close = getattr(iterator, "close", None)
        if close is not None:
            close()

    def _open(self) -> SourceAnswer:
        answer = self._make()
        if not isinstance(answer, HandlerAnswer):
            raise TypeError(f"the handler must return a HandlerAnswer, not {type(answer).__name__}")
        reason, headers, size = _reason_of(answer), *_headers_of(answer)
        body = answer.body
        if isinstance(body, (bytes, bytearray, memoryview)):
            data = bytes(body)
            return SourceAnswer(answer.status, reason, headers, len(data), data)
        self._iterator = iter(body)
        return SourceAnswer(answer.status, reason, headers, size)

    def _read_piece(self) -> bytes:
        for piece in self._iterator:
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(f"the body must be made of bytes, not {type(piece).__name__}")
            if piece:  # an empty one would mean the end
                return bytes(piece)
        return b""


def _blamed(work: Callable[[], T]) -> T:
    """Names the exception of code that is not ours, which may be any; a NetError is meant as it is."""
    try:
        return work()
    except NetError:
        raise
    except Exception as error:
        raise SourceError(ERR_FAILED, described(error)) from error


def _reason_of(answer: HandlerAnswer) -> str:
    status, reason = answer.status, answer.reason
    if reason is None:
        return HTTPStatus(status).phrase if status in _STATUSES else ""
    ResponseHeaders.from_items([("Reason", reason)])  # the same characters are allowed in both
    return reason


def _headers_of(answer: HandlerAnswer) -> tuple[tuple[tuple[str, str], ...], int | None]:
    """The fields that are fit to be sent, and the length that they announce."""
    headers: Any = answer.headers
    pairs = [(name, value) for name, value in (headers.items() if isinstance(headers, Mapping) else headers)]
    fields = ResponseHeaders.from_items(pairs)
    length = fields.get("content-length")
    if length is not None and not (length.isascii() and length.isdigit() and len(length) < 19):
        raise ValueError(f"the Content-Length {length!r} is no number of bytes")
    kept = tuple((name, value) for name, value in fields.items() if name.lower() not in _NOT_THE_HANDLERS)
    return kept, int(length) if length is not None else None
