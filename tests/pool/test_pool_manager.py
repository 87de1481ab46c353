"""ClientSocketPoolManager: which pool, and all of them as one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.net_errors import ERR_NETWORK_CHANGED, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.proxy_route import ProxyRoute
from tests.support.pool import PoolRig, group_id, pool_rig, proxied


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2, total=5, per_proxy=3) as rig:
        yield rig


def test_a_pool_for_each_chain(rig: PoolRig) -> None:
    """Row 178: GroupIdForDirectConnections; as whom a proxy is spoken to makes another group, not another pool."""
    held = [rig.get(proxied("a", *proxies)) for proxies in (("p",), ("q",), ("p", "q"))]
    pools = [rig.pools.pool_for(one.handle.group_id) for one in held]
    assert len({id(pool) for pool in (rig.pools.direct, *pools)}) == 4
    assert rig.pools.pools() == (rig.pools.direct, *pools)
    assert rig.pools.pool_for(group_id("x")) is rig.pools.direct
    assert rig.pools.pool_for(proxied("x", "p")) is pools[0]
    route = proxied("x", "p").proxy
    assert route is not None
    me = route.last._replace(identity=password_identity("me", "x"))
    assert rig.pools.pool_for(group_id("x")._replace(proxy=ProxyRoute((me,)))) is pools[0]


def test_a_chain_has_a_limit_of_its_own(rig: PoolRig) -> None:
    """Row 41: whatever its sockets are for; the others have theirs."""
    held = [rig.get(proxied(name, "p")) for name in "abc"]
    request = rig.request(proxied("d", "p"))
    other = rig.get(proxied("d", "q"))
    rig.run()
    assert request.results == [] and not rig.factory.pending_jobs
    held[0].release(keep_alive=False)
    assert len(rig.factory.pending_jobs) == 1
    other.release()


@pytest.mark.parametrize("total, per_proxy, expected", [(5, 3, 3), (2, 32, 2)])
def test_no_limit_is_above_the_next_one(total: int, per_proxy: int, expected: int) -> None:
    """Row 41: a group has no more than its pool, and a pool no more than there are in all."""
    with pool_rig(per_group=6, total=total, per_proxy=per_proxy) as rig:
        for _ in range(6):
            rig.request(proxied("a", "p"))
        assert len(rig.factory.pending_jobs) == expected


def test_all_pools_together_have_a_limit(rig: PoolRig) -> None:
    """Row 41, 44: connecting ones count as well."""
    for name in ("a", "b"):
        rig.get(name)
        rig.request(proxied(name, "p"))
    rig.request(proxied("c", "q"))
    last = rig.request("d")
    rig.run()
    assert rig.pools.slots == 5 and last.handle.request.job is None and len(rig.factory.pending_jobs) == 3


def test_empty_pools_go(rig: PoolRig) -> None:
    """A script that names ever new proxies leaves nothing behind; what they did is still counted."""
    for number in range(1000):
        request = rig.get(proxied("a", f"p{number}"))
        request.release(keep_alive=number % 2 == 0)
        rig.get(proxied("a", f"p{number}")).release(keep_alive=False)
    assert len(rig.pools.pools()) == 2
    assert (rig.pools.sockets_opened, rig.pools.sockets_reused) == (1500, 500)


def test_a_pool_with_something_in_it_stays(rig: PoolRig) -> None:
    """A socket in use, an idle one, a request that waits, a job."""
    rig.get(proxied("a", "p"))
    rig.get(proxied("a", "q")).release()
    rig.request(proxied("a", "r"))
    kept = rig.pools.pools()
    rig.get(proxied("a", "s"))
    assert rig.pools.pools()[:-1] == kept


def test_preconnect_goes_through_the_proxy(rig: PoolRig) -> None:
    """Row 79: as the group says, and the next request adopts the job."""
    source = NetLogWithSource.make(rig.net_log, NetLogSourceType.NONE)
    rig.pools.preconnect(proxied("a", "p"), 2, source)
    assert [job.group_id for job in rig.factory.pending_jobs] == [proxied("a", "p")] * 2
    request = rig.request(proxied("a", "p"))
    rig.factory.jobs[0].finish()
    rig.run()
    assert request.result == 0 and len(rig.factory.jobs) == 2


def test_flushing_reaches_all(rig: PoolRig) -> None:
    """Row 72: AbortAllRequestsOnFlush, also those that wait only for another pool."""
    requests = [rig.request(name) for name in ("a", proxied("a", "p"), proxied("b", "q"))]
    for _ in range(3):
        requests.append(rig.request("z"))
        requests.append(rig.request(proxied("y", "q")))
    rig.pools.flush_with_error(ERR_NETWORK_CHANGED, "why")
    rig.run()
    assert [request.results for request in requests] == [[ERR_NETWORK_CHANGED]] * len(requests)
    assert rig.pools.slots == 0 and not rig.factory.pending_jobs


def test_refreshing_reaches_all(rig: PoolRig) -> None:
    """Row 89: RefreshProxyRefreshesAllGroups; idle sockets go, used ones do not come back, who waits gets a new job."""
    used, idle = rig.get("a"), rig.get(proxied("a", "p"))
    idle.release()
    waiting = rig.request(proxied("b", "q"))
    rig.pools.refresh("why")
    rig.run()
    used.release()
    assert not rig.factory.open_sockets and len(rig.factory.jobs) == 4
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert waiting.result == 0


def test_idle_sockets_of_all_pools_are_closed(rig: PoolRig) -> None:
    """Row 60: CloseIdleSockets; or those to one endpoint, which may be a proxy's."""
    for name in ("a", proxied("a", "p"), proxied("a", "q")):
        rig.get(name).release()
    endpoint = rig.factory.sockets[0].remote_address
    assert endpoint is not None
    rig.pools.close_idle_sockets("why", endpoint)
    assert not rig.factory.open_sockets
    rig.get(proxied("a", "p")).release()
    rig.pools.close_idle_sockets("why")
    assert not rig.factory.open_sockets and rig.pools.slots == 0


def test_the_groups_of_all_pools(rig: PoolRig) -> None:
    """To be looked at: those of the direct pool first."""
    names = [proxied("b", "p"), group_id("a"), proxied("a", "q")]
    for name in names:
        rig.get(name)
    assert [group.group_id for group in rig.pools.groups()] == [names[1], names[0], names[2]]


def test_a_job_that_nobody_needs_any_more_makes_room_in_another_pool() -> None:
    """Row 86: its request has got a connection that came back, and it would never be told."""
    with pool_rig(per_group=3, total=3, per_proxy=1) as rig:
        first, _ = rig.request(group_id("a")), rig.request(group_id("a"))
        held = rig.get(group_id("a"))
        other = rig.request(proxied("a", "p"))
        rig.run()
        assert len(rig.factory.pending_jobs) == 2 and other.handle.request.job is None
        held.release()
        rig.run()
        assert first.results == [OK] and len(rig.factory.pending_jobs) == 2 and other.handle.request.job is not None
