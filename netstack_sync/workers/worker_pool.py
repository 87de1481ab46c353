"""WorkerPool: daemon threads on demand for work that may block."""

from __future__ import annotations

import _thread
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from netstack_sync.loop.task_runner import TaskRunner
from netstack_sync.workers.worker_job import WorkerJob

T = TypeVar("T")

_LOOK_AGAIN_S = 0.005
_MIN_GARBAGE = 64  # below this looking for cancelled jobs costs more than it frees
_IDLE_LIFETIME_S = 10.0  # an idle thread costs memory, a new one costs 50 to 100 microseconds
_NEW_ATTEMPT_S: Final = 1.0  # when the system has no thread for a job; others end, or it is a matter of minutes


class WorkerPool:
    """Runs jobs on at most `max_threads` threads; replies come on the network thread.

    Threads are daemons and never joined: one that hangs in getaddrinfo() must not hold the process. The thread
    that went idle last is used first, so that the others can die. Jobs beyond the limit wait in order. Posting,
    cancelling and the end belong to the network thread.

    A job that was cancelled while it runs is stuck: nobody can interrupt it, and its thread is gone until it ends
    by itself. Others take its place while there are fewer than `max_threads`; after that jobs wait.
    """

    __slots__ = (
        "__weakref__",
        "_finishes",
        "_idle",
        "_is_shut_down",
        "_is_trying_again",
        "_lock",
        "_max_threads",
        "_name",
        "_running",
        "_threads",
        "_tidy_at",
        "_waiting",
        "task_runner",
    )

    def __init__(
        self, task_runner: TaskRunner, max_threads: int, name: str = "netstack-worker", finishes: bool = False
    ) -> None:
        """A pool that `finishes` still does what waits when it is shut down and was not cancelled: to give things back
        that may be given back nowhere else.
        """
        self.task_runner = task_runner
        self._finishes = finishes
        self._max_threads = max_threads
        self._name = name
        self._lock = threading.Lock()  # held for a few instructions, never while a job runs
        self._waiting: deque[WorkerJob[Any]] = deque()
        self._idle: list[_Worker] = []
        self._running: dict[_Worker, WorkerJob[Any]] = {}
        self._threads = 0  # busy, idle, or about to be started
        self._tidy_at = _MIN_GARBAGE
        self._is_trying_again = False
        self._is_shut_down = False

    def post_job(self, work: Callable[[], T], on_reply: Callable[[T | BaseException], None]) -> WorkerJob[T]:
        """Runs `work` on a worker and `on_reply` with its value, or with what it raised, on the network thread.

        After shut_down() the job never runs and never replies.
        """
        job = WorkerJob(work, on_reply, self.task_runner)
        with self._lock:
            if self._is_shut_down:
                return job
            if self._idle:
                worker = self._idle.pop()
                self._running[worker] = job
                worker.give(job)
                return job
            self._waiting.append(job)
            if self._threads >= self._max_threads:
                self._maybe_tidy()
                return job
            self._threads += 1
        self._add_worker()
        return job

    def shut_down(self) -> None:
        """Ends the threads: idle ones at once, busy ones after their job.

        What waits is dropped, without a reply, unless the pool `finishes`.
        """
        with self._lock:
            self._is_shut_down = True
            if not self._finishes:
                self._waiting.clear()
            idle, self._idle = self._idle, []
            self._threads -= len(idle)
        for worker in idle:
            worker.dismiss()

    def _add_worker(self) -> None:
        """Starts a worker that is counted already."""
        try:
            # Thread.start() returns when the new thread has run, beside busy threads after tens of milliseconds.
            # The network thread must not wait so long, so a thread that nobody waits for makes the worker.
            _thread.start_new_thread(self._start_worker, ())
        except RuntimeError as error:
            self._do_without_worker(error)

    def _start_worker(self) -> None:
        """Makes a worker, which is counted already; on a thread of its own."""
        try:
            threading.Thread(target=_Worker(self).run, name=self._name, daemon=True).start()
        except RuntimeError as error:
            self._do_without_worker(error)

    def _do_without_worker(self, error: RuntimeError) -> None:
        """No more threads, or the interpreter is shutting down; jobs wait for the others, if there are any.

        These may hang, so that in a while there is another attempt.
        """
        with self._lock:
            self._threads -= 1
            failed = [] if self._threads else list(self._waiting)
            if failed:
                self._waiting.clear()
            tries_again = bool(self._waiting) and not self._is_trying_again
            self._is_trying_again = self._is_trying_again or tries_again
        for job in failed:
            job.fail(error)
        if tries_again:
            self.task_runner.post_delayed_task(self._try_again, _NEW_ATTEMPT_S)

    def _try_again(self) -> None:
        """Starts workers for jobs that still wait."""
        with self._lock:
            self._is_trying_again = False
            count = min(len(self._waiting), self._max_threads - self._threads)
            self._threads += count
        for _ in range(count):
            self._add_worker()

    def next_job(self, worker: _Worker) -> WorkerJob[Any] | None:
        """Takes a waiting job for a worker that is free; None puts the worker on the idle list, or ends it."""
        with self._lock:
            self._running.pop(worker, None)
            while self._waiting:
                job = self._waiting.popleft()
                if not job.is_cancelled:
                    self._running[worker] = job
                    return job
            if self._is_shut_down:
                self._threads -= 1
                worker.dismiss()
            else:
                self._idle.append(worker)
            return None

    def retire(self, worker: _Worker) -> bool:
        """Takes a worker that idled long enough out; False if it was given a job, or dismissed, meanwhile."""
        with self._lock:
            if worker not in self._idle:
                return False
            self._idle.remove(worker)
            self._threads -= 1
            return True

    def finish(self, limit_s: float) -> bool:
        """Drops the jobs that wait and waits for those that run, at most `limit_s` seconds; any thread.

        For the end of the process, once nothing is posted any more: before Python 3.14 a daemon thread that is in
        Rust code (cryptography) when the interpreter ends aborts the process. False when time was up.
        """
        for _ in range(int(limit_s / _LOOK_AGAIN_S)):
            with self._lock:
                self._waiting.clear()
                if len(self._idle) == self._threads:
                    return True
            time.sleep(_LOOK_AGAIN_S)
        return False

    @property
    def running_count(self) -> int:
        """Jobs that run and whose reply is awaited; any thread."""
        with self._lock:
            return sum(not job.is_abandoned for job in self._running.values())

    @property
    def stuck_count(self) -> int:
        """Jobs that run although they were cancelled; any thread."""
        with self._lock:
            return sum(job.is_abandoned for job in self._running.values())

    @property
    def is_half_taken(self) -> bool:
        """True while at least half of the threads that may be have a job; any thread."""
        with self._lock:
            return 2 * len(self._running) >= self._max_threads

    def _maybe_tidy(self) -> None:
        """Drops cancelled jobs: while all threads hang nobody else does. Under the lock; amortised O(1)."""
        if len(self._waiting) >= self._tidy_at:
            self._waiting = deque(job for job in self._waiting if not job.is_cancelled)
            self._tidy_at = max(_MIN_GARBAGE, 2 * len(self._waiting))


class _Worker:
    """One thread of a pool: runs jobs, then idles on a lock until it gets another or is too old."""

    __slots__ = ("_gift", "_pool", "_wake")

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._wake = threading.Lock()
        self._wake.acquire()
        self._gift: WorkerJob[Any] | None = None

    def give(self, job: WorkerJob[Any]) -> None:
        """Hands a job to this worker, which is idle; called under the pool's lock."""
        self._gift = job
        self._wake.release()

    def dismiss(self) -> None:
        """Ends this worker, which has no job and is not on the pool's list any more."""
        self._wake.release()

    def run(self) -> None:
        """The thread's life."""
        while True:
            job = self._pool.next_job(self) or self._idle()
            if job is None:
                return
            job.run()
            del job  # an idle worker must not keep the last job's values alive

    def _idle(self) -> WorkerJob[Any] | None:
        while not self._wake.acquire(timeout=_IDLE_LIFETIME_S):
            if self._pool.retire(self):
                return None
        job, self._gift = self._gift, None
        return job
