"""Progress: one line that says how far a download is."""

from __future__ import annotations

import io
import sys

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.cli.progress import NoProgress, PlainBoard, make_board, shown_size
from netstack_sync.cli.rich_progress import RichBoard


def drawn(stream: io.StringIO) -> list[str]:
    """The states of the line, oldest first."""
    return [line.removesuffix("\n").removesuffix("\x1b[K").strip() for line in stream.getvalue().split("\r")[1:]]


def test_line_shows_share_size_and_rate() -> None:
    """It is drawn at the start, at most every tenth of a second, and at the end."""
    stream, clock = io.StringIO(), ManualClock()
    with PlainBoard(stream, 1, clock) as board:
        progress = board.start("a")
        progress.expect(4096)
        progress.advance(1024)
        clock.advance(1)
        progress.advance(1024)
        progress.advance(2048)
        progress.finish()
    assert drawn(stream) == [
        f"[{'':30}]   0%  0 B",
        f"[{'#' * 15:30}]  50%  2.0 KiB  2.0 KiB/s",
        f"[{'#' * 30}] 100%  4.0 KiB  4.0 KiB/s",
    ]
    assert stream.getvalue().endswith("\n")


def test_unknown_total_only_counts() -> None:
    """No bar without an end."""
    stream = io.StringIO()
    with PlainBoard(stream, 1, ManualClock()) as board:
        progress = board.start("a")
        progress.expect(None)
        progress.advance(10)
    assert drawn(stream) == ["0 B", "10 B"]


def test_several_transfers_share_the_line() -> None:
    """With a bar once the lengths of all are known."""
    stream, clock = io.StringIO(), ManualClock()
    with PlainBoard(stream, 2, clock) as board:
        one = board.start("a")
        one.expect(100)
        one.advance(100)
        one.finish()
        clock.advance(1)
        two = board.start("b")
        two.expect(300)
        clock.advance(1)
        two.advance(100)
    assert drawn(stream) == [
        "0 B  0 of 2 done",
        f"[{'#' * 7:30}]  25%  100 B  100 B/s  1 of 2 done",
        f"[{'#' * 15:30}]  50%  200 B  100 B/s  1 of 2 done",
        f"[{'#' * 15:30}]  50%  200 B  100 B/s  1 of 2 done",
    ]


def test_board_without_news_leaves_no_line() -> None:
    """Such as when the first connection fails."""
    stream = io.StringIO()
    with PlainBoard(stream, 1, ManualClock()):
        pass
    assert stream.getvalue() == ""


def test_line_waits_for_what_is_not_soon_over() -> None:
    """And is not drawn at all for what is."""
    stream, clock = io.StringIO(), ManualClock()
    with PlainBoard(stream, 1, clock, 0.5) as board:
        progress = board.start("a")
        progress.advance(10)
        clock.advance(0.4)
        progress.advance(10)
    assert stream.getvalue() == ""
    with PlainBoard(stream, 1, clock, 0.5) as board:
        clock.advance(0.5)
        board.start("a").advance(10)
    assert drawn(stream) == ["10 B  20 B/s", "10 B  20 B/s"]


def test_line_makes_way() -> None:
    """For a message, after which it comes again, and for a body, after which it does not."""
    stream = io.StringIO()
    with PlainBoard(stream, 1, ManualClock()) as board:
        progress = board.start("a")
        board.make_room()
        assert stream.getvalue() == ""
        for act in (board.make_room, board.hide):
            progress.advance(10)
            act()
            assert stream.getvalue().endswith("B\x1b[K\r\x1b[K")
        progress.advance(10)
    assert drawn(stream) == ["10 B", "", "20 B", ""]


def test_rich_is_used_when_it_is_there() -> None:
    """The extra "cli"."""
    assert isinstance(make_board(1), RichBoard)


def test_plain_line_is_used_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing fails when the extra is not installed."""
    monkeypatch.setitem(sys.modules, "netstack_sync.cli.rich_progress", None)
    assert isinstance(make_board(1), PlainBoard)


def test_no_progress_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts."""
    with NoProgress() as board:
        board.make_room()
        board.hide()
        progress = board.start("a")
        progress.expect(1)
        progress.advance(1)
        progress.finish()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "size, text", [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (12_900_000, "12.3 MiB"), (1 << 42, "4096.0 GiB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    """Binary units."""
    assert shown_size(size) == text
