"""TaskQueue: tasks from any thread to the loop, in order; the only lock on the hot path."""

from __future__ import annotations

from collections import deque
from threading import RLock
from typing import TYPE_CHECKING

from netstack_sync.loop.completion import Task

if TYPE_CHECKING:
    from netstack_sync.loop.waker import Waker


class TaskQueue:
    """FIFO of tasks. `push` from any thread, everything else on the loop's thread.

    No wake-up is lost: the loop publishes that it is about to sleep and then looks at the queue once more; a
    pusher appends and then looks whether the loop sleeps. Only the loop takes the mark back. If pushers did it,
    one that is slow to come back from the system call, or is interrupted by Ctrl-C, would erase a later mark.
    A signal handler that raises (Ctrl-C) between appending and waking does not keep the loop from being woken. Only
    if it hits the wake itself, before the system call, the task waits for the loop's next event.
    """

    __slots__ = ("_closed", "_lock", "_sleeping", "_waker", "tasks")

    def __init__(self, waker: Waker) -> None:
        self.tasks: deque[Task] = deque()
        """What waits to be run, oldest first; the loop takes from it directly."""
        # Reentrant: a signal handler or a finaliser that posts may interrupt a push of its own thread.
        self._lock = RLock()
        self._waker = waker
        self._sleeping = False
        self._closed = False

    def push(self, task: Task) -> bool:
        """Appends the task and wakes a sleeping loop; False, and no task, once the queue is closed."""
        try:
            with self._lock:
                if self._closed:
                    return False
                self.tasks.append(task)
        finally:
            if self._sleeping:
                self._waker.wake()
        return True

    def prepare_to_sleep(self) -> bool:
        """Publishes that the loop is about to sleep; False when there is work after all."""
        self._sleeping = True
        if self.tasks:
            self._sleeping = False
            return False
        return True

    def woke_up(self) -> None:
        """Tells pushers that the loop is awake."""
        self._sleeping = False

    def close(self) -> None:
        """Refuses tasks from now on; those already in are left to the loop."""
        with self._lock:
            self._closed = True

    def __len__(self) -> int:
        return len(self.tasks)
