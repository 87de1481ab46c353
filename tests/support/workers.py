"""A worker pool without threads: the test decides when which job runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

T = TypeVar("T")


class ScriptedWorkers(WorkerPool):
    """Keeps posted jobs in `jobs` until `run_next()`; replies are posted to the loop as from a thread."""

    __slots__ = ("jobs",)

    def __init__(self, task_runner: TaskRunner) -> None:
        super().__init__(task_runner, max_threads=1)
        self.jobs: deque[WorkerJob[Any]] = deque()

    def post_job(self, work: Callable[[], T], on_reply: Callable[[T | BaseException], None]) -> WorkerJob[T]:
        """See WorkerPool.post_job; nothing runs yet."""
        job = WorkerJob(work, on_reply, self.task_runner)
        self.jobs.append(job)
        return job

    def run_next(self) -> None:
        """Does the oldest job; there must be one."""
        self.jobs.popleft().run()
