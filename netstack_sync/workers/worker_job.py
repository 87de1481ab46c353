"""WorkerJob: one piece of blocking work with a reply that comes at most once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from netstack_sync.loop.task_runner import TaskRunner

T = TypeVar("T")


class WorkerJob(Generic[T]):
    """Handle of a posted job; owned by the network thread, run on a worker.

    After `cancel()` no reply comes. Work that runs already cannot be interrupted: it ends on its thread and its
    value is dropped. Work that waits for a thread is skipped.
    """

    __slots__ = ("_on_reply", "_task_runner", "_work", "is_abandoned")

    def __init__(
        self, work: Callable[[], T], on_reply: Callable[[T | BaseException], None], task_runner: TaskRunner
    ) -> None:
        self._work: Callable[[], T] | None = work
        self._on_reply: Callable[[T | BaseException], None] | None = on_reply
        self._task_runner = task_runner
        self.is_abandoned = False
        """True once it was cancelled before its reply."""

    def cancel(self) -> None:
        """Drops the reply; idempotent; network thread."""
        self.is_abandoned = self.is_abandoned or self._on_reply is not None
        self._on_reply = None
        self._work = None

    @property
    def is_cancelled(self) -> bool:
        """True once the reply was dropped or delivered."""
        return self._on_reply is None

    def run(self) -> None:
        """Does the work and posts the reply; worker thread."""
        work = self._work
        if work is None:
            return
        try:
            value: T | BaseException = work()
        except BaseException as error:
            value = error
        self._post(value)
        del work, value  # this frame may live on in a traceback; it must not hold what holds that

    def fail(self, error: BaseException) -> None:
        """Replies with an error instead of running; any thread."""
        self._post(error)

    def _post(self, value: T | BaseException) -> None:
        self._task_runner.post_task(lambda: self._deliver(value))

    def _deliver(self, value: T | BaseException) -> None:
        on_reply, self._on_reply = self._on_reply, None
        self._work = None
        if on_reply is not None:
            on_reply(value)
