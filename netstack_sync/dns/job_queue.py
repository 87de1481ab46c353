"""JobQueue: which lookups may run, and which must go when too many wait."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from netstack_sync.base.dispatcher import NO_JOBS, DispatcherLimits, PrioritizedDispatcher
from netstack_sync.base.priority import RequestPriority

_QUEUED_PER_PLACE: Final = 100  # Chromium's kMaxQueuedJobs


class QueuedJob(Protocol):
    """A lookup that waits for its turn."""

    def start(self) -> None:
        """Its turn has come; it calls JobQueue.release() when its place is free again."""

    def on_evicted(self) -> None:
        """It will have no turn."""


class Place(NamedTuple):
    """Where a job waits; worthless once it has left."""

    job: QueuedJob
    priority: RequestPriority


class JobQueue:
    """A PrioritizedDispatcher that is bounded: the oldest of the least urgent is evicted. Network thread only."""

    __slots__ = ("_dispatcher", "_limits", "_max_queued")

    def __init__(self, max_parallel: int) -> None:
        self._limits = DispatcherLimits(max_parallel)
        self._max_queued = max_parallel * _QUEUED_PER_PLACE
        self._dispatcher: PrioritizedDispatcher[QueuedJob] = PrioritizedDispatcher(self._limits)

    def add(self, job: QueuedJob, priority: RequestPriority) -> Place | None:
        """Starts the job or gives it a place in the queue; None if it has none, being started or evicted."""
        waits = self._dispatcher.add(job, priority)
        if self._dispatcher.queued_count > self._max_queued:
            victim = self._dispatcher.evict_oldest_lowest()
            assert victim is not None
            waits = waits and victim is not job
            victim.on_evicted()
        return Place(job, priority) if waits else None

    def change_priority(self, place: Place, priority: RequestPriority) -> Place | None:
        """Moves a job that waits; None if that started it."""
        waits = self._dispatcher.change_priority(place.job, place.priority, priority)
        return Place(place.job, priority) if waits else None

    def cancel(self, place: Place) -> None:
        """Takes a job out that waits."""
        self._dispatcher.cancel(place.job, place.priority)

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
