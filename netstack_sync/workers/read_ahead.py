"""ReadAhead: what a worker has read of a request's body and the network thread has not taken yet."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final, Protocol

from netstack_sync.loop.completion import Task

AHEAD_BYTES: Final = 1024 * 1024
"""How much is read by one job: the two crossings of a job cost as much as sending 64 KiB."""
MERGED_BYTES: Final = 64 * 1024  # smaller pieces are sent together if they are here together


class BodySource(Protocol):
    """Where a body's pieces come from; called on worker threads, one call at a time."""

    def read_piece(self) -> bytes:
        """The next piece, b"" at the end; may block, may raise."""

    def restart(self) -> None:
        """Goes to the beginning; raises ValueError when it has been left and there is no way back."""

    @property
    def can_restart(self) -> bool:
        """True when restart() works."""


class ReadAhead:
    """One way through a source. Filled by a worker, one at a time, and emptied by the network thread.

    Whoever found nothing is told of the next piece as soon as it is here, also while the worker waits for those after
    it: what a slow source gives leaves at once.
    """

    __slots__ = ("_end", "_is_begun", "_is_given_up", "_is_wanted", "_left", "_lock", "_pieces", "_source", "_tell")

    def __init__(self, source: BodySource, size: int | None, tell: Task) -> None:
        """`tell` is called on the worker; nothing is read beyond a `size`."""
        self._source = source
        self._left = size
        self._tell = tell
        self._lock = threading.Lock()  # held for a few instructions
        self._pieces: deque[bytes] = deque()
        self._end: bytes | BaseException | None = None  # b"" or what was raised
        self._is_begun = False
        self._is_wanted = False
        self._is_given_up = False

    # --- network thread

    def take(self) -> bytes | BaseException | None:
        """What comes next: a piece, b"" at the end, once what the source raised; None when nothing is here."""
        with self._lock:
            if not self._pieces:
                end = self._end
                self._is_wanted = end is None
                if isinstance(end, BaseException):
                    self._end = b""  # its traceback holds the frames that hold this object
                return end
            first = self._pieces.popleft()
            if len(first) >= MERGED_BYTES or not self._pieces:
                return first
            merged, size = [first], len(first)
            while self._pieces and size < MERGED_BYTES:
                merged.append(self._pieces.popleft())
                size += len(merged[-1])
        return b"".join(merged)

    def give_up(self) -> None:
        """Nobody takes anything any more; the worker stops after the piece that it is at."""
        self._is_given_up = True

    # --- worker

    def fill(self) -> None:
        """Reads until there is enough, or no more."""
        try:
            if not self._is_begun and not self._is_given_up:
                self._is_begun = True
                self._source.restart()
            self._read(AHEAD_BYTES if self._left is None else min(AHEAD_BYTES, self._left))
        except BaseException as error:
            self.end(error)

    def end(self, end: bytes | BaseException) -> None:
        """Nothing comes after what is here; any thread."""
        self._add(b"", end)

    def _read(self, room: int) -> None:
        while room > 0 and not self._is_given_up:
            piece = self._source.read_piece()
            if not piece:
                self.end(b"")
                return
            room -= len(piece)
            if self._left is not None:
                self._left -= len(piece)
            self._add(piece, None)

    def _add(self, piece: bytes, end: bytes | BaseException | None) -> None:
        with self._lock:
            if piece:
                self._pieces.append(piece)
            self._end = end
            is_wanted, self._is_wanted = self._is_wanted, False
        if is_wanted:
            self._tell()
