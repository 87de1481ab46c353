"""RichBoard: the progress bars of the library rich. Importing this needs the extra "cli"."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from netstack_sync.base.clock import TickClock
from netstack_sync.base.shown_text import shown

_MAX_NAME: Final = 30
_ALL_COLUMNS: Final = 60  # characters of a terminal that has room for them


class RichBoard:
    """A bar for each transfer that has begun, and one for all; drawn by a thread of rich's, on stderr."""

    def __init__(self, transfers: int, clock: TickClock, patience_s: float = 0.0) -> None:
        """Nothing is drawn before `patience_s` are over. What others write to stderr meanwhile comes above the bars."""
        console = Console(stderr=True)
        self._progress = Progress(
            *_columns(console.width),
            console=console,
            redirect_stdout=sys.stdout.isatty(),  # else it is no business of the terminal's
        )
        self._clock = clock
        self._draws_from = clock.now() + patience_s
        self._is_drawn = False
        self._is_hidden = False
        self._gate = threading.Lock()
        self._transfers = transfers
        self._totals: list[int | None] = []
        self._all: TaskID | None = None
        if transfers > 1:
            self._all = self._progress.add_task(self._counted(0), total=None)
        self._finished = 0

    def start(self, name: str) -> RichTransfer:
        """See cli/progress.py."""
        with self._gate:
            self._totals.append(None)
            task = self._progress.add_task(escape(shown(name, _MAX_NAME)), total=None)
            return RichTransfer(self, task, len(self._totals) - 1)

    def expect(self, task: TaskID, number: int, total_bytes: int | None) -> None:
        """Of one transfer; the sum counts once all are known."""
        with self._gate:
            self._maybe_draw()
            self._progress.update(task, total=total_bytes)
            self._totals[number] = total_bytes
            known = [total for total in self._totals if total is not None]
            if self._all is not None and len(known) == self._transfers:
                self._progress.update(self._all, total=sum(known))

    def advance(self, task: TaskID, size_bytes: int) -> None:
        """Of one transfer and of all."""
        if not self._is_drawn:
            with self._gate:
                self._maybe_draw()
        self._progress.advance(task, size_bytes)
        if self._all is not None:
            self._progress.advance(self._all, size_bytes)

    def finish(self) -> None:
        """One more is done."""
        with self._gate:
            self._finished += 1
            if self._all is not None:
                self._progress.update(self._all, description=self._counted(self._finished))

    def make_room(self) -> None:
        """See ProgressBoard: room is made by what is redirected."""

    def hide(self) -> None:
        """See ProgressBoard."""
        with self._gate:
            self._is_hidden = True
            self._progress.live.transient = True
            self._stop()

    def __enter__(self) -> RichBoard:
        with self._gate:
            self._maybe_draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._gate:
            self._stop()

    def _maybe_draw(self) -> None:
        if not self._is_drawn and not self._is_hidden and self._clock.now() >= self._draws_from:
            self._is_drawn = True
            self._progress.start()

    def _stop(self) -> None:
        """Without having been started it would write an empty line."""
        if self._is_drawn:
            self._is_drawn = False
            self._progress.stop()

    def _counted(self, finished: int) -> str:
        return f"{finished} of {self._transfers} done"


def _columns(width: int) -> list[ProgressColumn]:
    """As many as fit into one line."""
    columns = [TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True)]
    return columns if width < _ALL_COLUMNS else [*columns, TransferSpeedColumn(), TimeRemainingColumn()]


class RichTransfer:
    """A Progress; see cli/progress.py."""

    __slots__ = ("_board", "_number", "_task")

    def __init__(self, board: RichBoard, task: TaskID, number: int) -> None:
        self._board = board
        self._task = task
        self._number = number

    def expect(self, total_bytes: int | None) -> None:
        """See Progress."""
        self._board.expect(self._task, self._number, total_bytes)

    def advance(self, size_bytes: int) -> None:
        """See Progress."""
        self._board.advance(self._task, size_bytes)

    def finish(self) -> None:
        """See Progress."""
        self._board.finish()
