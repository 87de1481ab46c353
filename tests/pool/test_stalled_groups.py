"""StalledGroups: who waits for the total limit only, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.group import Group
from netstack_sync.pool.stalled_groups import StalledGroups
from tests.support.pool import PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    """A pool that is full, so that every further group stalls."""
    with pool_rig(per_group=2, total=2) as rig:
        rig.get("x")
        rig.get("x")
        yield rig


def waiting(rig: PoolRig, name: str, priority: RequestPriority = RequestPriority.MEDIUM) -> Group:
    """The group of a new request."""
    rig.request(name, priority)
    group = rig.group(name)
    assert group is not None
    return group


def test_only_groups_that_could_use_a_slot_are_stalled(rig: PoolRig) -> None:
    """Row 46: CorrectlyCountStalledGroups; the group at its own limit is not."""
    stalled = StalledGroups(per_group=2)
    stalled.note(waiting(rig, "x"))
    assert len(stalled) == 0
    stalled.note(waiting(rig, "a"))
    stalled.note(waiting(rig, "a"))
    stalled.note(waiting(rig, "b"))
    assert len(stalled) == 2


def test_a_group_leaves_when_it_needs_nothing_any_more(rig: PoolRig) -> None:
    """Row 46, 47: its request was cancelled."""
    stalled = StalledGroups(per_group=2)
    group = waiting(rig, "a")
    stalled.note(group)
    rig.requests[-1].handle.reset()
    stalled.note(group)
    stalled.note(group)
    assert len(stalled) == 0


def test_the_most_urgent_is_next_and_among_equals_the_one_that_waits_longest(rig: PoolRig) -> None:
    """Row 42."""
    stalled = StalledGroups(per_group=2)
    low = waiting(rig, "a", RequestPriority.LOW)
    first, second = waiting(rig, "b"), waiting(rig, "c")
    for group in (low, first, second, first):
        stalled.note(group)
    assert [stalled.take_most_urgent() for _ in range(3)] == [first, second, low]
    assert len(stalled) == 0


def test_all_can_be_forgotten(rig: PoolRig) -> None:
    """Row 72: after a flush nobody waits."""
    stalled = StalledGroups(per_group=2)
    stalled.note(waiting(rig, "a"))
    stalled.clear()
    assert len(stalled) == 0
