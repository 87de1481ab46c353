"""Progress: one line that says how far a download is."""

from __future__ import annotations

import io
import sys

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.cli.progress import NoProgress, PlainProgress, make_progress, shown_size
from netstack_sync.cli.rich_progress import RichProgress


def drawn(stream: io.StringIO) -> list[str]:
    """The states of the line, oldest first."""
    return [line.removesuffix("\n").removesuffix("\x1b[K").strip() for line in stream.getvalue().split("\r")[1:]]


def test_line_shows_share_size_and_rate() -> None:
    """It is drawn at the start, at most every tenth of a second, and at the end."""
    stream, clock = io.StringIO(), ManualClock()
    with PlainProgress(stream, 4096, clock) as progress:
        progress.advance(1024)
        clock.advance(1)
        progress.advance(1024)
        progress.advance(2048)
    assert drawn(stream) == [
        f"[{'':30}]   0%  0 B",
        f"[{'#' * 15:30}]  50%  2.0 KiB  2.0 KiB/s",
        f"[{'#' * 30}] 100%  4.0 KiB  4.0 KiB/s",
    ]
    assert stream.getvalue().endswith("\n")


def test_unknown_total_only_counts() -> None:
    """No bar without an end."""
    stream = io.StringIO()
    with PlainProgress(stream, None, ManualClock()) as progress:
        progress.advance(10)
    assert drawn(stream) == ["0 B", "10 B"]


def test_rich_is_used_when_it_is_there() -> None:
    """The extra "cli"."""
    with make_progress(100) as progress:
        assert isinstance(progress, RichProgress)
        progress.advance(50)


def test_plain_line_is_used_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fails when the extra is not installed."""
    monkeypatch.setitem(sys.modules, "netstack_sync.cli.rich_progress", None)
    assert isinstance(make_progress(100), PlainProgress)


def test_no_progress_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts."""
    with NoProgress() as progress:
        progress.advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "size, text", [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (12_900_000, "12.3 MiB"), (1 << 42, "4096.0 GiB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    """Binary units."""
    assert shown_size(size) == text
