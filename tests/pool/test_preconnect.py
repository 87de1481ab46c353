"""Connections that are opened before a request needs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_NETWORK_CHANGED, OK
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.handle import ReuseType
from netstack_sync.pool.pool_jobs import BACKUP_JOB_DELAY_S
from tests.support.pool import PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=3, total=4) as rig:
        yield rig


def test_opens_as_many_as_asked(rig: PoolRig) -> None:
    """Row 79: RequestSockets; they idle, unused, until somebody comes."""
    rig.preconnect(2)
    for job in list(rig.factory.pending_jobs):
        job.finish(OK)
    assert rig.idle_count() == 2 and rig.pool.sockets_opened == 2
    assert rig.get().handle.reuse_type is ReuseType.UNUSED_IDLE


def test_those_that_connect_at_once(rig: PoolRig) -> None:
    """Row 79: Synchronous."""
    rig.factory.outcomes += [OK, OK]
    rig.preconnect(2)
    assert rig.idle_count() == 2


def test_the_first_failure_at_once_ends_it(rig: PoolRig) -> None:
    """Row 79: SynchronousError; nobody is told, nothing is left."""
    rig.factory.outcomes += [ERR_CONNECTION_REFUSED, OK]
    rig.preconnect(2)
    assert len(rig.factory.jobs) == 1 and rig.group() is None


def test_failures_are_silent(rig: PoolRig) -> None:
    """Row 79: also later ones."""
    rig.preconnect(1)
    rig.factory.jobs[0].finish(ERR_CONNECTION_REFUSED)
    assert rig.group() is None


def test_what_is_there_counts(rig: PoolRig) -> None:
    """Row 79: WhenAlreadyHaveAConnectJob, CountIdleSockets, CountActiveSockets, DifferentNumSockets."""
    held, idle = rig.get(), rig.get()
    idle.release()
    rig.request()  # takes the idle one
    rig.preconnect(3)
    assert len(rig.factory.pending_jobs) == 1
    held.release()
    rig.requests[2].release()
    rig.preconnect(2)
    rig.preconnect(3)
    assert len(rig.factory.pending_jobs) == 1


def test_asking_again_opens_no_more(rig: PoolRig) -> None:
    """Row 79: MultipleTimesDoesNothing."""
    for _ in range(3):
        rig.preconnect(2)
    assert len(rig.factory.jobs) == 2


def test_the_limit_of_the_group_holds(rig: PoolRig) -> None:
    """Row 79: more than may be is as many as may be."""
    rig.preconnect(100)
    assert len(rig.factory.jobs) == 3


def test_the_limit_of_the_pool_holds(rig: PoolRig) -> None:
    """Row 79: AtMaxSocketLimit, HitMaxSocketLimit."""
    rig.preconnect(3, "b")
    rig.preconnect(3)
    assert len(rig.factory.jobs) == 4
    rig.preconnect(1, "c")
    assert len(rig.factory.jobs) == 4 and rig.group("c") is None


def test_a_full_pool_gives_up_an_idle_socket_of_another_group(rig: PoolRig) -> None:
    """Row 82: PreconnectClosesIdleSocketRemovesGroup; but none of its own."""
    held = [rig.get("b") for _ in range(3)]
    rig.get("c").release()
    rig.preconnect(2)
    assert rig.group("c") is None and len(rig.factory.pending_jobs) == 1
    rig.factory.pending_jobs[0].finish(OK)
    rig.preconnect(2)
    assert rig.idle_count() == 1 and not rig.factory.pending_jobs
    for request in held:
        request.release()


def test_requests_adopt_the_jobs(rig: PoolRig) -> None:
    """Row 80: PreconnectJobsTakenByNormalRequests; the next one starts its own."""
    rig.preconnect(2)
    first, second, third = (rig.request() for _ in range(3))
    assert len(rig.factory.jobs) == 3
    for job in list(rig.factory.jobs):
        job.finish(OK)
    rig.run()
    assert first.result == second.result == third.result == OK


def test_a_job_is_adopted_once(rig: PoolRig) -> None:
    """Row 80: who cancels leaves a job behind that the next request does not count on."""
    rig.preconnect(1)
    rig.request().handle.reset()
    rig.request()
    assert len(rig.factory.jobs) == 2


def test_an_adopted_idle_socket_has_no_connect_times(rig: PoolRig) -> None:
    """Row 81: ConnectedPreconnectJobsHaveNoConnectTimes."""
    rig.factory.outcomes.append(OK)
    rig.preconnect(1)
    assert rig.request().handle.connect_timing is None


def test_unread_data_on_an_unused_socket_is_fine(rig: PoolRig) -> None:
    """Row 82: PreconnectWithUnreadData; some servers speak first."""
    rig.factory.outcomes.append(OK)
    rig.preconnect(1)
    rig.factory.sockets[0].peer_sends(b"hello")
    assert rig.request().result == OK


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_backup_job_only_for_somebody(rig: PoolRig, is_wanted: bool) -> None:
    """Row 82: PreconnectWithBackupJob and WithoutBackupJob."""
    rig.preconnect(1)
    if is_wanted:
        rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.jobs) == 1 + is_wanted


def test_a_flush_drops_them(rig: PoolRig) -> None:
    """Row 72: nobody waits for them, so nobody is told."""
    rig.preconnect(2)
    rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
    assert not rig.factory.pending_jobs and rig.group() is None


def test_the_log_tells(rig: PoolRig) -> None:
    """For how many and where."""
    rig.preconnect(2)
    asked = rig.net_log.params_of(NetLogEventType.TCP_CLIENT_SOCKET_POOL_REQUESTED_SOCKETS, NetLogEventPhase.NONE)
    assert asked == [{"group_id": "http://a.test"}]
    counted = rig.net_log.params_of(NetLogEventType.SOCKET_POOL_CONNECTING_N_SOCKETS, NetLogEventPhase.NONE)
    assert counted == [{"num_sockets": 2}]
