"""The bars of rich: one for each transfer, and one for all."""

from __future__ import annotations

import sys

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.cli.rich_progress import RichBoard


def test_bar_shows_what_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr; a name of a stranger's is neither markup nor an escape of the terminal."""
    with RichBoard(1, ManualClock()) as board:
        transfer = board.start("[red]a\x1b[2J")
        transfer.expect(2048)
        transfer.advance(1024)
        transfer.finish()
    captured = capsys.readouterr()
    assert captured.out == "" and r"[red]a\x1b[2J" in captured.err and "1.0/2.0 KiB" in captured.err
    assert "\x1b[2J" not in captured.err and "done" not in captured.err


def test_several_have_a_bar_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Whose length is known once that of each is."""
    with RichBoard(2, ManualClock()) as board:
        one, two = board.start("one"), board.start("two")
        one.expect(2048)
        one.advance(2048)
        one.finish()
        two.expect(None)
        two.expect(2048)
        two.advance(512)
    err = capsys.readouterr().err
    assert "1 of 2 done" in err and "2.5/4.0 KiB" in err and "0.5/2.0 KiB" in err


@pytest.mark.parametrize("waits_s, is_shown", [(0.4, False), (0.5, True)])
def test_what_is_soon_over_gets_no_bar(waits_s: float, is_shown: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """And no line either."""
    clock = ManualClock()
    with RichBoard(1, clock, 0.5) as board:
        transfer = board.start("a")
        transfer.expect(2048)
        clock.advance(waits_s)
        transfer.advance(2048)
    assert ("2.0/2.0 KiB" in capsys.readouterr().err) == is_shown


def test_bars_make_way_for_a_body(capsys: pytest.CaptureFixture[str]) -> None:
    """For good; also those that were not there yet."""
    clock = ManualClock()
    with RichBoard(1, clock, 0.5) as board:
        transfer = board.start("a")
        board.hide()
        clock.advance(1)
        transfer.advance(1)
    assert capsys.readouterr() == ("", "")
    with RichBoard(1, clock) as board:
        board.hide()
        capsys.readouterr()
        board.start("a").advance(1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_standard_output_that_is_no_terminal_stays_itself(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written there must not come out on stderr, above the bars."""
    stdout = sys.stdout
    monkeypatch.setattr(stdout, "isatty", lambda: is_terminal)
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    with RichBoard(1, ManualClock()) as board:
        board.make_room()
        assert (sys.stdout is stdout) == (not is_terminal)
    assert sys.stdout is stdout


@pytest.mark.parametrize("width, is_all", [("40", False), ("80", True)])
def test_bar_fits_into_one_line(
    width: str, is_all: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A narrow terminal gets no rate and no time."""
    monkeypatch.setenv("COLUMNS", width)
    with RichBoard(1, ManualClock()) as board:
        transfer = board.start("a")
        transfer.expect(2048)
        transfer.advance(2048)
    err = capsys.readouterr().err
    assert "2.0/2.0 KiB" in err and err.strip().count("\n") == 0 and ("0:00:00" in err) == is_all
