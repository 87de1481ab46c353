"""PoolSlots: what is taken and given back, of the pool's own and of what it shares."""

from __future__ import annotations

import pytest

from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.pool_slots import PoolSlots
from netstack_sync.pool.shared_total import SharedTotal
from tests.support.sharing_pool import ScriptedSharingPool, SharingRig


def slots_of(total: SharedTotal, limit: int) -> PoolSlots:
    """Of a pool that is one of the total's."""
    pool = ScriptedSharingPool(total)
    return PoolSlots(limit, pool, total)


def test_counts_to_the_limit() -> None:
    """Row 41: full is full until one comes back."""
    slots = slots_of(SharingRig(10).total, 2)
    slots.take()
    assert not slots.is_full and not slots.is_at_limit
    slots.take()
    assert slots.is_full and slots.is_at_limit and slots.used == 2
    slots.give_back()
    assert not slots.is_full


def test_counts_for_all_pools() -> None:
    """Row 41: what one has taken is not there for the other, whose own limit is far."""
    rig = SharingRig(3)
    first, second = slots_of(rig.total, 2), slots_of(rig.total, 2)
    for slots in (first, first, second):
        slots.take()
    assert second.is_full and not second.is_at_limit and rig.total.used == 3
    first.give_back()
    assert not second.is_full and not first.is_full


def test_shouts_when_more_comes_back_than_went_out() -> None:
    """A slot given back twice would let the pool grow over its limit."""
    total = SharingRig(10).total
    slots_of(total, 2).take()
    with pytest.raises(AssertionError):
        slots_of(total, 2).give_back()


def test_only_who_is_below_its_own_limit_waits_for_others() -> None:
    """Else nothing that they could give would help."""
    rig = SharingRig(1)
    full, empty = slots_of(rig.total, 1), slots_of(rig.total, 1)
    full.take()
    full.wait()
    assert not rig.total.waiting and not rig.posted
    empty.wait()
    assert len(rig.total.waiting) == 1 and len(rig.posted) == 1


def test_an_idle_socket_is_offered_to_those_who_wait() -> None:
    """Row 76, 86: in a posted task."""
    rig = SharingRig(1)
    pool, other = ScriptedSharingPool(rig.total), ScriptedSharingPool(rig.total)
    slots = PoolSlots(1, pool, rig.total)
    slots.take()
    other.wants(RequestPriority.LOW)
    rig.run()
    pool.idle = 1
    slots.on_idle()
    assert pool.idle == 1
    rig.run()
    assert pool.idle == 0 and not other.stalled


def test_idle_sockets_of_all_pools() -> None:
    """What the system is short of, it is short of everywhere."""
    rig = SharingRig(9)
    first, second = ScriptedSharingPool(rig.total, idle=1), ScriptedSharingPool(rig.total, idle=2)
    slots = PoolSlots(5, first, rig.total)
    assert slots.close_idle_everywhere("why") and (first.idle, second.idle) == (0, 0)
    assert not slots.close_idle_everywhere("why") and first.reasons == ["why"] * 2
