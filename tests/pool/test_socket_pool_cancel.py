"""ClientSocketPool: cancelling in every state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from tests.support.pool import PoolRig, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    """Two sockets a group, four in all."""
    with pool_rig(per_group=2, total=4) as rig:
        yield rig


def test_a_cancelled_request_is_never_called_back_and_the_others_keep_their_order(rig: PoolRig) -> None:
    """Row 56, 61: CancelRequest, TwoRequestsCancelOne."""
    held = [rig.get(), rig.get()]
    for name in ("1", "2", "3"):
        rig.request(name=name)
    rig.requests[3].handle.reset()
    for request in held:
        request.release()
    rig.run()
    assert rig.order == ["1", "3"]


def test_its_job_goes_on_and_ends_as_an_idle_socket(rig: PoolRig) -> None:
    """Row 53: CancelRequestKeepsConnectJob."""
    request = rig.request()
    request.handle.reset()
    assert len(rig.factory.pending_jobs) == 1
    rig.factory.jobs[0].finish()
    rig.run()
    assert request.results == [] and rig.idle_count() == 1
    assert rig.request().first_result == OK


def test_its_job_may_fail_without_harm(rig: PoolRig) -> None:
    """Row 53: nobody is told, the group is forgotten."""
    rig.request().handle.reset()
    rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
    assert rig.group() is None and rig.pool.slots == 0


def test_jobs_of_cancelled_requests_do_not_pile_up(rig: PoolRig) -> None:
    """Row 62: CancelRequestLimitsJobs; the limit of the group holds however often one asks and cancels."""
    for _ in range(10):
        rig.request().handle.reset()
        assert len(rig.factory.pending_jobs) <= 2
    late = rig.request()
    assert len(rig.factory.pending_jobs) == 2
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert late.results == [OK]


def test_at_the_total_limit_the_job_is_dropped_and_another_group_gets_the_slot(rig: PoolRig) -> None:
    """Row 48, 58: CancelPendingSocketAtSocketLimit, CancelActiveRequestWithPendingRequests."""
    requests = [rig.request(name) for name in "aabb"]
    stalled = rig.request("c")
    requests[1].handle.reset()
    assert rig.factory.jobs[1].is_cancelled and not rig.factory.jobs[0].is_cancelled
    assert rig.factory.pending_jobs[-1].group_id.origin.host == "c.test"
    rig.factory.pending_jobs[-1].finish()
    rig.run()
    assert stalled.results == [OK] and rig.pool.slots == 4


def test_the_job_is_dropped_only_if_nobody_else_needs_it(rig: PoolRig) -> None:
    """Row 54: with more requests than jobs the job serves the next one."""
    requests = [rig.request(name) for name in "aaabb"]
    requests[0].handle.reset()
    assert not any(job.is_cancelled for job in rig.factory.jobs)
    rig.factory.jobs[0].finish()
    rig.run()
    assert requests[1].results == [OK]


def test_a_cancelled_stalled_request_leaves_no_trace(rig: PoolRig) -> None:
    """Row 47, 48: the slot that is freed later is nobody's, its group is forgotten."""
    held = [rig.get(name) for name in "aabb"]
    rig.request("c").handle.reset()
    assert rig.group("c") is None
    held[0].release(keep_alive=False)
    assert rig.factory.pending_jobs == [] and rig.pool.slots == 3


def test_one_of_two_stalled_requests_cancelled(rig: PoolRig) -> None:
    """Row 47: the other one still gets the slot."""
    held = [rig.get(name) for name in "aabb"]
    rig.request("c", RequestPriority.HIGHEST).handle.reset()
    other = rig.request("d")
    held[0].release(keep_alive=False)
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert other.results == [OK]


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_FAILED])
def test_cancelling_while_the_callback_is_on_its_way(rig: PoolRig, result: int) -> None:
    """Row 56: it does not come; a socket goes back to the pool."""
    request = rig.request()
    rig.factory.jobs[0].finish(result)
    request.handle.reset()
    rig.run()
    assert request.results == [] and request.handle.socket is None
    assert rig.idle_count() == (1 if result == OK else 0)


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_FAILED])
def test_asking_again_at_once_gets_a_fresh_answer(rig: PoolRig, result: int) -> None:
    """Row 55: ConnectCancelConnect; the answer to the first request never reaches the second one."""
    request = rig.request()
    rig.factory.jobs[0].finish(result, error_socket=True)
    request.handle.reset_and_close()
    answers: list[int] = []
    assert request.handle.init(answers.append) == ERR_IO_PENDING
    rig.run()
    assert answers == [] and request.results == []
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert answers == [OK] and request.results == []
    assert request.handle.socket is not None


def test_cancelling_before_the_callback_and_asking_again_with_an_answer_there(rig: PoolRig) -> None:
    """Row 55: two answers on their way to one handle; each callback is called for its own request, once."""
    request = rig.request()
    rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
    request.handle.reset()
    answers: list[int] = []
    request.handle.init(answers.append)
    rig.factory.pending_jobs[0].finish()
    rig.run()
    assert answers == [OK] and request.results == []


def test_cancelling_twice_changes_nothing(rig: PoolRig) -> None:
    """reset() is idempotent for a waiting request, too."""
    request = rig.request()
    request.handle.reset()
    request.handle.reset()
    assert len(rig.factory.pending_jobs) == 1 and rig.pool.slots == 1


def test_a_callback_may_cancel_another_whose_callback_is_on_its_way(rig: PoolRig) -> None:
    """Row 61: the second one is not called any more."""
    first, second = rig.request(), rig.request()
    first.then = second.handle.reset
    for job in rig.factory.pending_jobs:
        job.finish()
    rig.run()
    assert first.results == [OK] and second.results == []
    assert rig.idle_count() == 1
