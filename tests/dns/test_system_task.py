"""The system's resolver, asked on a worker, again and again while it hangs."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.dns.system_task import MAX_RETRIES, SUCCESS_TTL_S, SystemResolver, SystemTask
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.workers.resolve_host import ResolvedHost
from tests.support.loops import LoopDriver, driven_loop
from tests.support.net_logs import RecordingNetLog
from tests.support.workers import ScriptedWorkers

BEGIN, END, NONE = NetLogEventPhase.BEGIN, NetLogEventPhase.END, NetLogEventPhase.NONE
TASK = NetLogEventType.HOST_RESOLVER_SYSTEM_TASK
STARTED = NetLogEventType.HOST_RESOLVER_MANAGER_ATTEMPT_STARTED
FINISHED = NetLogEventType.HOST_RESOLVER_MANAGER_ATTEMPT_FINISHED
ADDRESSES = (IPEndPoint("192.0.2.1", 0, socket.AF_INET),)
FOUND = ResolvedHost(OK, ADDRESSES, 0)
NOT_FOUND = ResolvedHost(ERR_NAME_NOT_RESOLVED, (), -2, "getaddrinfo: no such name")
SUCCESS = ResolveAnswer(OK, ADDRESSES, AnswerSource.SYSTEM, 60.0)
FAILURE = ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail="getaddrinfo: no such name", os_error=-2)


class Workers(ScriptedWorkers):
    """May be busy with others."""

    is_busy = False

    @property
    def is_half_taken(self) -> bool:
        return self.is_busy


class Fixture:
    """A task, its workers, and what it answered."""

    def __init__(self, driver: LoopDriver, net_log: NetLog) -> None:
        self.driver = driver
        self.workers = Workers(driver.loop.task_runner)
        self.asked: list[tuple[str, int]] = []
        self.result: ResolvedHost | Exception = FOUND
        self.answers: list[ResolveAnswer] = []
        bound = NetLogWithSource.make(net_log, NetLogSourceType.HOST_RESOLVER_IMPL_JOB)
        system = SystemResolver(self.workers, driver.loop.timers, self.resolve)
        self.task = SystemTask("host.test", socket.AF_INET, system, bound)

    def start(self) -> None:
        self.task.start(self.answers.append)
        assert self.answers == []

    def resolve(self, host: str, family: int) -> ResolvedHost:
        self.asked.append((host, family))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def attempt_ends(self, number: int) -> None:
        """One of the attempts, counted from 1, has its answer."""
        self.workers.jobs[number - 1].run()
        self.driver.run_until_idle()

    @property
    def attempts(self) -> int:
        return len(self.workers.jobs)


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def fixture(net_log: RecordingNetLog) -> Iterator[Fixture]:
    with driven_loop() as driver:
        yield Fixture(driver, net_log)


def test_the_systems_answer_is_good_for_a_minute(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """Row 111: the log has the task and its attempt."""
    fixture.start()
    assert fixture.asked == []
    fixture.attempt_ends(1)
    assert fixture.asked == [("host.test", socket.AF_INET)] and fixture.answers == [SUCCESS]
    assert SUCCESS_TTL_S == 60.0
    assert net_log.params_of(TASK, BEGIN) == [{"hostname": "host.test"}]
    assert net_log.params_of(STARTED, NONE) == net_log.params_of(FINISHED, NONE) == [{"attempt_number": 1}]
    assert net_log.params_of(TASK, END) == [{"address_list": ["192.0.2.1"]}]
    net_log.assert_spans_are_closed()


def test_the_systems_failure_is_not_kept(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """Row 115 (FailedAsynchronousLookup): the log has both numbers, ours and the system's."""
    fixture.result = NOT_FOUND
    fixture.start()
    fixture.attempt_ends(1)
    assert fixture.answers == [FAILURE] and FAILURE.ttl_s is None
    numbers = {"net_error": ERR_NAME_NOT_RESOLVED, "os_error": -2}
    assert net_log.params_of(FINISHED, NONE) == [{"attempt_number": 1, **numbers}]
    assert net_log.params_of(TASK, END) == [numbers]


