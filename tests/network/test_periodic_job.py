"""PeriodicJob: one job at a time, with pauses between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.network.periodic_job import PeriodicJob
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers


class Counting:
    """A job every ten seconds that counts on from the value before."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.values: list[int] = []
        self.fails = False
        self.job: PeriodicJob[int] = PeriodicJob(
            driver.thread.timers, self.workers, 10.0, self._count, self.values.append
        )

    def finish(self) -> None:
        """The worker does its job."""
        self.workers.run_next()
        self.driver.run_until_idle()

    def _count(self, before: int | None) -> int:
        if self.fails:
            raise OSError("failed")
        return 1 if before is None else before + 1


@pytest.fixture
def counting() -> Iterator[Counting]:
    with driven_network() as driver:
        counting = Counting(driver)
        yield counting
        counting.job.stop()
        counting.job.stop()
        assert len(driver.thread.timers) == 0


def test_the_first_run_is_a_period_away(counting: Counting) -> None:
    """Starting costs no job."""
    counting.job.start()
    counting.driver.advance(9.9)
    assert not counting.workers.jobs
    counting.driver.advance(0.2)
    assert len(counting.workers.jobs) == 1


def test_a_period_begins_with_the_reply(counting: Counting) -> None:
    """Work that hangs is not started again beside itself; the next gets the value before."""
    counting.job.start()
    counting.driver.advance(100.0)
    counting.driver.advance(100.0)
    assert len(counting.workers.jobs) == 1
    counting.finish()
    counting.driver.advance(9.9)
    assert not counting.workers.jobs and counting.values == [1]
    counting.driver.advance(0.2)
    counting.finish()
    assert counting.values == [1, 2]


def test_failures_are_forgotten(counting: Counting) -> None:
    """The next run knows the last value there was."""
    counting.job.start()
    for counting.fails in (False, True, False):
        counting.driver.advance(10.0)
        counting.finish()
    assert counting.values == [1, 2]


def test_run_now(counting: Counting) -> None:
    """Once, however often it is asked for; the period begins anew."""
    counting.job.start()
    counting.job.run_now()
    counting.job.run_now()
    assert len(counting.workers.jobs) == 1
    counting.driver.advance(20.0)
    counting.finish()
    counting.driver.advance(9.9)
    assert not counting.workers.jobs and counting.values == [1]
    counting.driver.advance(0.2)
    assert len(counting.workers.jobs) == 1


def test_stop_while_it_runs(counting: Counting) -> None:
    """The reply is dropped, and no other run follows."""
    counting.job.start()
    counting.driver.advance(10.0)
    counting.job.stop()
    counting.finish()
    counting.driver.advance(100.0)
    assert not counting.values and not counting.workers.jobs


def test_start_again(counting: Counting) -> None:
    """After a stop."""
    counting.job.start()
    counting.job.stop()
    counting.driver.advance(100.0)
    counting.job.start()
    counting.driver.advance(10.0)
    counting.finish()
    assert counting.values == [1]
