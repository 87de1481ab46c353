"""A request: its answer at once or later, with its own port, or never."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_DNS_TIMED_OUT, ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveRequest
from netstack_sync.dns.job_queue import JobQueue
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer, ResolveTask
from netstack_sync.dns.resolve_job import JobKey, ResolveJob
from netstack_sync.dns.resolve_request import SharedResolveRequest
from netstack_sync.dns.task_order import TaskKind
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.wire.dns_message import HttpsRecord
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.resolving import ScriptedTask

REQUEST = NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST
BEGIN, END = NetLogEventPhase.BEGIN, NetLogEventPhase.END
ADDRESSES = (IPEndPoint("192.0.2.1", 0, socket.AF_INET),)
SERVICES = (HttpsRecord(1, "", ("h2",)),)
FOUND = ResolveAnswer(OK, ADDRESSES, AnswerSource.SECURE_DNS, 30.0, SERVICES)
FAILED = ResolveAnswer(ERR_DNS_TIMED_OUT, ADDRESSES, AnswerSource.SECURE_DNS, 5.0, SERVICES, "the server is silent")


class Owner:
    """Answers at once, or attaches the request to its only job."""

    def __init__(self, net_log: NetLog) -> None:
        self.net_log = net_log
        self.at_once: ResolveAnswer | None = None
        self.left = 0
        key = JobKey("a.test", socket.AF_UNSPEC, None, (TaskKind.SYSTEM,))
        self.job = ResolveJob(key, self, JobQueue(1), TimerQueue(ManualClock()), net_log, False)

    def request(self, cache_usage: CacheUsage = CacheUsage.ALLOWED) -> SharedResolveRequest:
        bound = NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST)
        return SharedResolveRequest(self, "a.test", 8080, ResolveParameters(cache_usage=cache_usage), bound)

    def start_request(self, request: SharedResolveRequest) -> ResolveAnswer | ResolveJob:
        if self.at_once is not None:
            return self.at_once
        self.job.attach(request)
        return self.job

    def leave_job(self, job: ResolveJob, request: SharedResolveRequest) -> None:
        assert job is self.job
        job.remove(request)
        self.left += 1

    def create_task(self, kind: TaskKind, job: ResolveJob) -> ResolveTask:
        return ScriptedTask(job.key.name)

    def check_answer(self, answer: ResolveAnswer, job: ResolveJob) -> ResolveAnswer:
        return answer

    def on_job_evicted(self, job: ResolveJob) -> None: ...

    def on_job_complete(self, job: ResolveJob, answer: ResolveAnswer) -> None: ...


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def owner(net_log: RecordingNetLog) -> Owner:
    return Owner(net_log)


def test_it_is_a_resolve_request(owner: Owner) -> None:
    """For the type checker; it knows nothing before its answer."""
    request: ResolveRequest = owner.request()
    assert (request.addresses, request.net_error, request.error_detail) == ((), OK, "")
    assert (request.source, request.ttl_s, request.services, request.staleness) == (None, None, (), None)


@pytest.mark.parametrize("is_at_once", [True, False])
def test_an_answer(owner: Owner, net_log: RecordingNetLog, is_at_once: bool) -> None:
    """Row 111: with the request's own port, and everything that came with it."""
    request, on_done = owner.request(), RecordedCompletion()
    if is_at_once:
        owner.at_once = FOUND
        assert request.start(on_done) == OK and not on_done.is_called
    else:
        assert request.start(on_done) == ERR_IO_PENDING and request.source is None
        request.on_job_complete(FOUND)
        assert on_done.result == OK
    assert request.addresses == (IPEndPoint("192.0.2.1", 8080, socket.AF_INET),)
    assert (request.source, request.ttl_s, request.services) == (AnswerSource.SECURE_DNS, 30.0, SERVICES)
    assert net_log.params_of(REQUEST, BEGIN) == [{"host": "a.test", "allow_cached_response": True}]
    assert net_log.params_of(REQUEST, END) == [{}]


@pytest.mark.parametrize("is_at_once", [True, False])
def test_a_failure(owner: Owner, net_log: RecordingNetLog, is_at_once: bool) -> None:
    """Users see few errors; what really went wrong is in `net_error` and `error_detail`."""
    request, on_done = owner.request(CacheUsage.DISALLOWED), RecordedCompletion()
    owner.at_once = FAILED if is_at_once else None
    result = request.start(on_done)
    if not is_at_once:
        request.on_job_complete(FAILED)
        result = on_done.result
    assert result == ERR_NAME_NOT_RESOLVED
    assert (request.net_error, request.error_detail) == (ERR_DNS_TIMED_OUT, "the server is silent")
    assert (request.addresses, request.source, request.services) == ((), None, ())
    assert net_log.params_of(REQUEST, BEGIN) == [{"host": "a.test", "allow_cached_response": False}]
    assert net_log.params_of(REQUEST, END) == [{"net_error": ERR_NAME_NOT_RESOLVED}]


def test_cancelling(owner: Owner, net_log: RecordingNetLog) -> None:
    """Row 116: leaves the job, once; before the start there is nothing to leave."""
    request, on_done = owner.request(), RecordedCompletion()
    request.cancel()
    assert request.start(on_done) == ERR_IO_PENDING
    request.cancel()
    request.cancel()
    assert owner.left == 1 and not on_done.is_called
    net_log.assert_spans_are_closed()


def test_its_callback_may_cancel_it(owner: Owner) -> None:
    """Row 119 (CancelWithinCallback): it has left already."""
    request = owner.request()
    assert request.start(lambda _: request.cancel()) == ERR_IO_PENDING
    request.on_job_complete(FOUND)
    assert owner.left == 0


def test_its_priority_may_change(owner: Owner) -> None:
    """Row 124 (ChangePriority): before the start, while it waits with its job, and when it is too late."""
    request = owner.request()
    request.change_priority(RequestPriority.LOW)
    request.start(RecordedCompletion())
    priorities = [(owner.job.priority, request.priority)]
    request.change_priority(RequestPriority.HIGHEST)
    priorities.append((owner.job.priority, request.priority))
    assert priorities == [(RequestPriority.LOW,) * 2, (RequestPriority.HIGHEST,) * 2]
    request.on_job_complete(FOUND)
    request.change_priority(RequestPriority.IDLE)
    assert owner.job.priority == RequestPriority.HIGHEST


def test_it_works_without_a_log() -> None:
    """Nobody observes, nothing is made for the log."""
    owner = Owner(NetLog(ManualClock()))
    owner.at_once = FOUND
    assert owner.request().start(RecordedCompletion()) == OK
