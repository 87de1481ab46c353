"""TaskQueue: tasks from any thread to the loop, in order, without a lock."""

from __future__ import annotations

from collections import deque
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

    No task is lost either: the loop closes the queue and then runs what is in it; a pusher appends and then looks
    whether the queue is closed. If so, it takes the task out again, unless the loop was faster.
    """

    __slots__ = ("_closed", "_waker", "is_sleeping", "tasks")

    def __init__(self, waker: Waker) -> None:
        self.tasks: deque[Task] = deque()
        """What waits to be run, oldest first; the loop takes from it directly."""
        self.is_sleeping = False
        """Set by the loop before its last look at `tasks`, and taken back when it is awake."""
        self._waker = waker
        self._closed = False

    def push(self, task: Task) -> bool:
        """Appends the task and wakes a sleeping loop; False, and no task, once the queue is closed."""
        try:
            self.tasks.append(task)
        finally:
            if self.is_sleeping:
                self._waker.wake()
        return not self._closed or self._has_run(task)

    def _has_run(self, task: Task) -> bool:
        try:
            self.tasks.remove(task)  # or one that equals it, which does the same
        except ValueError:
            return True
        return False

    def close(self) -> None:
        """Refuses tasks from now on; those already in are left to the loop, which is awake and stays so."""
        self._closed = True
        self.is_sleeping = False

    def __len__(self) -> int:
        return len(self.tasks)
