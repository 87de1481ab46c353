"""refresh(): after a change of trust no present socket serves another request, and nobody fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from tests.support.pool import PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2, total=3) as rig:
        yield rig


def refresh(rig: PoolRig) -> None:
    """The trust has changed."""
    rig.pool.refresh(close_reasons.TRUST_CHANGED)


def test_waiting_requests_get_new_jobs(rig: PoolRig) -> None:
    """Row 89: RefreshGroupCreatesNewConnectJobs; in every group, and each request is answered once."""
    first, other = rig.request(), rig.request("b")
    old = list(rig.factory.jobs)
    refresh(rig)
    assert all(job.is_cancelled for job in old) and len(rig.factory.pending_jobs) == 2
    for job in rig.factory.pending_jobs:
        job.finish(OK)
    rig.run()
    assert first.results == other.results == [OK]


def test_jobs_that_nobody_waits_for_are_dropped(rig: PoolRig) -> None:
    """Row 89: ClosesIdleConnectJobs."""
    rig.preconnect(2)
    refresh(rig)
    assert not rig.factory.pending_jobs and rig.group() is None


def test_idle_sockets_are_closed(rig: PoolRig) -> None:
    """Row 89: RefreshBothPrivacyAndNormalSockets; of all groups, with the reason in the log."""
    for name in "ab":
        rig.get(name).release()
    refresh(rig)
    assert not rig.factory.open_sockets and not list(rig.pool.groups())
    reasons = rig.net_log.params_of(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET, NetLogEventPhase.NONE)
    assert reasons == [{"reason": close_reasons.TRUST_CHANGED}] * 2


def test_sockets_handed_out_are_not_used_again(rig: PoolRig) -> None:
    """Row 89: PreventsSocketReuse; whoever has one goes on with it."""
    held = rig.get()
    refresh(rig)
    assert held.socket.is_open
    socket = held.release()
    assert not socket.is_open and rig.group() is None
    reasons = rig.net_log.params_of(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET, NetLogEventPhase.NONE)
    assert reasons == [{"reason": close_reasons.OUT_OF_DATE}]


def test_a_stalled_request_gets_the_slots_that_become_free(rig: PoolRig) -> None:
    """Row 89: dropped jobs give their slots back."""
    rig.preconnect(2)
    rig.preconnect(1, "b")
    stalled = rig.request("c")
    refresh(rig)
    assert rig.factory.pending_jobs[-1].group_id == stalled.handle.group_id


def test_the_most_urgent_is_served_first(rig: PoolRig) -> None:
    """Row 42, 89: whatever the order of the groups."""
    for name in "ab":
        for _ in range(2):
            rig.request(name, RequestPriority.LOW)
    urgent = rig.request("c", RequestPriority.HIGHEST)
    refresh(rig)
    assert urgent.handle.request.job is not None


def test_an_avoided_endpoint_keeps_no_connection(rig: PoolRig) -> None:
    """§16 row 20: idle ones go, those in use serve nobody else."""
    held, idle = rig.get(), rig.get("b")
    socket = idle.release()
    endpoint = held.socket.remote_address
    assert endpoint is not None
    for group in rig.pool.groups():
        group.disown_sockets_to(endpoint)
    rig.pool.close_idle_sockets(close_reasons.ENDPOINT_AVOIDED, endpoint)
    assert not socket.is_open and held.socket.is_open
    assert not held.release().is_open


def test_other_endpoints_keep_theirs(rig: PoolRig) -> None:
    """§16 row 20."""
    other = IPEndPoint("192.0.2.99", 80, 2)
    held, idle = rig.get(), rig.get("b")
    socket = idle.release()
    for group in rig.pool.groups():
        group.disown_sockets_to(other)
    rig.pool.close_idle_sockets(close_reasons.ENDPOINT_AVOIDED, other)
    assert socket.is_open and held.release().is_open
