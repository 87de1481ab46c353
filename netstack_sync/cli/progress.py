"""How far transfers are, shown on a terminal's stderr: with rich when it is installed, else in a plain line."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final, Protocol, TextIO

from netstack_sync.base.clock import SystemTickClock, TickClock

_REDRAW_S: Final = 0.1
_BAR_WIDTH: Final = 30
_UNITS: Final = ("B", "KiB", "MiB", "GiB")


class Progress(Protocol):
    """One transfer's share of a board; any thread."""

    def expect(self, total_bytes: int | None) -> None:
        """So many bytes there will be in all, those that came before included; None while nobody knows."""

    def advance(self, size_bytes: int) -> None:
        """So many bytes more are there; fewer, if it begins anew."""

    def finish(self) -> None:
        """No more will come."""


class ProgressBoard(Protocol):
    """All transfers of a command, shown in a with-block."""

    def start(self, name: str) -> Progress:
        """A transfer begins; any thread."""

    def make_room(self) -> None:
        """A line is written to the terminal next; any thread."""

    def hide(self) -> None:
        """From now on the terminal is somebody else's: what is drawn goes away for good; any thread."""

    def __enter__(self) -> ProgressBoard: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NoProgress:
    """Shows nothing: a Progress and a ProgressBoard."""

    def start(self, name: str) -> NoProgress:
        """See ProgressBoard."""
        return self

    def make_room(self) -> None:
        """See ProgressBoard."""

    def hide(self) -> None:
        """See ProgressBoard."""

    def expect(self, total_bytes: int | None) -> None:
        """See Progress."""

    def advance(self, size_bytes: int) -> None:
        """See Progress."""

    def finish(self) -> None:
        """See Progress."""

    def __enter__(self) -> NoProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was shown."""


class PlainBoard:
    """One line that is drawn again and again: of all transfers together, with their number if there are several."""

    def __init__(self, stream: TextIO, transfers: int, clock: TickClock, patience_s: float = 0.0) -> None:
        """Nothing is drawn before `patience_s` are over."""
        self._stream = stream
        self._transfers = transfers
        self._clock = clock
        self._gate = threading.Lock()
        self._started_at = clock.now()
        self._draws_from = self._started_at + patience_s
        self._drawn_at: float | None = None
        self._is_hidden = False
        self._tasks: list[_PlainProgress] = []

    def start(self, name: str) -> Progress:
        """See ProgressBoard."""
        task = _PlainProgress(self)
        with self._gate:
            self._tasks.append(task)
        return task

    def make_room(self) -> None:
        """See ProgressBoard. The next news draws the line again."""
        with self._gate:
            self._erase()

    def hide(self) -> None:
        """See ProgressBoard."""
        with self._gate:
            self._erase()
            self._is_hidden = True

    def __enter__(self) -> PlainBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._gate:
            if self._drawn_at is not None:
                self._draw()
                self._stream.write("\n")
                self._stream.flush()

    def maybe_draw(self) -> None:
        """Draws the line if it has not been for a while; any thread."""
        with self._gate:
            now = self._clock.now()
            if self._is_hidden or now < self._draws_from:
                return
            if self._drawn_at is None or now - self._drawn_at >= _REDRAW_S:
                self._drawn_at = now
                self._draw()

    def _erase(self) -> None:
        if self._drawn_at is not None:
            self._drawn_at = None
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _draw(self) -> None:
        size_bytes = sum([task.size_bytes for task in self._tasks])
        elapsed_s = self._clock.now() - self._started_at
        rate = f"  {shown_size(size_bytes / elapsed_s)}/s" if elapsed_s > 0 else ""
        self._stream.write(f"\r{self._bar(size_bytes)}{shown_size(size_bytes)}{rate}{self._count()}\x1b[K")
        self._stream.flush()

    def _bar(self, size_bytes: int) -> str:
        """Nothing, as long as it is not known how much all of it is."""
        totals = [task.total_bytes for task in self._tasks]
        total_bytes = sum([total for total in totals if total is not None])
        if None in totals or len(totals) < self._transfers or not total_bytes:
            return ""
        share = max(0.0, min(1.0, size_bytes / total_bytes))
        return f"[{'#' * int(share * _BAR_WIDTH):<{_BAR_WIDTH}}] {share:4.0%}  "

    def _count(self) -> str:
        if self._transfers == 1:
            return ""
        return f"  {sum([task.is_finished for task in self._tasks])} of {self._transfers} done"


class _PlainProgress:
    """What a PlainBoard knows of one transfer."""

    __slots__ = ("_board", "is_finished", "size_bytes", "total_bytes")

    def __init__(self, board: PlainBoard) -> None:
        self._board = board
        self.size_bytes = 0
        self.total_bytes: int | None = None
        self.is_finished = False

    def expect(self, total_bytes: int | None) -> None:
        """See Progress."""
        self.total_bytes = total_bytes
        self._board.maybe_draw()

    def advance(self, size_bytes: int) -> None:
        """See Progress."""
        self.size_bytes += size_bytes
        self._board.maybe_draw()

    def finish(self) -> None:
        """See Progress."""
        self.is_finished = True
        self._board.maybe_draw()


def make_board(transfers: int, patience_s: float = 0.0) -> ProgressBoard:
    """A board on stderr, which must be a terminal; nothing shows before `patience_s` are over."""
    try:
        from netstack_sync.cli.rich_progress import RichBoard  # an extra, and slow to import
    except ImportError:
        return PlainBoard(sys.stderr, transfers, SystemTickClock(), patience_s)
    return RichBoard(transfers, SystemTickClock(), patience_s)


def shown_size(size_bytes: float) -> str:
    """A size for people: "12.3 MiB"."""
    unit = 0
    while size_bytes >= 1024 and unit < len(_UNITS) - 1:
        size_bytes /= 1024
        unit += 1
    return f"{size_bytes:.{1 if unit else 0}f} {_UNITS[unit]}"
