"""Runs the transfers of a command: one after another, or several at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

Job = Callable[[], int]
"""Gives an exit status; what it raises ends all."""


def run_in_order(jobs: Sequence[Job]) -> list[int]:
    """Their exit statuses."""
    return [job() for job in jobs]


def run_in_parallel(jobs: Sequence[Job], max_threads: int, stop: Callable[[], object]) -> list[int]:
    """Their exit statuses, in the order of the jobs.

    When one raises, or Ctrl-C comes, no other begins, `stop` is called to end those under way, and it is raised
    here once they have ended.
    """
    run = _ParallelRun(jobs)
    count = min(max_threads, len(jobs))
    threads = [threading.Thread(target=run.work, name="netstack-fetch", daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
        run.wait()
    except BaseException:
        run.abandon()
        stop()
        raise
    finally:
        for thread in threads:
            if thread.ident is not None:  # else Ctrl-C came before it began
                thread.join()
    return run.statuses


class _ParallelRun:
    """What the threads share."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.statuses = [0] * len(jobs)
        self._waiting: queue.SimpleQueue[tuple[int, Job]] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._is_abandoned = False
        for number, job in enumerate(jobs):
            self._waiting.put((number, job))

    def work(self) -> None:
        """Of each thread."""
        while not self._is_abandoned:
            try:
                number, job = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self.statuses[number] = job()
                self._outcomes.put(None)
            except BaseException as error:
                self._outcomes.put(error)

    def wait(self) -> None:
        """Until all are done; raises what one of them raised."""
        for _ in self.statuses:
            error = self._outcomes.get()
            if error is not None:
                raise error

    def abandon(self) -> None:
        """No other job begins."""
        self._is_abandoned = True
