"""Which connect job is whose: the first requests of the queue own one each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, OK
from netstack_sync.base.priority import RequestPriority
from tests.support.pool import PoolRequest, PoolRig, ScriptedJob, pool_rig

LOW, MEDIUM, HIGHEST = RequestPriority.LOW, RequestPriority.MEDIUM, RequestPriority.HIGHEST


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2) as rig:
        yield rig


def owners(rig: PoolRig) -> dict[ScriptedJob, PoolRequest | None]:
    """Every job of the group and the request it belongs to."""
    group = rig.group()
    assert group is not None
    by_handle = {request.handle: request for request in rig.requests}
    found: dict[ScriptedJob, PoolRequest | None] = {}
    for job, handle in group.jobs.items():
        assert isinstance(job, ScriptedJob)
        assert handle is None or handle.request.job is job
        found[job] = by_handle[handle] if handle is not None else None
    return found


def test_a_request_owns_the_job_it_started(rig: PoolRig) -> None:
    """Row 83: RequestGetsAssignedJob."""
    request = rig.request()
    assert list(owners(rig).values()) == [request]
    assert rig.factory.jobs[0].priorities == []


def test_the_first_requests_own_the_jobs(rig: PoolRig) -> None:
    """Row 83: MultipleRequestsGetAssignedJobs; whoever is behind the limit owns none."""
    first, second, third = (rig.request() for _ in range(3))
    assert list(owners(rig).values()) == [first, second]
    assert third.handle.request.job is None


def test_a_request_adopts_a_job_that_was_started_in_advance(rig: PoolRig) -> None:
    """Row 83: PreconnectJobGetsAssignedToRequest, which makes it as urgent as the request."""
    rig.preconnect(1)
    job = rig.factory.jobs[0]
    assert owners(rig) == {job: None} and job.priority is RequestPriority.IDLE
    request = rig.request(priority=HIGHEST)
    assert owners(rig) == {job: request} and job.priority is HIGHEST


def test_an_urgent_request_steals_a_job(rig: PoolRig) -> None:
    """Row 84: HigherPriorityRequestStealsJob, RequestStealsJobFromLowestRequestWithJob."""
    low, medium = rig.request(priority=LOW), rig.request(priority=MEDIUM)
    first, second = rig.factory.jobs
    urgent = rig.request(priority=HIGHEST)
    assert owners(rig) == {first: urgent, second: medium}
    assert low.handle.request.job is None
    assert first.priorities == [HIGHEST] and second.priorities == []


def test_a_request_that_becomes_urgent_steals_a_job(rig: PoolRig) -> None:
    """Row 84: ReprioritizeRequestStealsJob; one that becomes less urgent gives its own away."""
    low, medium, last = rig.request(priority=LOW), rig.request(priority=MEDIUM), rig.request(priority=LOW)
    first, second = rig.factory.jobs
    last.handle.set_priority(HIGHEST)
    assert owners(rig) == {first: last, second: medium} and low.handle.request.job is None
    last.handle.set_priority(RequestPriority.IDLE)
    assert owners(rig) == {first: low, second: medium} and last.handle.request.job is None
    assert first.priorities == [HIGHEST, RequestPriority.IDLE, LOW]


def test_a_job_follows_the_priority_of_its_request(rig: PoolRig) -> None:
    """Row 84: also where nobody else wants it."""
    request = rig.request(priority=LOW)
    request.handle.set_priority(MEDIUM)
    assert rig.factory.jobs[0].priority is MEDIUM


def test_the_job_of_a_cancelled_request_goes_to_the_next(rig: PoolRig) -> None:
    """Row 85: CancelRequestReassignsJob."""
    first, second, third = (rig.request() for _ in range(3))
    jobs = rig.factory.jobs
    first.handle.reset()
    assert owners(rig) == {jobs[0]: third, jobs[1]: second}
    second.handle.reset()
    assert owners(rig) == {jobs[0]: third, jobs[1]: None}


def test_a_request_whose_job_served_another_gets_the_others(rig: PoolRig) -> None:
    """Row 85: JobCompletionReassignsJob; row 63: the socket goes to the first all the same."""
    first, second, third = (rig.request() for _ in range(3))
    jobs = list(rig.factory.jobs)
    jobs[1].finish(OK)
    rig.run()
    assert first.results == [OK] and second.results == []
    assert owners(rig) == {jobs[0]: second} and third.handle.request.job is None


def test_a_failed_job_fails_the_first_request_only(rig: PoolRig) -> None:
    """Row 85: the second keeps waiting for the job that is left, the third gets a new one."""
    first, second, third = (rig.request() for _ in range(3))
    jobs = list(rig.factory.jobs)
    jobs[1].finish(ERR_CONNECTION_REFUSED)
    rig.run()
    assert first.results == [ERR_CONNECTION_REFUSED]
    assert owners(rig) == {jobs[0]: second, rig.factory.jobs[2]: third}


def test_unowned_jobs_are_taken_before_others_are_stolen(rig: PoolRig) -> None:
    """Row 84: nobody loses a job while there is one to spare."""
    rig.preconnect(2)
    jobs = list(rig.factory.jobs)
    low = rig.request(priority=LOW)
    urgent = rig.request(priority=HIGHEST)
    assert owners(rig) == {jobs[0]: low, jobs[1]: urgent}


def test_a_lost_preconnect_is_not_counted_on(rig: PoolRig) -> None:
    """Row 80: a job in advance that failed serves nobody; the next request starts its own."""
    rig.preconnect(2)
    for job in list(rig.factory.jobs):
        job.finish(ERR_CONNECTION_REFUSED)
    request = rig.request()
    assert len(rig.factory.jobs) == 3 and owners(rig) == {rig.factory.jobs[2]: request}
