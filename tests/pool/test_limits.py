"""The limits of a pool: Chromium's numbers unless told otherwise."""

from __future__ import annotations

from netstack_sync.pool.limits import PoolLimits


def test_the_defaults_are_chromiums() -> None:
    """Six sockets a group, 256 in all."""
    assert PoolLimits() == PoolLimits(per_group=6, total=256)
