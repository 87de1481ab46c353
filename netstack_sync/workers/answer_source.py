"""AnswerSource: where an answer comes from that takes a worker to make; and who calls it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from netstack_sync.base.error_map import map_system_error
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_FAILED, ERR_IO_PENDING, ERR_TIMED_OUT, OK

T = TypeVar("T")


class SourceAnswer(NamedTuple):
    """The head of an answer as plain values."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    """Without Content-Length, which `size` says; fit to be sent."""
    size: int | None
    """Bytes that the body has in all; None when only its end will tell."""
    body: bytes | None = None
    """The whole body, where it is there already: then no piece is asked for."""


class AnswerSource(Protocol):
    """Gives one answer. Its methods but abort() run on workers, one at a time, and may block and raise."""

    is_remote: bool
    """True when open() has to connect to somebody first."""
    has_effects: bool
    """True when open() may do more than to read."""

    def open(self) -> SourceAnswer:
        """The head; called once, first."""

    def read_piece(self) -> bytes:
        """The next piece of the body, b"" at its end."""

    def abort(self, is_busy: bool) -> None:
        """Nobody wants the answer any more: ends a call that is under way, as far as it can be; network thread.

        Never blocks; idempotent. Unless it is busy, what the system gave it is given back.
        """

    def close(self) -> None:
        """The last call, also where open() failed; idempotent."""


class SourceError(Exception):
    """A source knows which net error its failure is."""

    def __init__(self, net_error: int, detail: str) -> None:
        super().__init__(net_error, detail)
        self.net_error = net_error
        self.detail = detail


class SourceReader:
    """Calls a source, and closes it after the last call: whoever is left, worker or owner, sees to that."""

    __slots__ = ("_is_abandoned", "_is_busy", "_lock", "source")

    def __init__(self, source: AnswerSource) -> None:
        self.source = source
        self._lock = threading.Lock()  # held for a few instructions, never during a call
        self._is_busy = False
        self._is_abandoned = False

    def open(self) -> SourceAnswer:
        """See AnswerSource; worker."""
        return self._call(self.source.open)

    def read_piece(self) -> bytes:
        """See AnswerSource; worker."""
        return self._call(self.source.read_piece)

    def abandon(self) -> bool:
        """No further call; network thread. True when the source is still to be closed, on a worker."""
        with self._lock:
            self._is_abandoned = True
            is_busy = self._is_busy
            self.source.abort(is_busy)
        return not is_busy

    def _call(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._is_abandoned:
                raise SourceError(ERR_ABORTED, "")
            self._is_busy = True
        try:
            return work()
        finally:
            with self._lock:
                self._is_busy = False
                must_close = self._is_abandoned
            if must_close:
                self.source.close()


class ReadyAnswer:
    """An AnswerSource that has, or makes, all of it at once."""

    __slots__ = ("_make",)

    is_remote = False
    has_effects = False

    def __init__(self, make: Callable[[], SourceAnswer]) -> None:
        """What `make` gives has a body."""
        self._make = make

    def open(self) -> SourceAnswer:
        """See AnswerSource."""
        return self._make()

    def read_piece(self) -> bytes:
        """See AnswerSource."""
        return b""

    def abort(self, is_busy: bool) -> None:
        """Nothing that could be ended."""

    def close(self) -> None:
        """Nothing is open."""


def failure_of(error: BaseException) -> tuple[int, str]:
    """The net error that an exception of a source means, and its words."""
    if isinstance(error, SourceError):
        return error.net_error, error.detail
    if isinstance(error, NetError):
        return error.net_error.number, error.detail
    if isinstance(error, TimeoutError):
        return ERR_TIMED_OUT, str(error)
    if isinstance(error, OSError):
        net_error = map_system_error(error.errno or 0)
        where = f": {error.filename}" if error.filename else ""
        return net_error if net_error not in (OK, ERR_IO_PENDING) else ERR_FAILED, (
            error.strerror or str(error)
        ) + where
    return ERR_FAILED, described(error)


def described(error: BaseException) -> str:
    """An exception of code that is not ours, with the line that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})" if trace is not None else ""
    return f"{type(error).__name__}: {error}{where}"
