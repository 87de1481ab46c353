"""PoolSlots: what is taken and given back."""

from __future__ import annotations

import pytest

from netstack_sync.pool.pool_slots import PoolSlots


def test_counts_to_the_limit() -> None:
    """Row 41: full is full until one comes back."""
    slots = PoolSlots(2)
    slots.take()
    assert not slots.is_full
    slots.take()
    assert slots.is_full and slots.used == 2
    slots.give_back()
    assert not slots.is_full


def test_shouts_when_more_comes_back_than_went_out() -> None:
    """A slot given back twice would let the pool grow over its limit."""
    with pytest.raises(AssertionError):
        PoolSlots(2).give_back()
