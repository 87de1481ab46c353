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


def test_the_priority_of_the_most_urgent(rig: PoolRig) -> None:
    """Row 42: by which pools that share a limit are served."""
    stalled = StalledGroups(per_group=2)
    found = [stalled.top_priority]
    for name, priority in (("a", RequestPriority.LOW), ("b", RequestPriority.HIGHEST), ("c", RequestPriority.MEDIUM)):
        stalled.note(waiting(rig, name, priority))
        found.append(stalled.top_priority)
    stalled.take_most_urgent()
    assert found == [None, RequestPriority.LOW, RequestPriority.HIGHEST, RequestPriority.HIGHEST]
    assert stalled.top_priority == RequestPriority.MEDIUM


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


def test_a_group_moves_with_its_first_request(rig: PoolRig) -> None:
    """Row 45: a request that becomes urgent takes its group along."""
    stalled = StalledGroups(per_group=2)
    first, second = waiting(rig, "a"), waiting(rig, "b")
    stalled.note(first)
    stalled.note(second)
    rig.requests[-1].handle.set_priority(RequestPriority.HIGHEST)
    stalled.note(second)
    assert len(stalled) == 2
    assert stalled.take_most_urgent() is second


def test_equals_take_turns(rig: PoolRig) -> None:
    """Row 42: a group that still needs a job stands behind the others."""
    stalled = StalledGroups(per_group=2)
    first, second = waiting(rig, "a"), waiting(rig, "b")
    for group in (first, second):
        stalled.note(group)
    stalled.note(stalled.take_most_urgent())
    assert stalled.take_most_urgent() is second
