"""A lookup: one on a worker, logged, cancelled with its last waiter."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_FAILED, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.resolve_job import ResolveJob
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.loops import LoopDriver, driven_loop
from tests.support.net_logs import RecordingNetLog
from tests.support.workers import ScriptedWorkers

BEGIN, END, NONE = NetLogEventPhase.BEGIN, NetLogEventPhase.END, NetLogEventPhase.NONE
JOB = NetLogEventType.HOST_RESOLVER_MANAGER_JOB
TASK = NetLogEventType.HOST_RESOLVER_SYSTEM_TASK
FOUND = ResolvedHost(OK, (IPEndPoint("192.0.2.1", 0, socket.AF_INET),), 0)


class Waiter:
    """A request that is never told anything: that is the owner's business."""

    def __init__(self, net_log: NetLog) -> None:
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB)
        self.priority = RequestPriority.LOW

    def on_job_complete(self, net_error: int, addresses: AddressList) -> None:
        raise AssertionError("the owner tells the waiters, not the job")


class Fixture:
    """A job, its workers, and what its owner was told."""

    def __init__(self, driver: LoopDriver, net_log: NetLog) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.asked: list[str] = []
        self.answer: ResolvedHost | Exception = FOUND
        self.told: list[tuple[ResolveJob, ResolvedHost]] = []
        self.job = ResolveJob("host.test", lambda job, answer: self.told.append((job, answer)), net_log, self.resolve)

    def resolve(self, host: str) -> ResolvedHost:
        self.asked.append(host)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def answer_arrives(self) -> None:
        self.workers.run_next()
        self.driver.run_until_idle()


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def fixture(net_log: RecordingNetLog) -> Iterator[Fixture]:
    with driven_loop() as driver:
        yield Fixture(driver, net_log)


def test_the_owner_is_told_once(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """With what the worker found; the log has both spans."""
    fixture.job.start(fixture.workers)
    assert fixture.asked == []
    fixture.answer_arrives()
    assert fixture.asked == ["host.test"] and fixture.told == [(fixture.job, FOUND)]
    assert net_log.params_of(JOB, BEGIN) == [{"host": "host.test"}]
    assert net_log.params_of(TASK, BEGIN) == [{"hostname": "host.test"}]
    assert net_log.params_of(TASK, END) == [{"address_list": ["192.0.2.1"]}]
    assert net_log.params_of(JOB, END) == [{}]
    net_log.assert_spans_are_closed()


def test_a_failure_is_logged_with_both_numbers(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """Ours and the system's."""
    fixture.answer = ResolvedHost(ERR_NAME_NOT_RESOLVED, (), -2)
    fixture.job.start(fixture.workers)
    fixture.answer_arrives()
    assert fixture.told == [(fixture.job, fixture.answer)]
    assert net_log.params_of(TASK, END) == [{"net_error": ERR_NAME_NOT_RESOLVED, "os_error": -2}]
    assert net_log.params_of(JOB, END) == [{"net_error": ERR_NAME_NOT_RESOLVED}]


def test_a_worker_that_raises_is_a_failure(fixture: Fixture) -> None:
    """As when there is no thread for it."""
    fixture.answer = RuntimeError("can't start new thread")
    fixture.job.start(fixture.workers)
    fixture.answer_arrives()
    assert [answer for _, answer in fixture.told] == [ResolvedHost(ERR_FAILED, (), 0)]


def test_the_last_waiter_takes_the_job_with_it(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """The lookup that hangs is left to itself; its answer is dropped."""
    first, second = Waiter(net_log), Waiter(net_log)
    fixture.job.attach(first)
    fixture.job.attach(second)
    fixture.job.start(fixture.workers)
    assert not fixture.job.remove(first)
    assert fixture.job.remove(second)
    fixture.answer_arrives()
    assert fixture.told == []
    assert net_log.params_of(NetLogEventType.CANCELLED, NONE) == [{}]
    for event in (
        NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_ATTACH,
        NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_DETACH,
    ):
        assert [params["priority"] for params in net_log.params_of(event, NONE)] == ["LOW", "LOW"]
    net_log.assert_spans_are_closed()


def test_cancelling_is_idempotent(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """And logged once; before the start and after the end there is nothing to cancel."""
    fixture.job.cancel()
    fixture.job.start(fixture.workers)
    fixture.job.cancel()
    fixture.job.cancel()
    assert len(net_log.params_of(NetLogEventType.CANCELLED, NONE)) == 1


def test_it_works_without_a_log() -> None:
    """Nobody observes, nothing is made for the log."""
    with driven_loop() as driver:
        fixture = Fixture(driver, NetLog(driver.clock))
        fixture.job.start(fixture.workers)
        fixture.answer_arrives()
        assert fixture.told == [(fixture.job, FOUND)]
