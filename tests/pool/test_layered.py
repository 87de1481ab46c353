"""Pools above, which are asked for idle sockets when a request waits for nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pool import PoolRequest, PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2, total=2) as rig:
        yield rig


class SessionPool:
    """Holds sockets of the pool below; `idle` are those it can do without."""

    def __init__(self, rig: PoolRig, *groups: str) -> None:
        self._rig = rig
        self.idle: list[PoolRequest] = [rig.get(group) for group in groups]
        self.times_asked = 0
        rig.pool.higher_pools.add(self)

    def close_one_idle_connection(self) -> bool:
        """See HigherLayeredPool."""
        self.times_asked += 1
        if not self.idle:
            return False
        self.idle.pop(0).release(keep_alive=False)
        return True


def test_an_idle_socket_above_makes_room(rig: PoolRig) -> None:
    """Row 86: CloseIdleSocketsHeldByLayeredPoolWhenNeeded; not from inside the request."""
    higher = SessionPool(rig, "a", "a")
    request = rig.request("b")
    assert higher.times_asked == 0
    rig.run()
    assert higher.times_asked == 1 and len(higher.idle) == 1
    assert [job.group_id for job in rig.factory.pending_jobs] == [request.handle.group_id]
    higher.close_one_idle_connection()


def test_as_many_as_are_waited_for(rig: PoolRig) -> None:
    """Row 86: Multiple; it is asked until nobody is stalled."""
    higher = SessionPool(rig, "a", "a")
    rig.request("b")
    rig.request("c")
    rig.run()
    assert higher.idle == [] and len(rig.factory.pending_jobs) == 2


def test_nothing_to_give(rig: PoolRig) -> None:
    """Row 86: Fails; the request goes on waiting, nothing spins."""
    held = [rig.get(), rig.get()]
    higher = SessionPool(rig)
    request = rig.request("b")
    rig.run()
    assert higher.times_asked == 1 and request.results == []
    for one in held:
        one.release(keep_alive=False)
    assert len(rig.factory.pending_jobs) == 1


def test_the_next_pool_is_asked_when_one_has_nothing(rig: PoolRig) -> None:
    """Row 86: in the order of adding, until one gives."""
    poor, rich = SessionPool(rig), SessionPool(rig, "a", "a")
    rig.request("b")
    rig.run()
    assert (poor.times_asked, rich.times_asked) == (1, 1)
    rich.close_one_idle_connection()


def test_idle_sockets_of_the_pool_itself_go_first(rig: PoolRig) -> None:
    """Row 86: nobody above is bothered while there are any."""
    higher = SessionPool(rig, "a")
    rig.get("c").release()
    rig.request("b")
    rig.run()
    assert higher.times_asked == 0 and len(rig.factory.pending_jobs) == 1
    higher.close_one_idle_connection()


def test_a_full_group_asks_nobody(rig: PoolRig) -> None:
    """Row 86: SameGroup; a slot of the pool would be of no use to it."""
    higher = SessionPool(rig, "a", "a")
    rig.request("a")
    rig.run()
    assert higher.times_asked == 0
    higher.idle.pop().release()
    higher.idle.pop().release()


def test_a_request_that_gives_up_spares_the_pool_above(rig: PoolRig) -> None:
    """Row 86: asked late, it finds nobody stalled."""
    higher = SessionPool(rig, "a", "a")
    rig.request("b").handle.reset()
    rig.run()
    assert higher.times_asked == 0
    for request in higher.idle:
        request.release()


def test_a_pool_that_was_removed_is_not_asked(rig: PoolRig) -> None:
    """Row 86: its owner is being torn down."""
    higher = SessionPool(rig, "a", "a")
    rig.pool.higher_pools.remove(higher)
    rig.request("b")
    rig.run()
    assert higher.times_asked == 0
    for request in higher.idle:
        request.release()
