"""So many bytes a second."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.cli.rate_pacer import RatePacer


@pytest.mark.parametrize("rate, part_bytes", [(1000, 100), (5, 1), (1 << 30, 65536)])
def test_parts_come_at_the_rate(rate: int, part_bytes: int) -> None:
    """Ten a second, but not too small and not too large."""
    clock = ManualClock()
    pacer = RatePacer(rate, clock, clock.advance)
    piece = bytes(range(250)) * (4 * part_bytes // 250 + 1)
    parts = list(pacer.parts(piece))
    assert b"".join(parts) == piece and {len(part) for part in parts[:-1]} == {part_bytes}
    assert clock.now() == pytest.approx(len(piece) / rate)


def test_pause_of_the_server_is_not_made_up_for() -> None:
    """After it the rate is what it was."""
    clock = ManualClock()
    pacer = RatePacer(1000, clock, clock.advance)
    assert list(pacer.parts(b"x" * 100)) and clock.now() == pytest.approx(0.1)
    clock.advance(100)
    assert list(pacer.parts(b"x" * 1000)) and clock.now() == pytest.approx(101.1)
