"""PrioritizedDispatcher: starts queued jobs by priority, so many at a time (net/base/prioritized_dispatcher.h)."""

from __future__ import annotations

from itertools import accumulate
from typing import Generic, Protocol, TypeVar

from netstack_sync.base.priority import NUM_PRIORITIES
from netstack_sync.base.priority_queue import PriorityQueue


class DispatcherJob(Protocol):
    """What waits for its turn."""

    def start(self) -> None:
        """Its turn has come; ends with one PrioritizedDispatcher.on_job_finished(), maybe at once."""


J = TypeVar("J", bound=DispatcherJob)


class DispatcherLimits:
    """How many jobs may run: `total_jobs` together, of which some places are kept for those that are urgent.

    `reserved_slots` has for each priority the places that only it and those above it may take.
    """

    __slots__ = ("may_run", "total_jobs")

    def __init__(self, total_jobs: int, reserved_slots: tuple[int, ...] = (0,) * NUM_PRIORITIES) -> None:
        shown = f"total_jobs={total_jobs}, reserved_slots={reserved_slots}"
        if total_jobs < 0 or min(reserved_slots, default=0) < 0:
            raise ValueError(f"limits of a dispatcher must not be negative, as in {shown}")
        spare = total_jobs - sum(reserved_slots)
        if spare < 0:
            raise ValueError(f"reserved_slots must not exceed total_jobs together, as in {shown}")
        self.total_jobs = total_jobs
        self.may_run = [spare + reserved for reserved in accumulate(reserved_slots)]
        """By priority: how many jobs may run in all for one of it to be started."""


NO_JOBS = DispatcherLimits(0)


class PrioritizedDispatcher(Generic[J]):
    """First come, first served within a priority; no change costs a search. Owned by one thread.

    A job that may start is started inside the call that makes it possible; the others are queued, and their owners
    know under which priority. A job in the queue may not start, whatever happens between the calls.
    """

    __slots__ = ("_limits", "_queue", "_running")

    def __init__(self, limits: DispatcherLimits) -> None:
        self._queue: PriorityQueue[J] = PriorityQueue()
        self._running = 0
        self._limits = limits

    @property
    def running_count(self) -> int:
        """Jobs that were started and have not finished."""
        return self._running

    @property
    def queued_count(self) -> int:
        """Jobs that wait."""
        return self._queue.size

    def add(self, job: J, priority: int) -> bool:
        """Starts the job, or puts it behind those of its priority; True when it waits."""
        if self._may_start(priority):
            self._start(job)
            return False
        self._queue.push(job, priority)
        return True

    def add_at_head(self, job: J, priority: int) -> bool:
        """As add(), but before those of its priority."""
        if self._may_start(priority):
            self._start(job)
            return False
        self._queue.push_front(job, priority)
        return True

    def cancel(self, job: J, priority: int) -> None:
        """Takes a job that waits under a priority out of the queue."""
        self._queue.remove(job, priority)

    def change_priority(self, job: J, old: int, new: int) -> bool:
        """Puts a job that waits behind those of another priority, or starts it; True when it waits."""
        if old == new:
            return True
        self._queue.remove(job, old)
        return self.add(job, new)

    def evict_oldest_lowest(self) -> J | None:
        """Takes the job out that has waited longest of the least urgent, if any waits."""
        return self._queue.pop_least() if self._queue.size else None

    def on_job_finished(self) -> None:
        """A job that was started has ended: starts the next."""
        assert self._running > 0, "more jobs finished than were started"
        self._running -= 1
        self._maybe_start_next()

    def set_limits(self, limits: DispatcherLimits) -> None:
        """Starts what more room allows; what runs already goes on when there is less."""
        assert len(limits.may_run) == len(self._limits.may_run), "the priorities of a dispatcher do not change"
        self._limits = limits
        while self._maybe_start_next():
            pass

    def _may_start(self, priority: int) -> bool:
        return self._running < self._limits.may_run[priority]

    def _maybe_start_next(self) -> bool:
        # Who is not the most urgent has no more room than who is.
        if not self._queue.size or not self._may_start(self._queue.top_priority):
            return False
        self._start(self._queue.pop_first())
        return True

    def _start(self, job: J) -> None:
        self._running += 1  # first: the job may finish, or add others, inside its start()
        job.start()

    def __repr__(self) -> str:
        return f"<PrioritizedDispatcher {self._running} of {self._limits.total_jobs} run, {self._queue.size} wait>"
