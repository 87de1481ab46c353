"""ResolveJob: one lookup, shared by every request for the same name: one task after the other until one succeeds."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from netstack_sync.base.net_errors import ERR_HOST_RESOLVER_QUEUE_TOO_LARGE
from netstack_sync.base.priority import NUM_PRIORITIES, RequestPriority
from netstack_sync.dns.answer_rules import answer_for_exception
from netstack_sync.dns.job_queue import JobQueue, Place
from netstack_sync.dns.late_answer import LateAnswer
from netstack_sync.dns.resolve_answer import ResolveAnswer, ResolveTask
from netstack_sync.dns.task_order import NEEDS_SLOT, TaskKind
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.log.params import source_params
from netstack_sync.loop.timers import Alarm, TimerQueue


class JobKey(NamedTuple):
    """What requests must have in common to share a lookup."""

    name: str
    """Lower case; with a final dot the system does not try search domains."""
    family: int
    partition: str | None
    tasks: tuple[TaskKind, ...]
    """Says it all about the source, the mode of DNS over HTTPS, and bootstrapping."""


class JobWaiter(Protocol):
    """A request that waits for the job's answer."""

    net_log: NetLogWithSource
    priority: RequestPriority

    def on_job_complete(self, answer: ResolveAnswer) -> None: ...


class JobOwner(Protocol):
    """What a job needs from the resolver."""

    def create_task(self, kind: TaskKind, job: ResolveJob) -> ResolveTask: ...

    def check_answer(self, answer: ResolveAnswer, job: ResolveJob) -> ResolveAnswer:
        """The answer as it may be used."""

    def on_job_evicted(self, job: ResolveJob) -> None:
        """Nobody may join it any more; its completion comes later."""

    def on_job_complete(self, job: ResolveJob, answer: ResolveAnswer) -> None:
        """Once; not inside begin()."""


PATIENCE_S: Final = 2.0
"""A resolver that is merely slow answers sooner, and is spared too many questions at a time; the threads of those
that do not are bounded by their pool.
"""


