"""PoolRoom: what is given up for a request that waits, in the pool itself and for others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_INSUFFICIENT_RESOURCES
from netstack_sync.base.priority import RequestPriority
from tests.support.pool import PoolRig, pool_rig, proxied

PROXIED = proxied("b", "p")


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2, total=2) as rig:
        yield rig


@pytest.mark.parametrize("idle, waiting", [("a", PROXIED), (PROXIED, "a"), (proxied("b", "q"), PROXIED)])
def test_an_idle_socket_of_another_pool_is_closed(rig: PoolRig, idle: str, waiting: str) -> None:
    """Row 86, 183: CloseIdleSocketsHeldByLayeredPoolWhenNeeded, CloseSSLSocketOnIdleForHttpRequest; in every
    direction, asynchronously, and not one too many.
    """
    held = [rig.get(idle), rig.get(idle)]
    for one in held:
        one.release()
    request = rig.request(waiting)
    assert len(rig.factory.open_sockets) == 2
    rig.run()
    assert len(rig.factory.open_sockets) == 1 and len(rig.factory.pending_jobs) == 1
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert request.result == 0 and rig.pools.slots == 2


def test_a_socket_that_comes_back_is_closed_for_another_pool(rig: PoolRig) -> None:
    """Row 76, 86: nobody else is to get it first just because it is of his pool."""
    held = [rig.get("a"), rig.get("a")]
    request = rig.request(PROXIED)
    rig.run()
    assert request.results == [] and not rig.factory.pending_jobs
    held[0].release()
    rig.run()
    assert [job.group_id for job in rig.factory.pending_jobs] == [PROXIED] and rig.pools.slots == 2


def test_a_request_of_the_same_group_keeps_its_socket(rig: PoolRig) -> None:
    """Row 86: SameGroup; who hands on a connection needs no slot."""
    held = [rig.get("a"), rig.get("a")]
    request, other = rig.request("a"), rig.request(PROXIED)
    held[0].release()
    rig.run()
    assert request.result == 0 and other.results == []


def test_slots_go_by_priority_across_pools(rig: PoolRig) -> None:
    """Row 42: TotalLimitRespectsPriority; whoever's socket it was."""
    held = [rig.get("a"), rig.get("a")]
    rig.request("c", RequestPriority.LOW)
    rig.request(PROXIED, RequestPriority.HIGHEST)
    rig.request(proxied("d", "q"), RequestPriority.MEDIUM)
    rig.run()
    for one in held:
        one.release(keep_alive=False)
        rig.run()
    assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["b.test", "d.test"]


def test_a_busy_pool_does_not_starve_another(rig: PoolRig) -> None:
    """Row 42: equals take turns; what the direct pool gives back is not all its own."""
    held = [rig.get("a"), rig.get("a")]
    for name in "cdef":
        rig.request(name)
    rig.request(PROXIED)
    rig.run()
    for one in held:
        one.release(keep_alive=False)
    rig.run()
    assert {job.group_id.origin.host for job in rig.factory.pending_jobs} == {"c.test", "b.test"}


def test_a_new_request_does_not_overtake_those_that_wait(rig: PoolRig) -> None:
    """Row 49: not even between the moment a slot is free and the task that passes it on."""
    held = [rig.get("a"), rig.get("a")]
    rig.request(PROXIED)
    rig.run()
    held[0].release(keep_alive=False)
    rig.request("c")
    rig.run()
    assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["b.test"]
    held[1].release(keep_alive=False)
    rig.run()
    assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["b.test", "c.test"]


def test_a_job_that_nobody_waits_for_makes_room_in_another_pool(rig: PoolRig) -> None:
    """Row 53, 82: dead hosts behind one proxy do not keep those of another waiting; nothing is needed of the living."""
    rig.request(PROXIED).handle.reset()
    rig.get("a")
    request = rig.request(proxied("c", "q"))
    rig.run()
    assert [job.group_id for job in rig.factory.pending_jobs] == [request.handle.group_id]


def test_when_all_are_needed_it_waits(rig: PoolRig) -> None:
    """Row 86: Fails; nothing spins, and the next chance is taken."""
    rig.get("a")
    held = rig.get(proxied("c", "q"))
    request = rig.request(PROXIED)
    rig.run()
    assert request.results == [] and not rig.factory.pending_jobs
    held.release(keep_alive=False)
    rig.run()
    assert len(rig.factory.pending_jobs) == 1


def test_a_pool_at_its_own_limit_bothers_nobody() -> None:
    """Row 43: what others could close would be of no use to it."""
    with pool_rig(per_group=2, total=4, per_proxy=1) as rig:
        rig.get("a").release()
        rig.get(PROXIED)
        request = rig.request(proxied("c", "p"))
        rig.run()
        assert rig.idle_count("a") == 1 and request.results == []


def test_a_pool_that_was_at_its_own_limit_waits_with_the_others() -> None:
    """Row 49: once that is no longer what it waits for."""
    with pool_rig(per_group=2, total=2, per_proxy=1) as rig:
        direct, held = rig.get("a"), rig.get(PROXIED)
        rig.request(proxied("c", "p"), RequestPriority.LOW)
        rig.request("d", RequestPriority.HIGHEST)
        held.release(keep_alive=False)
        rig.run()
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["d.test"]
        direct.release(keep_alive=False)
        rig.run()
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["d.test", "c.test"]


class SessionPool:
    """Above the direct pool; has one connection that it can do without."""

    def __init__(self, rig: PoolRig) -> None:
        self._held = rig.get("a")
        self.times_asked = 0
        rig.pool.higher_pools.add(self)

    def close_one_idle_connection(self) -> bool:
        """See HigherLayeredPool."""
        self.times_asked += 1
        if self._held.handle.socket is None:
            return False
        self._held.release(keep_alive=False)
        return True


def test_pools_above_another_one_are_asked_as_well(rig: PoolRig) -> None:
    """Row 86: CloseIdleSpdySessionToOpenNewOne; when nothing idles below."""
    higher = SessionPool(rig)
    rig.get("a")
    rig.request(PROXIED)
    rig.run()
    assert higher.times_asked == 1 and len(rig.factory.pending_jobs) == 1


def test_pools_above_are_asked_while_somebody_is_stalled_and_no_longer(rig: PoolRig) -> None:
    """Row 86: CloseIdleSocketsHeldByLayeredPoolWhenNeeded, and once it is not needed any more."""
    higher = SessionPool(rig)
    rig.get("a")
    rig.request("b").handle.reset()
    rig.run()
    assert higher.times_asked == 0
    rig.request("b")
    rig.run()
    assert higher.times_asked == 1 and len(rig.factory.pending_jobs) == 1


def test_descriptors_are_freed_in_all_pools() -> None:
    """Once for each request that found none."""
    with pool_rig() as rig:
        rig.get("a").release()
        request = rig.request(PROXIED)
        rig.factory.pending_jobs[0].finish(ERR_INSUFFICIENT_RESOURCES)
        assert rig.idle_count("a") == 0 and len(rig.factory.pending_jobs) == 1
        rig.factory.pending_jobs[0].finish(ERR_INSUFFICIENT_RESOURCES)
        rig.run()
        assert request.results == [ERR_INSUFFICIENT_RESOURCES]
