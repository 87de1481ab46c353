"""A lookup: one task after the other, in the queue's order, cancelled with its last waiter."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_HOST_RESOLVER_QUEUE_TOO_LARGE,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.job_queue import JobQueue
from netstack_sync.dns.resolve_answer import ResolveAnswer, ResolveTask
from netstack_sync.dns.resolve_job import PATIENCE_S, JobKey, ResolveJob
from netstack_sync.dns.task_order import TaskKind
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from tests.support.loops import LoopDriver, driven_loop
from tests.support.net_logs import RecordingNetLog
from tests.support.resolving import ScriptedTask

BEGIN, END, NONE = NetLogEventPhase.BEGIN, NetLogEventPhase.END, NetLogEventPhase.NONE
JOB = NetLogEventType.HOST_RESOLVER_MANAGER_JOB
IDLE, LOW, HIGHEST = RequestPriority.IDLE, RequestPriority.LOW, RequestPriority.HIGHEST
SYSTEM, SECURE_DNS = TaskKind.SYSTEM, TaskKind.SECURE_DNS
FOUND, FAILED = ResolveAnswer(OK), ResolveAnswer(ERR_NAME_NOT_RESOLVED)


class Waiter:
    """A request that is never told anything: that is the owner's business."""

    def __init__(self, net_log: NetLog, priority: RequestPriority = LOW) -> None:
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB)
        self.priority = priority

    def on_job_complete(self, answer: ResolveAnswer) -> None:
        raise AssertionError("the owner tells the waiters, not the job")


class BrokenTask(ScriptedTask):
    """Raises when some of it has started."""

    def __init__(self, error: Exception) -> None:
        super().__init__("broken.test")
        self.error = error

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        super().start(on_done)
        raise self.error


class Owner:
    """Makes jobs and tasks, and notes what it is told."""

    def __init__(self, driver: LoopDriver, net_log: NetLog) -> None:
        self.driver = driver
        self.net_log = net_log
        self.queue = JobQueue(1)
        self.tasks: list[tuple[str, TaskKind, ScriptedTask]] = []
        self.told: list[tuple[str, ResolveAnswer]] = []
        self.evicted: list[str] = []
        self.check: Callable[[ResolveAnswer], ResolveAnswer] = lambda answer: answer
        self.error: Exception | None = None
        self.error_of_start: Exception | None = None

    def job(self, name: str = "host.test", *tasks: TaskKind, is_refresh: bool = False) -> ResolveJob:
        key = JobKey(name, socket.AF_UNSPEC, None, tasks or (SYSTEM,))
        return ResolveJob(key, self, self.queue, self.driver.loop.timers, self.net_log, is_refresh)

    def begin(
        self, name: str = "host.test", *tasks: TaskKind, priority: RequestPriority = LOW
    ) -> tuple[ResolveJob, Waiter]:
        """A job with a waiter."""
        job, waiter = self.job(name, *tasks), Waiter(self.net_log, priority)
        job.attach(waiter)
        job.begin()
        return job, waiter

    def create_task(self, kind: TaskKind, job: ResolveJob) -> ResolveTask:
        if self.error is not None:
            raise self.error
        task = ScriptedTask(job.key.name) if self.error_of_start is None else BrokenTask(self.error_of_start)
        self.tasks.append((job.key.name, kind, task))
        return task

    def check_answer(self, answer: ResolveAnswer, job: ResolveJob) -> ResolveAnswer:
        return self.check(answer)

    def on_job_evicted(self, job: ResolveJob) -> None:
        self.evicted.append(job.key.name)

    def on_job_complete(self, job: ResolveJob, answer: ResolveAnswer) -> None:
        assert not job.is_running
        self.told.append((job.key.name, answer))

    @property
    def asked(self) -> list[tuple[str, TaskKind]]:
        return [(name, kind) for name, kind, _ in self.tasks]

    def answer(self, answer: ResolveAnswer) -> None:
        """The newest task has its answer."""
        self.tasks[-1][2].answer(answer)


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def owner(net_log: RecordingNetLog) -> Iterator[Owner]:
    with driven_loop() as driver:
        yield Owner(driver, net_log)


