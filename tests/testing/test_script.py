"""Scripts are values."""

from __future__ import annotations

from netstack_sync.testing.script import CLOSE, CUT, RESET, STALL, Pause, Script


def test_scripts_compare_by_what_they_do() -> None:
    """Two scripts of the same steps are equal, and no two endings are the same."""
    script: Script = (b"head", Pause(0.5), RESET)
    assert script == (b"head", Pause(0.5), RESET)
    assert len({STALL, CLOSE, CUT, RESET}) == 4
