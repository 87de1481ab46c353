"""Where a response gets its encoded body from: collected already, or through a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from netstack_sync.base.exceptions import NetError
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, OK
from netstack_sync.fetcher.body_pipe import BodyPipe
from netstack_sync.loop.completion import Task


class BodySource(Protocol):
    """The pieces of one body, each given once."""

    def read_piece(self) -> bytes:
        """The next piece, waiting for it if need be; b"" at the end; raises the NetError that cut it off."""

    def close(self) -> None:
        """Nobody reads on; idempotent."""


class CollectedBody:
    """A body that is here. It stays readable after close(): a caller may look at it after a `with` block."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def read_piece(self) -> bytes:
        """See BodySource."""
        return next(self._pieces, b"")

    def close(self) -> None:
        """See BodySource."""


class PipedBody:
    """A body that is still arriving. Closing it ends the fetch; what was not read then is lost, loudly."""

    __slots__ = ("_cancel", "_failure", "_is_closed", "_is_over", "_pieces", "_pipe")

    def __init__(self, pipe: BodyPipe, cancel: Task, failure: Callable[[int], NetError]) -> None:
        self._pipe = pipe
        self._cancel = cancel
        self._failure = failure
        self._pieces: Iterator[bytes] = iter(())
        self._is_closed = False
        self._is_over = False  # the end was read, so nothing is missing

    def read_piece(self) -> bytes:
        """See BodySource. Ctrl-C during the wait ends the fetch."""
        piece = next(self._pieces, b"")
        if piece or self._is_over:
            return piece
        if self._is_closed:
            raise self._failure(ERR_ABORTED)  # not b"": half a body would look like a whole one
        try:
            self._pieces = iter(self._pipe.read())
        except BaseException:
            self._cancel()
            raise
        piece = next(self._pieces, b"")
        if not piece:
            if self._is_closed:
                raise self._failure(ERR_ABORTED)  # by another thread, during the wait
            if self._pipe.result != OK:
                raise self._failure(self._pipe.result)
            self._is_over = True
        return piece

    def close(self) -> None:
        """See BodySource."""
        self._is_closed = True
        if self._pipe.result == ERR_IO_PENDING:  # else the fetch is over, and a crossing would be for nothing
            self._cancel()
        self._pipe.discard()
        self._pieces = iter(())
