"""PoolJobs: backup jobs; the rest of its duties is tested through the pool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_NETWORK_CHANGED, OK
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.handle import ReuseType
from netstack_sync.pool.pool_jobs import BACKUP_JOB_DELAY_S
from tests.support.pool import PoolRig, pool_rig

ALMOST_S = BACKUP_JOB_DELAY_S - 0.001


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2, total=3) as rig:
        yield rig


def backup_flags(rig: PoolRig) -> list[object]:
    """What the log says of each job's making."""
    made = rig.net_log.params_of(NetLogEventType.SOCKET_POOL_CONNECT_JOB_CREATED, NetLogEventPhase.NONE)
    return [params["backup_job"] for params in made]


def test_a_second_job_starts_when_the_first_is_slow(rig: PoolRig) -> None:
    """Row 93: BackupSocketConnect; it serves the request, and the slow one's socket idles for the next."""
    request = rig.request()
    rig.driver.advance(ALMOST_S)
    assert len(rig.factory.jobs) == 1
    rig.driver.advance(0.001)
    slow, backup = rig.factory.jobs
    backup.finish(OK)
    rig.run()
    assert request.result == OK and request.handle.reuse_type is ReuseType.UNUSED
    assert backup_flags(rig) == [False, True]
    slow.finish(OK)
    assert rig.idle_count() == 1


def test_the_first_job_may_still_win(rig: PoolRig) -> None:
    """Row 93: then the backup's socket idles."""
    request = rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    slow, backup = rig.factory.jobs
    slow.finish(OK)
    rig.run()
    backup.finish(OK)
    assert request.result == OK and rig.idle_count() == 1


def test_there_is_one_backup_job_at_most(rig: PoolRig) -> None:
    """Row 93: a dead host costs two sockets, not one every quarter of a second."""
    rig.request()
    rig.driver.advance(10.0)
    assert len(rig.factory.jobs) == 2


def test_only_the_first_job_of_a_group_gets_one(rig: PoolRig) -> None:
    """Row 93: where connections exist, the way is known to be good."""
    held = rig.get()
    rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.pending_jobs) == 1
    held.release()


def test_it_waits_for_the_name(rig: PoolRig) -> None:
    """Row 73: BackupSocketWaitsForHostResolution; a second lookup would be the same one."""
    rig.request()
    rig.factory.jobs[0].state = LoadState.RESOLVING_HOST
    rig.driver.advance(BACKUP_JOB_DELAY_S * 3)
    assert len(rig.factory.jobs) == 1
    rig.factory.jobs[0].state = LoadState.CONNECTING
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.jobs) == 2


def test_none_once_tcp_is_up(rig: PoolRig) -> None:
    """Row 74: NoBackupSocketWhenConnected; a slow handshake is not a lost packet."""
    rig.request()
    rig.factory.jobs[0].is_tcp_up = True
    rig.driver.advance(BACKUP_JOB_DELAY_S * 3)
    assert len(rig.factory.jobs) == 1


def test_none_at_the_limit_of_the_pool(rig: PoolRig) -> None:
    """Row 75: BackupSocketCancelAtMaxSockets; it waits for a slot of its own accord."""
    held = [rig.get("b"), rig.get("c")]
    rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.pending_jobs) == 1
    held[0].release(keep_alive=False)
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.pending_jobs) == 2


def test_none_at_the_limit_of_the_group(rig: PoolRig) -> None:
    """Row 75: as many jobs as may be are under way."""
    rig.request()
    rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    assert len(rig.factory.jobs) == 2


def test_none_when_every_request_is_gone(rig: PoolRig) -> None:
    """Row 75, 94: CancelBackupSocketAfterCancelingAllRequests; the job alone needs no help."""
    rig.request().handle.reset()
    rig.driver.advance(BACKUP_JOB_DELAY_S * 3)
    assert len(rig.factory.jobs) == 1


def test_none_when_every_request_is_answered(rig: PoolRig) -> None:
    """Row 75: CancelBackupSocketAfterFinishingAllRequests; the timer goes with the last job."""
    request = rig.request()
    rig.factory.jobs[0].finish(OK)
    assert not len(rig.driver.thread.timers)
    rig.run()
    assert request.result == OK


@pytest.mark.parametrize("delay_s", [0.0, BACKUP_JOB_DELAY_S])
def test_a_flush_takes_timer_and_backup_along(rig: PoolRig, delay_s: float) -> None:
    """Row 94: BackupSocketCancel, before and after the backup job has started."""
    rig.request()
    rig.driver.advance(delay_s)
    rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
    assert not rig.factory.pending_jobs and not len(rig.driver.thread.timers)
    rig.run()


def test_the_first_to_fail_fails_the_request(rig: PoolRig) -> None:
    """Row 95: BackupSocketFailAfterStall; what the other job brings serves the next request."""
    request = rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    slow, backup = rig.factory.jobs
    backup.finish(ERR_CONNECTION_REFUSED)
    rig.run()
    assert request.result == ERR_CONNECTION_REFUSED
    slow.finish(OK)
    assert rig.get().handle.reuse_type is ReuseType.UNUSED_IDLE


def test_the_later_to_fail_fails_nobody(rig: PoolRig) -> None:
    """Row 95: BackupSocketFailAfterDelay."""
    request = rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    slow, backup = rig.factory.jobs
    slow.finish(OK)
    rig.run()
    backup.finish(ERR_CONNECTION_REFUSED)
    assert request.result == OK


@pytest.mark.parametrize("outcome", [OK, ERR_CONNECTION_REFUSED])
def test_a_backup_that_ends_at_once_answers(rig: PoolRig, outcome: int) -> None:
    """Row 95: the callback is posted all the same."""
    request = rig.request()
    rig.factory.outcomes.append(outcome)
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    rig.run()
    assert request.results == [outcome]


def test_none_for_a_group_of_one(rig: PoolRig) -> None:
    """Row 75: where a second socket is never allowed no timer runs."""
    with pool_rig(per_group=1) as lonely:
        lonely.request()
        assert len(lonely.driver.thread.timers) == 1, "the job's limit"


def test_a_backup_job_that_nobody_waits_for_makes_room(rig: PoolRig) -> None:
    """Row 75: its group is known to have one too many as soon as one of the two serves the request."""
    request = rig.request()
    rig.driver.advance(BACKUP_JOB_DELAY_S)
    held = rig.get("b")
    stalled = rig.request("c")
    rig.factory.jobs[0].finish(OK)
    rig.run()
    assert request.result == OK
    assert [job.group_id for job in rig.factory.pending_jobs] == [stalled.handle.group_id]
    held.release()
