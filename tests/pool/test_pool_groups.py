"""PoolGroups: groups come, go and are noted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.pool.group import GroupSocket
from netstack_sync.pool.pool_groups import PoolGroups
from tests.support.pool import PoolRig, group_id, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2) as rig:
        yield rig


def on_idle_lost(pooled: GroupSocket) -> None:
    """Nothing idles here."""
    raise AssertionError(pooled)


def test_a_group_lives_while_there_is_something_in_it(rig: PoolRig) -> None:
    """Row 37, 50: asked for again it is a new one."""
    groups = PoolGroups(2, on_idle_lost)
    group = groups.find_or_make(group_id())
    assert groups.find_or_make(group_id()) is group is groups.by_id[group_id()]
    rig.preconnect(1)
    job = rig.factory.jobs[0]
    group.add_job(job)
    groups.forget_if_empty(group)
    assert list(groups) == [group] and len(groups) == 1
    group.remove_job(job)
    groups.forget_if_empty(group)
    groups.forget_if_empty(group)
    assert len(groups) == 0 and groups.find_or_make(group_id()) is not group


def test_jobs_that_nobody_waits_for_are_found(rig: PoolRig) -> None:
    """Row 48: but not those of the group that asks, and not once they are gone."""
    rig.preconnect(1)
    group = rig.group()
    assert group is not None
    groups = PoolGroups(2, on_idle_lost)
    groups.note(group)
    groups.note(group)
    assert groups.surplus_other_than(None) is group
    assert groups.surplus_other_than(group) is None
    rig.request()
    groups.note(group)
    assert groups.surplus_other_than(None) is None
