"""PeriodicJob: looks at something on a worker from time to time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

T = TypeVar("T")


class PeriodicJob(Generic[T]):
    """Runs `work(value it gave before)` every `period_s` seconds, first after one; network thread only.

    `on_value` is called with what it gives; what it raises is forgotten. A period begins when the reply has come, so
    that work that hangs does so once. Nothing comes after stop().
    """

    __slots__ = ("_job", "_on_value", "_period_s", "_timer", "_value", "_work", "_workers")

    def __init__(
        self,
        timers: TimerQueue,
        workers: WorkerPool,
        period_s: float,
        work: Callable[[T | None], T],
        on_value: Callable[[T], None],
    ) -> None:
        self._timer = OneShotTimer(timers, self.run_now)
        self._workers = workers
        self._period_s = period_s
        self._work = work
        self._on_value = on_value
        self._value: T | None = None
        self._job: WorkerJob[T] | None = None

    def start(self) -> None:
        """Begins the first period."""
        self._timer.start(self._period_s)

    def run_now(self) -> None:
        """Does not wait for the end of the period."""
        if self._job is None:
            self._timer.stop()
            work, value = self._work, self._value
            self._job = self._workers.post_job(lambda: work(value), self._on_reply)

    def stop(self) -> None:
        """Ends it; idempotent."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_reply(self, reply: T | BaseException) -> None:
        self._job = None
        self._timer.start(self._period_s)
        if not isinstance(reply, BaseException):
            self._value = reply
            self._on_value(reply)