class ResolveJob:
    """Owned by the resolver while it runs; removed there before its waiters are told. Network thread only.

    It waits in the queue (`_place`) or runs (`_task`), never both; a task that may hold a thread holds one of the
    queue's places while it runs, but no longer than PATIENCE_S: names whose servers do not answer must not keep all
    the others waiting. Its priority is the highest of its waiters'.
    """

    __slots__ = (
        "_counts",
        "_holds_place",
        "_is_logged",
        "_owner",
        "_patience",
        "_place",
        "_queue",
        "_task",
        "_task_index",
        "_timers",
        "is_refresh",
        "key",
        "net_log",
        "waiters",
    )

    def __init__(
        self, key: JobKey, owner: JobOwner, queue: JobQueue, timers: TimerQueue, net_log: NetLog, is_refresh: bool
    ) -> None:
        self.key = key
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.HOST_RESOLVER_IMPL_JOB)
        self.waiters: dict[JobWaiter, None] = {}
        """In the order of their coming."""
        self.is_refresh = is_refresh
        """True for a job that goes on without waiters."""
        self._owner = owner
        self._queue = queue
        self._timers = timers
        self._counts = [0] * NUM_PRIORITIES
        self._task: ResolveTask | None = None
        self._task_index = 0
        self._place: Place | None = None
        self._holds_place = False
        self._patience = Alarm(timers)
        self._is_logged = False

    def begin(self) -> None:
        """Starts the first task, or queues for it."""
        self._is_logged = True
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.HOST_RESOLVER_MANAGER_JOB, lambda _: {"host": self.key.name})
        self._next_task()

    @property
    def priority(self) -> RequestPriority:
        """The highest of the waiters'; IDLE without any."""
        levels = (level for level in reversed(RequestPriority) if self._counts[level])
        return next(levels, RequestPriority.IDLE)

    @property
    def is_running(self) -> bool:
        """True while somebody is asked; False while the job waits in the queue."""
        return self._task is not None

    def attach(self, waiter: JobWaiter) -> None:
        """Adds a waiter."""
        self.waiters[waiter] = None
        self._counts[waiter.priority] += 1
        if self.net_log.is_capturing:
            waiter.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_ATTACH, source_params(self.net_log.source))
        self._log_waiter(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_ATTACH, waiter)
        self._requeue()

    def remove(self, waiter: JobWaiter) -> bool:
        """Takes a waiter out; True when it was the last and the job was cancelled with it."""
        self._log_waiter(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_DETACH, waiter)
        del self.waiters[waiter]
        self._counts[waiter.priority] -= 1
        if self.waiters or self.is_refresh:
            self._requeue()
            return False
        self.cancel()
        return True

    def change_priority(self, waiter: JobWaiter, priority: RequestPriority) -> None:
        """Sets the priority of a waiter; the job moves in the queue if that changes its own."""
        self._counts[waiter.priority] -= 1
        waiter.priority = priority
        self._counts[priority] += 1
        self._requeue()

    def cancel(self) -> None:
        """Drops the lookup, silently; idempotent."""
        self._stop()
        if self._is_logged:
            self.net_log.event(NetLogEventType.CANCELLED)
            self._end_log(0)

    def abort(self, net_error: int, detail: str) -> None:
        """Completes at once, with an error."""
        self._complete(ResolveAnswer(net_error, detail=detail))

    def start(self) -> None:
        """See QueuedJob."""
        self._place = None
        self._holds_place = True
        self._patience.start(PATIENCE_S, self._release_place)
        self.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_STARTED)
        self._run_task()

    def on_evicted(self) -> None:
        """See QueuedJob. The waiters are told later: one of them may be inside its start()."""
        self._place = None
        self.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_EVICTED)
        self._owner.on_job_evicted(self)
        reason = "too many names wait to be looked up"
        self._task = LateAnswer(ResolveAnswer(ERR_HOST_RESOLVER_QUEUE_TOO_LARGE, detail=reason), self._timers)
        self._task.start(self._complete)

    def _next_task(self) -> None:
        if self.key.tasks[self._task_index] in NEEDS_SLOT:
            self._place = self._queue.add(self, self.priority)
        else:
            self._run_task()

    def _run_task(self) -> None:
        try:
            self._task = self._owner.create_task(self.key.tasks[self._task_index], self)
            self._task.start(self._on_answer)
        except Exception as error:  # of a resolver that was handed in: the others go on
            broken, self._task = self._task, LateAnswer(answer_for_exception(error), self._timers)
            self._task.start(self._on_answer)
            if broken is not None:
                broken.cancel()  # some of it may have started

    def _on_answer(self, answer: ResolveAnswer) -> None:
        self._task = None
        self._task_index += 1
        answer = self._owner.check_answer(answer, self)
        if answer.is_ok or self._task_index == len(self.key.tasks):
            self._complete(answer)
        else:
            self._release_place()
            self._next_task()

    def _complete(self, answer: ResolveAnswer) -> None:
        self._stop()
        self._end_log(answer.net_error)
        self._owner.on_job_complete(self, answer)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._place is not None:
            self._queue.cancel(self._place)
            self._place = None
        self._release_place()

    def _release_place(self) -> None:
        if self._holds_place:
            self._holds_place = False
            self._patience.stop()
            self._queue.release()

    def _requeue(self) -> None:
        if self._place is not None:
            self._place = self._queue.change_priority(self._place, self.priority)

    def _log_waiter(self, event: NetLogEventType, waiter: JobWaiter) -> None:
        if self.net_log.is_capturing:
            dependency = source_params(waiter.net_log.source)
            priority = waiter.priority.name
            self.net_log.event(event, lambda mode: {**dependency(mode), "priority": priority})

    def _end_log(self, net_error: int) -> None:
        self._is_logged = False
        self.net_log.end_with_net_error(NetLogEventType.HOST_RESOLVER_MANAGER_JOB, net_error)
