"""JobQueue: which lookups may run, and which must go when too many wait."""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias

from netstack_sync.base.dispatcher import NO_JOBS, DispatcherLimits, PrioritizedDispatcher
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.priority_queue import Pointer

_QUEUED_PER_PLACE: Final = 100  # Chromium's kMaxQueuedJobs


class QueuedJob(Protocol):
    """A lookup that waits for its turn."""

    def start(self) -> None:
        """Its turn has come; it calls JobQueue.release() when its place is free again."""

    def on_evicted(self) -> None:
        """It will have no turn."""


Place: TypeAlias = Pointer[QueuedJob]


class JobQueue:
    """A PrioritizedDispatcher that is bounded: the oldest of the least urgent is evicted. Network thread only."""

    __slots__ = ("_dispatcher", "_limits", "_max_queued")

    def __init__(self, max_parallel: int) -> None:
        self._limits = DispatcherLimits(max_parallel)
        self._max_queued = max_parallel * _QUEUED_PER_PLACE
        self._dispatcher: PrioritizedDispatcher[QueuedJob] = PrioritizedDispatcher(self._limits)

    def add(self, job: QueuedJob, priority: RequestPriority) -> Place | None:
        """Starts the job or gives it a place in the queue; None if it has none, being started or evicted."""
        place = self._dispatcher.add(job, priority)
        if self._dispatcher.queued_count > self._max_queued:
            victim = self._dispatcher.evict_oldest_lowest()
            assert victim is not None
            victim.on_evicted()  # maybe of the job itself
        return place if place is not None and place.queued else None

    def change_priority(self, place: Place, priority: RequestPriority) -> Place | None:
        """Moves a job that waits; None if that started it."""
        return self._dispatcher.change_priority(place, priority)

    def cancel(self, place: Place) -> None:
        """Takes a job out that waits."""
        self._dispatcher.cancel(place)

    def release(self) -> None:
        """A job that was started needs no place any more: starts the next."""
        self._dispatcher.on_job_finished()

    def pause(self) -> None:
        """Starts nobody until resume()."""
        self._dispatcher.set_limits(NO_JOBS)

    def resume(self) -> None:
        """Starts those for whom there is room."""
        self._dispatcher.set_limits(self._limits)

    @property
    def queued_count(self) -> int:
        """Lookups that wait."""
        return self._dispatcher.queued_count

    def __repr__(self) -> str:
        return f"<JobQueue {self._dispatcher!r}>"
