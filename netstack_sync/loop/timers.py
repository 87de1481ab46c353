"""Timers: delayed tasks in order of their time, one-shot and repeating timers.

A heap with lazy deletion: cancelling marks the entry, and when more than half of the heap is marked it is
rebuilt. Almost every deadline of a request is cancelled long before it is due, so without the rebuilding the
heap would hold the requests of the last minutes.
"""

from __future__ import annotations

import traceback
from heapq import heapify, heappop, heappush
from math import inf

from netstack_sync.base.clock import TickClock
from netstack_sync.loop.completion import Task
from netstack_sync.loop.deadlines import DeadlineQueues

_MIN_GARBAGE = 64  # below this a rebuild costs more than it frees


class DelayedTask:
    """Handle of a task that runs at a time; `cancel()` is idempotent and final."""

    __slots__ = ("_queue", "task")

    def __init__(self, task: Task, queue: TimerQueue) -> None:
        self.task: Task | None = task
        self._queue = queue

    def cancel(self) -> None:
        """The task never runs; nothing happens if it already ran."""
        if self.task is not None:
            self.task = None
            self._queue.note_cancelled()


class TimerQueue:
    """Delayed tasks of one loop; equal times run in the order of their arming. Loop's thread only."""

    __slots__ = ("_cancelled", "_heap", "_sequence", "clock", "deadlines", "is_halted", "next_at")

    def __init__(self, clock: TickClock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, DelayedTask]] = []
        self._sequence = 0
        self._cancelled = 0
        self.deadlines = DeadlineQueues(clock, self.call_at)
        """deadlines[length_s]: the queue of all deadlines that are that far away when they begin."""
        self.next_at = inf
        """Nothing is due before (clock seconds); earlier than needed when the first timer was cancelled."""
        self.is_halted = False  # set by a loop that quits: nothing more is run

    def call_at(self, when: float, task: Task) -> DelayedTask:
        """Runs `task` once the clock shows `when` (clock seconds)."""
        delayed = DelayedTask(task, self)
        self._sequence += 1
        heappush(self._heap, (when, self._sequence, delayed))
        if when < self.next_at:
            self.next_at = when
        return delayed

    def call_later(self, delay_s: float, task: Task) -> DelayedTask:
        """Runs `task` after `delay_s` seconds."""
        return self.call_at(self.clock.now() + delay_s, task)

    def seconds_to_next(self) -> float | None:
        """How long until `next_at`, which is found anew: 0.0 when something is due, None when nothing is armed."""
        heap = self._heap
        while heap and heap[0][2].task is None:
            heappop(heap)
            self._cancelled -= 1
        if not heap:
            self.next_at = inf
            return None
        self.next_at = heap[0][0]
        delay_s = self.next_at - self.clock.now()
        return delay_s if delay_s > 0.0 else 0.0

    def run_due(self, limit: int) -> int:
        """Runs at most `limit` tasks that are due at the time of the call; answers how many ran."""
        heap = self._heap
        if not heap:
            return 0
        now = self.clock.now()
        ran = 0
        while ran < limit and heap and heap[0][0] <= now and not self.is_halted:
            delayed = heappop(heap)[2]
            task = delayed.task
            if task is None:
                self._cancelled -= 1
                continue
            delayed.task = None
            ran += 1
            try:
                task()
            except BaseException:
                traceback.print_exc()  # a bug of the task; see MessageLoop
        return ran

    def note_cancelled(self) -> None:
        """Counts a marked entry and rebuilds the heap when most of it is marked."""
        self._cancelled += 1
        if self._cancelled > _MIN_GARBAGE and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry[2].task is not None]
            heapify(self._heap)
            self._cancelled = 0

    def clear(self) -> None:
        """Drops everything without running it."""
        for _, _, delayed in self._heap:
            delayed.task = None  # so that a later cancel() is not counted
        self._heap.clear()
        self.deadlines.clear()
        self.next_at = inf
        self._cancelled = 0

    def __len__(self) -> int:
        """Armed tasks, without those cancelled, and without timers of deadlines that were all kept."""
        idle = sum([queue.is_idle for queue in self.deadlines.values()])
        return len(self._heap) - self._cancelled - idle


class OneShotTimer:
    """Runs a task once; starting it again re-arms it. It has stopped when its task runs."""

    __slots__ = ("_delayed", "_task", "_timers")

    def __init__(self, timers: TimerQueue, task: Task) -> None:
        self._timers = timers
        self._task = task
        self._delayed: DelayedTask | None = None

    def start(self, delay_s: float) -> None:
        """Arms the timer `delay_s` seconds from now; an earlier arming is forgotten."""
        self.stop()
        self._delayed = self._timers.call_later(delay_s, self._fire)

    def stop(self) -> None:
        """Disarms; idempotent."""
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None

    @property
    def is_running(self) -> bool:
        """True while armed."""
        return self._delayed is not None

    def _fire(self) -> None:
        self._delayed = None
        self._task()


class Alarm:
    """A OneShotTimer that knows its task only while it is armed.

    For objects that come and go with requests: an owner that is no circle with its timer needs no collector.
    """

    __slots__ = ("_delayed", "_timers")

    def __init__(self, timers: TimerQueue) -> None:
        self._timers = timers
        self._delayed: DelayedTask | None = None

    def start(self, delay_s: float, task: Task) -> None:
        """Runs `task` in `delay_s` seconds; an earlier arming is forgotten."""
        self.stop()
        self._delayed = self._timers.call_later(delay_s, task)

    def stop(self) -> None:
        """Disarms; idempotent."""
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None


class RepeatingTimer:
    """Runs a task every `period_s` seconds until stopped; the task may stop or restart it."""

    __slots__ = ("_period_s", "_task", "_timer")

    def __init__(self, timers: TimerQueue, task: Task) -> None:
        self._timer = OneShotTimer(timers, self._fire)
        self._task = task
        self._period_s = 0.0

    def start(self, period_s: float) -> None:
        """Arms the timer; the first run is one period away."""
        if period_s <= 0:
            raise ValueError(f"period_s must be positive, not {period_s!r}")
        self._period_s = period_s
        self._timer.start(period_s)

    def stop(self) -> None:
        """Disarms; idempotent."""
        self._timer.stop()

    @property
    def is_running(self) -> bool:
        """True between start() and stop()."""
        return self._timer.is_running

    def _fire(self) -> None:
        # Armed again first, so that the task may stop it.
        self._timer.start(self._period_s)
        self._task()
