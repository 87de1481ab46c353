"""A worker job: at most one reply, none after cancel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.workers.worker_job import WorkerJob
from tests.support.loops import LoopDriver, driven_loop


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


@pytest.fixture
def replies() -> list[int | BaseException]:
    return []


Replies = list[int | BaseException]


def make_job(driver: LoopDriver, replies: Replies, worked: list[str] | None = None) -> WorkerJob[int]:
    def work() -> int:
        if worked is not None:
            worked.append("work")
        return 7

    return WorkerJob(work, replies.append, driver.loop.task_runner)


def test_the_reply_comes_on_the_loop(driver: LoopDriver, replies: Replies) -> None:
    """Posted, not called from the worker."""
    job = make_job(driver, replies)
    job.run()
    assert replies == [] and not job.is_cancelled
    driver.run_until_idle()
    assert replies == [7] and job.is_cancelled


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_what_the_work_raises_is_the_reply(driver: LoopDriver, replies: Replies, error: BaseException) -> None:
    """Whatever it is: the worker thread lives on."""

    def work() -> int:
        raise error

    WorkerJob(work, replies.append, driver.loop.task_runner).run()
    driver.run_until_idle()
    assert replies == [error]


def test_a_job_cancelled_before_it_runs_does_no_work(driver: LoopDriver, replies: Replies) -> None:
    """And never replies; cancelling twice is harmless."""
    worked: list[str] = []
    job = make_job(driver, replies, worked)
    job.cancel()
    job.cancel()
    job.run()
    driver.run_until_idle()
    assert job.is_cancelled and worked == [] and replies == []


def test_a_job_cancelled_while_it_runs_does_not_reply(driver: LoopDriver, replies: Replies) -> None:
    """Its value is dropped."""
    job: WorkerJob[int]

    def work() -> int:
        job.cancel()
        return 7

    job = WorkerJob(work, replies.append, driver.loop.task_runner)
    job.run()
    driver.run_until_idle()
    assert replies == []


def test_a_job_cancelled_after_its_reply_was_posted_does_not_reply(driver: LoopDriver, replies: Replies) -> None:
    """The owner may be gone by then."""
    job = make_job(driver, replies)
    job.run()
    job.cancel()
    driver.run_until_idle()
    assert replies == []


def test_a_job_never_replies_twice(driver: LoopDriver, replies: Replies) -> None:
    """Not even when it is run and failed."""
    job = make_job(driver, replies)
    job.run()
    job.fail(RuntimeError("too late"))
    driver.run_until_idle()
    job.run()
    driver.run_until_idle()
    assert replies == [7]


def test_its_reply_may_cancel_it(driver: LoopDriver) -> None:
    """A callback that destroys its owner cancels everything the owner has."""
    seen: list[object] = []
    job: WorkerJob[int]

    def on_reply(value: int | BaseException) -> None:
        job.cancel()
        seen.append(value)

    job = WorkerJob(lambda: 1, on_reply, driver.loop.task_runner)
    job.run()
    driver.run_until_idle()
    assert seen == [1]


def test_a_job_may_fail_instead_of_running(driver: LoopDriver, replies: Replies) -> None:
    """As when there is no thread for it."""
    error = RuntimeError("no threads")
    make_job(driver, replies).fail(error)
    driver.run_until_idle()
    assert replies == [error]


def test_after_the_loop_closed_the_reply_is_dropped(driver: LoopDriver, replies: Replies) -> None:
    """Silently."""
    job = make_job(driver, replies)
    driver.loop.close()
    job.run()
    assert replies == []


def test_only_a_job_whose_reply_is_dropped_is_abandoned(driver: LoopDriver, replies: Replies) -> None:
    """Cancelling one that has replied changes nothing."""
    answered, dropped = make_job(driver, replies), make_job(driver, replies)
    answered.run()
    driver.run_until_idle()
    for job in (answered, dropped):
        assert not job.is_abandoned
        job.cancel()
        job.cancel()
    assert dropped.is_abandoned and not answered.is_abandoned
