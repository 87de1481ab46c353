"""RichProgress: the progress bar of the library rich. Importing this needs the extra "cli"."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn


class RichProgress:
    """Drawn by a thread of rich's, on stderr."""

    def __init__(self, total_bytes: int | None) -> None:
        columns = (BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("download", total=total_bytes)

    def advance(self, size_bytes: int) -> None:
        """See cli/progress.py."""
        self._progress.advance(self._task, size_bytes)

    def __enter__(self) -> RichProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