def test_the_owner_is_told_once(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 111: with what was found; the job is a span of the log."""
    job, _ = owner.begin()
    assert job.is_running and owner.asked == [("host.test", SYSTEM)]
    owner.answer(FOUND)
    assert owner.told == [("host.test", FOUND)] and not job.is_running
    assert net_log.params_of(JOB, BEGIN) == [{"host": "host.test"}] and net_log.params_of(JOB, END) == [{}]
    assert len(net_log.params_of(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_STARTED, NONE)) == 1
    net_log.assert_spans_are_closed()


def test_one_task_after_the_other(owner: Owner) -> None:
    """Row 139: until one succeeds; the others are not made."""
    owner.begin("host.test", SECURE_DNS, TaskKind.INSECURE_CACHE, SYSTEM, TaskKind.HOOK)
    for kind in (SECURE_DNS, TaskKind.INSECURE_CACHE):
        assert owner.asked[-1] == ("host.test", kind)
        owner.answer(FAILED)
    owner.answer(FOUND)
    assert len(owner.asked) == 3 and owner.told == [("host.test", FOUND)]


def test_the_last_failure_counts(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 139: and is in the log."""
    owner.begin("host.test", SECURE_DNS, SYSTEM)
    owner.answer(ResolveAnswer(ERR_NETWORK_CHANGED))
    owner.answer(FAILED)
    assert owner.told == [("host.test", FAILED)]
    assert net_log.params_of(JOB, END) == [{"net_error": ERR_NAME_NOT_RESOLVED}]


def test_an_answer_that_is_of_no_use_is_a_failure(owner: Owner) -> None:
    """The owner judges it before the job looks for a better one."""
    owner.check = lambda answer: FAILED
    owner.begin("host.test", SECURE_DNS, SYSTEM)
    owner.answer(FOUND)
    assert owner.asked[-1] == ("host.test", SYSTEM)


def test_only_what_may_hold_a_thread_needs_a_place(owner: Owner) -> None:
    """DNS over HTTPS goes on beside hung lookups; where it fails the job waits for its turn like any other."""
    owner.begin("hangs.test")
    job, _ = owner.begin("host.test", SECURE_DNS, SYSTEM)
    assert job.is_running and owner.asked[-1] == ("host.test", SECURE_DNS)
    owner.answer(FAILED)
    assert not job.is_running and owner.queue.queued_count == 1
    owner.tasks[0][2].answer(FOUND)
    assert job.is_running and owner.asked[-1] == ("host.test", SYSTEM)


def test_a_place_is_free_before_the_next_task(owner: Owner) -> None:
    """A hook and the system would hold one each, one after the other."""
    owner.begin("host.test", TaskKind.HOOK, SYSTEM)
    owner.answer(FAILED)
    owner.answer(FOUND)
    owner.begin("other.test")
    assert owner.asked[-1] == ("other.test", SYSTEM)


def test_the_place_is_free_before_the_owner_is_told(owner: Owner) -> None:
    """Row 118 (CanceledRequestsReleaseJobSlots): the next one runs already."""
    owner.begin("a.test")
    owner.begin("b.test")
    owner.answer(FOUND)
    assert owner.asked == [("a.test", SYSTEM), ("b.test", SYSTEM)] and len(owner.told) == 1


@pytest.mark.parametrize("error", [RuntimeError("no"), OSError(24, "too many files")])
def test_a_task_that_cannot_be_made_is_a_failure(owner: Owner, error: Exception) -> None:
    """Told later, with the reason; the others go on."""
    owner.error = error
    owner.begin()
    assert owner.told == []
    owner.error = None
    owner.driver.run_until_idle()
    ((_, answer),) = owner.told
    assert answer.net_error == ERR_NAME_NOT_RESOLVED and type(error).__name__ in answer.detail
    owner.begin("other.test")
    assert owner.asked == [("other.test", SYSTEM)]


def test_a_task_that_broke_while_it_started_is_cancelled(owner: Owner) -> None:
    """What it has begun must not answer into the job's back."""
    owner.error_of_start = RuntimeError("no")
    owner.begin()
    assert owner.tasks[0][2].is_cancelled and owner.told == []
    owner.driver.run_until_idle()
    ((_, answer),) = owner.told
    assert answer.net_error == ERR_NAME_NOT_RESOLVED and answer.detail == "RuntimeError: no"


@pytest.mark.parametrize("kind", [SYSTEM, TaskKind.HOOK])
def test_patience_ends(owner: Owner, kind: TaskKind) -> None:
    """A lookup that hangs gives its place back, once; its answer is as welcome as ever."""
    owner.begin("hangs.test", kind)
    for name in ("second.test", "third.test"):
        owner.begin(name)
    owner.driver.advance(PATIENCE_S - 0.001)
    assert PATIENCE_S == 2.0 and owner.asked == [("hangs.test", kind)]
    owner.driver.advance(0.001)
    assert [name for name, _ in owner.asked] == ["hangs.test", "second.test"]
    owner.tasks[0][2].answer(FOUND)
    assert owner.told == [("hangs.test", FOUND)] and owner.queue.queued_count == 1
    owner.answer(FOUND)
    assert owner.asked[-1] == ("third.test", SYSTEM)


def test_patience_begins_with_the_place(owner: Owner) -> None:
    """Not while the job waits; and anew when it has a place for its next task."""
    owner.begin("first.test")
    owner.begin("host.test", TaskKind.HOOK, SYSTEM)
    owner.begin("last.test")
    owner.driver.advance(PATIENCE_S / 2)
    owner.answer(FOUND)
    owner.driver.advance(PATIENCE_S / 2)
    assert owner.asked[-1] == ("host.test", TaskKind.HOOK)
    owner.driver.advance(PATIENCE_S / 2)
    assert owner.asked[-1] == ("last.test", SYSTEM)
    owner.tasks[1][2].answer(FAILED)
    assert owner.queue.queued_count == 1  # for the second task
    owner.driver.advance(PATIENCE_S)
    assert owner.asked[-1] == ("host.test", SYSTEM) and owner.queue.queued_count == 0


@pytest.mark.parametrize("how", ["answered", "cancelled", "aborted"])
@pytest.mark.parametrize("is_late", [False, True])
def test_patience_ends_with_the_job(owner: Owner, how: str, is_late: bool) -> None:
    """No timer is left, and the place is not given back twice."""
    job, waiter = owner.begin()
    owner.driver.advance(PATIENCE_S if is_late else 1)
    if how == "answered":
        owner.answer(FOUND)
    elif how == "cancelled":
        job.remove(waiter)
    else:
        job.abort(ERR_NETWORK_CHANGED, "why")
    assert len(owner.driver.loop.timers) == 0
    for name in ("a.test", "b.test"):
        owner.begin(name)
    assert [name for name, _ in owner.asked] == ["host.test", "a.test"]


def test_dns_over_https_has_all_the_time(owner: Owner) -> None:
    """It holds no place."""
    owner.begin("host.test", SECURE_DNS, SYSTEM)
    assert len(owner.driver.loop.timers) == 0


def test_the_last_waiter_takes_the_job_with_it(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 118 (CancelMultipleRequests): the answer is dropped; the log has everybody who came and went."""
    job, first = owner.begin()
    second = Waiter(net_log)
    job.attach(second)
    assert not job.remove(first) and job.is_running
    assert job.remove(second) and not job.is_running and owner.tasks[0][2].is_cancelled
    assert owner.told == [] and len(net_log.params_of(NetLogEventType.CANCELLED, NONE)) == 1
    for event in (
        NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_ATTACH,
        NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_DETACH,
    ):
        assert [params["priority"] for params in net_log.params_of(event, NONE)] == ["LOW", "LOW"]
    net_log.assert_spans_are_closed()
    owner.begin("other.test")
    assert owner.asked[-1] == ("other.test", SYSTEM)


def test_a_job_that_waits_is_cancelled_too(owner: Owner) -> None:
    """Row 124 (CancelPendingRequest): it never runs."""
    owner.begin("a.test")
    job, waiter = owner.begin("b.test")
    owner.begin("c.test")
    assert job.remove(waiter) and owner.queue.queued_count == 1
    owner.answer(FOUND)
    assert owner.asked == [("a.test", SYSTEM), ("c.test", SYSTEM)]


def test_cancelling_is_idempotent(owner: Owner, net_log: RecordingNetLog) -> None:
    """And logged once; before the begin and after the end there is nothing to cancel."""
    job = owner.job()
    job.cancel()
    job.begin()
    job.cancel()
    job.cancel()
    assert len(net_log.params_of(NetLogEventType.CANCELLED, NONE)) == 1


def test_a_refresh_goes_on_without_waiters(owner: Owner) -> None:
    """From the beginning, or when they have left; it is not urgent by itself."""
    job, waiter = owner.job(is_refresh=True), Waiter(owner.net_log, HIGHEST)
    assert job.priority == IDLE
    job.begin()
    job.attach(waiter)
    assert job.priority == HIGHEST
    assert not job.remove(waiter) and job.is_running and job.priority == IDLE
    owner.answer(FOUND)
    assert owner.told == [("host.test", FOUND)]


def test_a_job_is_as_urgent_as_the_most_urgent_waiter(owner: Owner) -> None:
    """Row 124 (ChangePriority*): whoever comes, leaves or thinks better of it."""
    job, first = owner.begin(priority=LOW)
    second = Waiter(owner.net_log, HIGHEST)
    job.attach(second)
    assert job.priority == HIGHEST
    job.remove(second)
    assert job.priority == LOW
    job.change_priority(first, RequestPriority.MEDIUM)
    assert job.priority == first.priority == RequestPriority.MEDIUM


@pytest.mark.parametrize("how", ["attach", "remove", "change"])
def test_the_queue_knows_the_priority(owner: Owner, how: str) -> None:
    """Row 124 (HigherPriorityRequestsStartedFirst, ChangePriority*): a job that waits moves."""
    owner.begin("running.test")
    first, first_waiter = owner.begin("first.test", priority=HIGHEST if how == "remove" else LOW)
    _, _ = owner.begin("second.test", priority=RequestPriority.MEDIUM)
    if how == "attach":
        first.attach(Waiter(owner.net_log, HIGHEST))
    elif how == "change":
        first.change_priority(first_waiter, HIGHEST)
    else:
        first.attach(Waiter(owner.net_log, LOW))
        first.remove(first_waiter)
    owner.answer(FOUND)
    assert owner.asked[-1][0] == ("second.test" if how == "remove" else "first.test")


def test_an_evicted_job_fails_later(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 125: not inside the call that evicts it, which may be a waiter's own."""
    owner.begin("running.test")
    job, _ = owner.begin()
    place = job._place
    assert place is not None
    owner.queue.cancel(place)
    job.on_evicted()
    assert owner.evicted == ["host.test"] and owner.told == []
    assert len(net_log.params_of(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_EVICTED, NONE)) == 1
    owner.driver.run_until_idle()
    ((name, answer),) = owner.told
    assert name == "host.test" and answer.net_error == ERR_HOST_RESOLVER_QUEUE_TOO_LARGE and answer.detail


def test_an_evicted_job_may_be_cancelled(owner: Owner) -> None:
    """Row 125: its waiters are never told then."""
    job, waiter = owner.job(), Waiter(owner.net_log)
    job.attach(waiter)
    job.on_evicted()
    assert job.remove(waiter)
    owner.driver.run_until_idle()
    assert owner.told == []


def test_an_aborted_job_fails_at_once(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 122: its task is cancelled, its place is free."""
    job, _ = owner.begin()
    job.abort(ERR_NETWORK_CHANGED, "why")
    assert owner.told == [("host.test", ResolveAnswer(ERR_NETWORK_CHANGED, detail="why"))]
    assert owner.tasks[0][2].is_cancelled
    net_log.assert_spans_are_closed()
    owner.begin("other.test")
    assert owner.asked[-1] == ("other.test", SYSTEM)


def test_it_works_without_a_log() -> None:
    """Nobody observes, nothing is made for the log."""
    with driven_loop() as driver:
        owner = Owner(driver, NetLog(driver.clock))
        job, waiter = owner.begin()
        owner.answer(FOUND)
        assert owner.told == [("host.test", FOUND)] and waiter in job.waiters
