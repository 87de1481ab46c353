"""Driver: threads that run one step of a case at a time, and the certainty that all is quiet in between.

Two threads that run at once may each find the other a little further every time: whether a loop is asleep when it is
given a task, for one, decides about a system call. So a step is begun only when every counted thread sleeps.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from .asleep import are_asleep
from .counting import Counter

_LIMIT_S = 60.0
_STEP_S = 0.001
_LOOKS = 3  # in a row


class Worker:
    """A thread that runs what it is given."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self.is_idle = True
        self.has_taken = True
        self.failure: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def begin(self, task: Callable[[], object]) -> None:
        """Returns at once."""
        self.is_idle = self.has_taken = False
        self._tasks.put(task)

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            self.has_taken = True
            try:
                task()
            except BaseException as error:
                self.failure = error
            del task
            self.is_idle = True


class Driver:
    """Two workers, and the thread that tells them what to do, which is not counted."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.workers = (Worker(), Worker())
        self._is_paused = False
        self._go_on: SimpleQueue[None] = SimpleQueue()

    def begin(self, task: Callable[[], object], worker: int = 0) -> None:
        """Runs `task` until it waits for something that does not come; then returns."""
        self.workers[worker].begin(task)
        self.let_settle()

    def run(self, task: Callable[[], object]) -> None:
        """Runs `task` to its end."""
        self.workers[0].begin(task)
        self.let_end()

    def pause(self) -> None:
        """For a task: waits until all others are quiet, and go_on() was called."""
        self._is_paused = True
        self._go_on.get()

    def go_on(self) -> None:
        """Lets a task that pauses, or will, go on until the next time."""
        self.wait_for(lambda: self._is_paused)
        self._is_paused = False
        self._go_on.put(None)

    def let_end(self) -> None:
        """Until every worker is done and all is quiet; raises what a worker raised."""
        self.wait_for(lambda: all(worker.is_idle for worker in self.workers))

    def wait_for(self, is_true: Callable[[], bool]) -> None:
        """Until this is so, and all is quiet."""
        end = time.monotonic() + _LIMIT_S
        while not is_true():
            if time.monotonic() > end:
                raise TimeoutError(f"a step took longer than {_LIMIT_S:.0f} s")
            time.sleep(_STEP_S)
        self.let_settle()

    def let_settle(self) -> None:
        """Until every counted thread sleeps."""
        end = time.monotonic() + _LIMIT_S
        looks, seen = 0, -1
        while looks < _LOOKS:
            if time.monotonic() > end:
                raise TimeoutError(f"the threads are still busy after {_LIMIT_S:.0f} s")
            time.sleep(_STEP_S)
            progress = self._counter.progress
            is_quiet = progress == seen and all(worker.has_taken for worker in self.workers) and are_asleep(os.getpid())
            looks, seen = looks + 1 if is_quiet else 0, progress
        for worker in self.workers:
            if worker.failure is not None:
                raise worker.failure
