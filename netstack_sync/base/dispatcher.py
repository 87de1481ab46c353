"""PrioritizedDispatcher: starts queued jobs by priority, so many at a time (net/base/prioritized_dispatcher.h)."""

from __future__ import annotations

from itertools import accumulate
from typing import Final, Generic, Protocol, TypeVar

from netstack_sync.base.priority import NUM_PRIORITIES
from netstack_sync.base.priority_queue import Pointer, PriorityQueue
from netstack_sync.base.value import Value


class DispatcherJob(Protocol):
    """What waits for its turn."""

    def start(self) -> None:
        """Its turn has come; ends with one PrioritizedDispatcher.on_job_finished(), maybe at once."""


J = TypeVar("J", bound=DispatcherJob)


class DispatcherLimits(Value):
    """How many jobs may run: `total_jobs` together, of which some places are kept for those that are urgent."""

    __slots__ = ("reserved_slots", "total_jobs")

    def __init__(self, total_jobs: int, reserved_slots: tuple[int, ...] = (0,) * NUM_PRIORITIES) -> None:
        self.total_jobs: Final = total_jobs
        self.reserved_slots: Final = reserved_slots
        """By priority: places that only it and those above it may take."""
        if self.total_jobs < 0 or min(self.reserved_slots, default=0) < 0:
            raise ValueError(f"limits of a dispatcher must not be negative, as in {self!r}")
        if sum(self.reserved_slots) > self.total_jobs:
            raise ValueError(f"reserved_slots must not exceed total_jobs together, as in {self!r}")

    def by_priority(self) -> list[int]:
        """How many jobs may run in all for one of a priority to be started."""
        spare = self.total_jobs - sum(self.reserved_slots)
        return [spare + reserved for reserved in accumulate(self.reserved_slots)]


NO_JOBS = DispatcherLimits(0)


class PrioritizedDispatcher(Generic[J]):
    """First come, first served within a priority; every change is O(1). Owned by one thread.

    A job that may start is started inside the call that makes it possible; the others are queued, and their
    owners keep the pointer. A job in the queue may not start, whatever happens between the calls.
    """

    __slots__ = ("_limits", "_may_run", "_queue", "_running")

    def __init__(self, limits: DispatcherLimits) -> None:
        self._queue: PriorityQueue[J] = PriorityQueue(len(limits.reserved_slots))
        self._running = 0
        self._limits = limits
        self._may_run = limits.by_priority()

    @property
    def limits(self) -> DispatcherLimits:
        """As set last."""
        return self._limits

    @property
    def running_count(self) -> int:
        """Jobs that were started and have not finished."""
        return self._running

    @property
    def queued_count(self) -> int:
        """Jobs that wait."""
        return len(self._queue)

    def add(self, job: J, priority: int) -> Pointer[J] | None:
        """Starts the job, and answers None, or puts it behind those of its priority."""
        if self._running < self._may_run[priority]:
            self._start(job)
            return None
        return self._queue.insert(job, priority)

    def add_at_head(self, job: J, priority: int) -> Pointer[J] | None:
        """As add(), but before those of its priority."""
        if self._running < self._may_run[priority]:
            self._start(job)
            return None
        return self._queue.insert_at_front(job, priority)

    def cancel(self, pointer: Pointer[J]) -> None:
        """Takes a job that waits out of the queue."""
        self._queue.erase(pointer)

    def change_priority(self, pointer: Pointer[J], priority: int) -> Pointer[J] | None:
        """Puts a job that waits behind those of another priority, or starts it: a new pointer, or None."""
        if pointer.priority == priority:
            return pointer
        return self.add(self._queue.erase(pointer), priority)

    def evict_oldest_lowest(self) -> J | None:
        """Takes the job out that has waited longest of the least urgent, if any waits."""
        pointer = self._queue.first_min()
        return None if pointer is None else self._queue.erase(pointer)

    def on_job_finished(self) -> None:
        """A job that was started has ended: starts the next."""
        assert self._running > 0, "more jobs finished than were started"
        self._running -= 1
        self._maybe_start_next()

    def set_limits(self, limits: DispatcherLimits) -> None:
        """Starts what more room allows; what runs already goes on when there is less."""
        assert len(limits.reserved_slots) == len(self._may_run), "the priorities of a dispatcher do not change"
        self._limits = limits
        self._may_run = limits.by_priority()
        while self._maybe_start_next():
            pass

    def _maybe_start_next(self) -> bool:
        # Who is not the most urgent has no more room than who is.
        pointer = self._queue.first_max()
        if pointer is None or self._running >= self._may_run[pointer.priority]:
            return False
        self._start(self._queue.erase(pointer))
        return True

    def _start(self, job: J) -> None:
        self._running += 1  # first: the job may finish, or add others, inside its start()
        job.start()

    def __repr__(self) -> str:
        return f"<PrioritizedDispatcher {self._running} of {self._limits.total_jobs} run, {len(self._queue)} wait>"
