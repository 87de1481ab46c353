"""The bars of rich: one for each transfer, and one for all."""

from __future__ import annotations

import pytest

from netstack_sync.cli.rich_progress import RichBoard


def test_bar_shows_what_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr; a name of a stranger's is neither markup nor an escape of the terminal."""
    with RichBoard(1) as board:
        transfer = board.start("[red]a\x1b[2J")
        transfer.expect(2048)
        transfer.advance(1024)
        transfer.finish()
    captured = capsys.readouterr()
    assert captured.out == "" and r"[red]a\x1b[2J" in captured.err and "1.0/2.0 KiB" in captured.err
    assert "\x1b[2J" not in captured.err and "done" not in captured.err


def test_several_have_a_bar_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Whose length is known once that of each is."""
    with RichBoard(2) as board:
        one, two = board.start("one"), board.start("two")
        one.expect(2048)
        one.advance(2048)
        one.finish()
        two.expect(None)
        two.expect(2048)
        two.advance(512)
    err = capsys.readouterr().err
    assert "1 of 2 done" in err and "2.5/4.0 KiB" in err and "0.5/2.0 KiB" in err
