"""The system's clocks tell the time; the manual ones tell what they are told."""

from __future__ import annotations

import time

import pytest

from netstack_sync.base.clock import (
    ManualClock,
    ManualWallClock,
    SystemTickClock,
    SystemWallClock,
    TickClock,
    WallClock,
)


def test_the_tick_clock_is_the_machines_monotonic_one() -> None:
    """Between two readings of the real thing."""
    clock: TickClock = SystemTickClock()
    before = time.monotonic()
    now = clock.now()
    assert before <= now <= time.monotonic()


def test_the_wall_clock_counts_from_1970() -> None:
    """It may be set while the test runs, so only the century is compared."""
    clock: WallClock = SystemWallClock()
    assert 1.7e9 < clock.now() < 5e9


def test_a_manual_clock_moves_only_when_advanced() -> None:
    """And shows where it stands."""
    clock = ManualClock(10.0)
    assert clock.now() == clock.now() == 10.0
    clock.advance(2.5)
    clock.advance(0.0)
    assert clock.now() == 12.5
    assert repr(clock) == "<ManualClock 12.5 s>"


def test_a_manual_tick_clock_does_not_go_back() -> None:
    """A test that tried would test what cannot happen."""
    with pytest.raises(AssertionError, match="cannot go back"):
        ManualClock().advance(-1.0)


def test_a_manual_wall_clock_can_be_set_back() -> None:
    """As by an administrator."""
    clock = ManualWallClock(100.0)
    clock.advance(-40.0)
    assert clock.now() == 60.0
    assert repr(clock) == "<ManualWallClock 60 s>"
