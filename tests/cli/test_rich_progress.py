"""RichProgress: the bar of the library rich."""

from __future__ import annotations

import pytest

from netstack_sync.cli.rich_progress import RichProgress


@pytest.mark.parametrize("total", [100, None])
def test_bar_counts_on_stderr(total: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to the body."""
    with RichProgress(total) as progress:
        progress.advance(50)
        progress.advance(50)
    out, err = capsys.readouterr()
    assert out == "" and "100" in err
