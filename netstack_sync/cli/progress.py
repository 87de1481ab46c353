"""How far a download is, shown on a terminal's stderr: with rich when it is installed, else in a plain line."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol, TextIO

from netstack_sync.base.clock import SystemTickClock, TickClock

_REDRAW_S = 0.1
_BAR_WIDTH = 30
_UNITS = ("B", "KiB", "MiB", "GiB")


class Progress(Protocol):
    """Shown in a with-block."""

    def advance(self, size_bytes: int) -> None:
        """So many bytes more are there."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NoProgress:
    """Shows nothing."""

    def advance(self, size_bytes: int) -> None:
        """See Progress."""

    def __enter__(self) -> NoProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was shown."""


class PlainProgress:
    """One line that is drawn again and again."""

    def __init__(self, stream: TextIO, total_bytes: int | None, clock: TickClock) -> None:
        self._stream = stream
        self._total_bytes = total_bytes
        self._clock = clock
        self._started_at = self._drawn_at = clock.now()
        self._size_bytes = 0

    def advance(self, size_bytes: int) -> None:
        """See Progress."""
        self._size_bytes += size_bytes
        now = self._clock.now()
        if now - self._drawn_at >= _REDRAW_S:
            self._drawn_at = now
            self._draw()

    def __enter__(self) -> PlainProgress:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw()
        self._stream.write("\n")
        self._stream.flush()

    def _draw(self) -> None:
        elapsed_s = self._clock.now() - self._started_at
        rate = f"  {shown_size(self._size_bytes / elapsed_s)}/s" if elapsed_s > 0 else ""
        self._stream.write(f"\r{self._bar()}{shown_size(self._size_bytes)}{rate}\x1b[K")
        self._stream.flush()

    def _bar(self) -> str:
        if not self._total_bytes:
            return ""
        share = min(1.0, self._size_bytes / self._total_bytes)
        return f"[{'#' * int(share * _BAR_WIDTH):<{_BAR_WIDTH}}] {share:4.0%}  "


def make_progress(total_bytes: int | None) -> Progress:
    """A bar on stderr, which must be a terminal; without a known total it only counts."""
    try:
        from netstack_sync.cli.rich_progress import RichProgress  # an extra, and slow to import
    except ImportError:
        return PlainProgress(sys.stderr, total_bytes, SystemTickClock())
    return RichProgress(total_bytes)


def shown_size(size_bytes: float) -> str:
    """A size for people: "12.3 MiB"."""
    unit = 0
    while size_bytes >= 1024 and unit < len(_UNITS) - 1:
        size_bytes /= 1024
        unit += 1
    return f"{size_bytes:.{1 if unit else 0}f} {_UNITS[unit]}"