def test_a_worker_that_raises_is_a_failure(fixture: Fixture) -> None:
    """As when there is no thread for it."""
    fixture.result = RuntimeError("can't start new thread")
    fixture.start()
    fixture.attempt_ends(1)
    detail = "RuntimeError: can't start new thread"
    assert fixture.answers == [ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail=detail)]


def test_further_attempts_come_ever_later(fixture: Fixture) -> None:
    """Row 129 (DefaultMaxRetryAttempts): after 6, 12, 24 and 48 seconds; then no more."""
    fixture.start()
    for attempts, delay_s in enumerate((6, 12, 24, 48), start=1):
        fixture.driver.advance(delay_s - 0.001)
        assert fixture.attempts == attempts
        fixture.driver.advance(0.001)
        assert fixture.attempts == attempts + 1
    fixture.driver.advance(10_000)
    assert fixture.attempts == 1 + MAX_RETRIES == 5


@pytest.mark.parametrize("result, answer", [(FOUND, SUCCESS), (NOT_FOUND, FAILURE)])
def test_the_first_attempt_to_end_decides(
    fixture: Fixture, net_log: RecordingNetLog, result: ResolvedHost, answer: ResolveAnswer
) -> None:
    """Row 129 (MultipleAttempts): well or ill; the one that hangs is left to itself, and there are no more."""
    fixture.result = result
    fixture.start()
    fixture.driver.advance(6)
    fixture.attempt_ends(2)
    assert fixture.answers == [answer]
    fixture.attempt_ends(1)
    fixture.driver.advance(100)
    assert fixture.answers == [answer] and fixture.attempts == 2
    assert net_log.params_of(FINISHED, NONE)[0]["attempt_number"] == 2
    assert [job.is_abandoned for job in fixture.workers.jobs] == [True, False]


def test_the_slow_one_may_win(fixture: Fixture) -> None:
    """Row 129 (MultipleAttempts)."""
    fixture.start()
    fixture.driver.advance(6)
    fixture.attempt_ends(1)
    assert fixture.answers == [SUCCESS] and fixture.workers.jobs[1].is_abandoned


def test_two_that_end_together_answer_once(fixture: Fixture) -> None:
    """Row 129: both replies are on their way."""
    fixture.start()
    fixture.driver.advance(6)
    for job in fixture.workers.jobs:
        job.run()
    fixture.driver.run_until_idle()
    assert fixture.answers == [SUCCESS]


def test_no_further_attempt_while_half_of_the_threads_are_taken(fixture: Fixture) -> None:
    """Row 129: it would only stand in the way of names that were not asked at all."""
    fixture.start()
    fixture.workers.is_busy = True
    fixture.driver.advance(6)
    fixture.driver.advance(6)
    assert fixture.attempts == 1
    fixture.workers.is_busy = False
    fixture.driver.advance(6)
    assert fixture.attempts == 2


def test_cancelling_leaves_the_attempts_to_themselves(fixture: Fixture, net_log: RecordingNetLog) -> None:
    """Row 116: idempotent, also before the start."""
    fixture.task.cancel()
    fixture.start()
    fixture.driver.advance(6)
    fixture.task.cancel()
    fixture.task.cancel()
    fixture.attempt_ends(1)
    fixture.driver.advance(100)
    assert fixture.answers == [] and fixture.attempts == 2 and fixture.asked == []
    assert net_log.params_of(TASK, END) == [{}]
    net_log.assert_spans_are_closed()


def test_it_works_without_a_log() -> None:
    """Nobody observes, nothing is made for the log."""
    with driven_loop() as driver:
        fixture = Fixture(driver, NetLog(driver.clock))
        fixture.start()
        fixture.attempt_ends(1)
        assert fixture.answers == [SUCCESS]
