"""MessageLoop: runs tasks, ready descriptors and due timers in turns until it is told to quit.

A turn does a bounded amount of each kind of work, so that none starves the others: at most as many tasks as were
there when the turn began, as many due timers, as many descriptors as one poll reports, and of tasks and descriptors
no more than begin within some milliseconds. It sleeps only when a turn finds nothing to do. After quit nothing more
runs (base/message_loop/message_pump_epoll.cc).

Every operation maps its own failures, so an exception that arrives here is a bug of a callback. It is printed
and the turn goes on: one request's bug must not take the other requests' network away. This holds for SystemExit
and its like as well: they would end a thread that does not belong to the callback.
"""

from __future__ import annotations

import traceback
from collections import deque

from netstack_sync.base.clock import SystemTickClock, TickClock
from netstack_sync.loop.completion import Task
from netstack_sync.loop.poller import MAX_EVENTS, DefaultPoller, Poller
from netstack_sync.loop.pump import MAX_SHARE_S, MessagePump
from netstack_sync.loop.task_queue import TaskQueue
from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.loop.timers import TimerQueue

_LONGEST_SLEEP_S = 3600.0  # pollers refuse times beyond some weeks; a timer may be further away
_MAX_POLL_FAILURES = 10  # in a row; the reason may go away when its owner is told, but a loop must not spin
_TASKS_PER_TURN = 128  # a turn of the cheapest kind then stays well under a millisecond
_TIMERS_PER_TURN = 16  # they are seldom due together, and then mean the end of so many requests


class MessageLoop:
    """One thread's loop. Everything but `task_runner` belongs to the thread that runs it."""

    __slots__ = (
        "_is_running",
        "_queue",
        "_quit",
        "_quit_when_idle",
        "clock",
        "pump",
        "task_runner",
        "timers",
        "wakes",
    )

    def __init__(self, clock: TickClock | None = None, poller: Poller | None = None) -> None:
        self.clock = clock if clock is not None else SystemTickClock()
        self.pump = MessagePump(poller if poller is not None else DefaultPoller(), self.clock)
        self.timers = TimerQueue(self.clock)
        self._queue = TaskQueue(self.pump.waker)
        self.task_runner = TaskRunner(self._queue, self.timers)
        self.wakes: deque[Task] = deque()
        """What lets callers go: called in this order once the turn's tasks have run, or its watchers have been told.

        A caller that goes on at once takes the interpreter's lock from the loop, and gives it back when it waits
        again, for each of them. After the last one the loop has nothing to lose.
        """
        self._quit = False
        self._quit_when_idle = False
        self._is_running = False

    def run(self) -> None:
        """Runs until quit(); what was posted before is run first. Not re-entrant.

        A poller that fails again and again ends it, too: without it nothing is heard from any socket.
        """
        assert not self._is_running, "a MessageLoop does not nest"
        self.task_runner.bind_to_this_thread()
        self._is_running = True
        self._set_quit(False)
        try:
            failures = 0
            while not self._quit and failures < _MAX_POLL_FAILURES:
                failures = self._run_turns(failures)
        finally:
            self._is_running = False
            self._quit_when_idle = False
            self._wake_callers()

    def run_until_idle(self) -> None:
        """Runs until no task, due timer or ready descriptor is left; may be called again."""
        self._quit_when_idle = True
        self.run()

    def quit(self) -> None:
        """Ends run() before anything else runs. Only from inside; from outside post this method as a task."""
        assert self._is_running, "quit() outside of run()"
        self._set_quit(True)

    def quit_when_idle(self) -> None:
        """Ends run() as soon as there is nothing left to do right now."""
        self._quit_when_idle = True

    def close(self) -> None:
        """Refuses tasks from now on, runs those already posted, gives the kernel's objects back.

        What was posted is run rather than dropped, because a caller may be waiting for it; by now it fails
        with ERR_CONTEXT_SHUT_DOWN.
        """
        self._queue.close()
        while self._queue.tasks:
            try:
                self._queue.tasks.popleft()()
            except BaseException:
                traceback.print_exc()
        self._wake_callers()
        self.timers.clear()
        self.pump.close()
        self.task_runner.unbind()

    def abandon(self) -> None:
        """In a forked child: refuses tasks, which nobody would run, and drops the kernel's objects; wakes nobody."""
        self._queue.close()
        self.pump.close()
        self.task_runner.unbind()

    def _set_quit(self, quit_now: bool) -> None:
        self._quit = self.pump.is_halted = self.timers.is_halted = quit_now

    def _run_turns(self, failures: int) -> int:
        """Runs turns until quit, or until the poller fails; counts its failures in a row on from `failures`."""
        # Locals, since every turn reads them.
        queue, tasks, wakes, timers, now = self._queue, self._queue.tasks, self.wakes, self.timers, self.clock.now
        poll, dispatch = self.pump.poller.poll, self.pump.dispatch
        try:
            while not self._quit:
                if wakes:
                    self._wake_callers()
                if tasks:
                    if len(tasks) == 1:  # fast path: it has nobody to leave time to
                        self._run_task()
                    else:
                        self._run_tasks(min(len(tasks), _TASKS_PER_TURN))
                    if self._quit:
                        return 0
                    if wakes:
                        self._wake_callers()
                delay_s = timers.next_at - now()
                if delay_s <= 0.0:
                    delay_s = self._run_timers()
                    if self._quit:
                        return 0
                queue.is_sleeping = True
                if tasks or self._quit_when_idle:
                    queue.is_sleeping = False
                    if not self.pump.poll(0.0) and self._quit_when_idle and delay_s > 0.0 and not tasks:
                        self._set_quit(True)
                else:
                    events = poll(delay_s if delay_s < _LONGEST_SLEEP_S else _LONGEST_SLEEP_S, MAX_EVENTS)
                    queue.is_sleeping = False  # before a callback posts, or a caller that it lets go
                    dispatch(events)
                failures = 0
        except Exception:
            # The poller failed: a descriptor was closed before its watch was stopped, or os.closerange() took its own.
            queue.is_sleeping = False
            traceback.print_exc()
            return failures + 1
        return 0

    def _run_tasks(self, count: int) -> None:
        """Runs the first `count` tasks, or those that begin before the time is up."""
        tasks, now = self._queue.tasks, self.clock.now
        stop_at = now() + MAX_SHARE_S
        for _ in range(count):
            try:
                tasks.popleft()()
            except BaseException:
                traceback.print_exc()  # as _run_task() does it, one call less
            if self._quit or now() >= stop_at:
                return

    def _run_task(self) -> None:
        try:
            self._queue.tasks.popleft()()
        except BaseException:
            traceback.print_exc()  # a bug of the task; see above

    def _run_timers(self) -> float:
        """Runs timers that are due; answers how long the loop may sleep then."""
        self.timers.run_due(_TIMERS_PER_TURN)
        self._wake_callers()
        delay_s = self.timers.seconds_to_next()
        return _LONGEST_SLEEP_S if delay_s is None else delay_s

    def _wake_callers(self) -> None:
        wakes = self.wakes
        while wakes:
            try:
                wakes.popleft()()
            except Exception:
                traceback.print_exc()  # one whose descriptor was closed behind its back hides no other
