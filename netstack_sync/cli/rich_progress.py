"""RichBoard: the progress bars of the library rich. Importing this needs the extra "cli"."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from netstack_sync.base.shown_text import shown

_MAX_NAME: Final = 30


class RichBoard:
    """A bar for each transfer that has begun, and one for all; drawn by a thread of rich's, on stderr."""

    def __init__(self, transfers: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
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
            self._progress.update(task, total=total_bytes)
            self._totals[number] = total_bytes
            known = [total for total in self._totals if total is not None]
            if self._all is not None and len(known) == self._transfers:
                self._progress.update(self._all, total=sum(known))

    def advance(self, task: TaskID, size_bytes: int) -> None:
        """Of one transfer and of all."""
        self._progress.advance(task, size_bytes)
        if self._all is not None:
            self._progress.advance(self._all, size_bytes)

    def finish(self) -> None:
        """One more is done."""
        with self._gate:
            self._finished += 1
            if self._all is not None:
                self._progress.update(self._all, description=self._counted(self._finished))

    def __enter__(self) -> RichBoard:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _counted(self, finished: int) -> str:
        return f"{finished} of {self._transfers} done"


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
