"""TaskRunner: the only way into the network thread from outside."""

from __future__ import annotations

from threading import get_ident

from netstack_sync.loop.completion import Task
from netstack_sync.loop.task_queue import TaskQueue
from netstack_sync.loop.timers import TimerQueue


class TaskRunner:
    """Posts tasks to one loop; any thread. Tasks run in the order of posting and never inside the call."""

    __slots__ = ("_queue", "_thread_id", "_timers", "post_task")

    def __init__(self, queue: TaskQueue, timers: TimerQueue) -> None:
        self._queue = queue
        self._timers = timers
        self._thread_id: int | None = None
        # Bound directly: one call less on the way of every request.
        self.post_task = queue.push
        """post_task(task) -> bool: False, and the task never runs, once the loop has shut down."""

    def post_delayed_task(self, task: Task, delay_s: float) -> bool:
        """Runs `task` no earlier than `delay_s` seconds from now; equal times keep the order of posting."""
        when = self._timers.clock.now() + delay_s

        def arm() -> None:
            self._timers.call_at(when, task)

        return self._queue.push(arm)

    def runs_tasks_on_this_thread(self) -> bool:
        """True on the thread that runs the loop."""
        return self._thread_id == get_ident()

    def bind_to_this_thread(self) -> None:
        """Declares the calling thread to be the loop's."""
        self._thread_id = get_ident()

    def unbind(self) -> None:
        """Nobody is the loop's thread any more: the identity of a thread that ended is given to another."""
        self._thread_id = None
