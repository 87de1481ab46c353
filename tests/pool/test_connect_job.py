"""ConnectJob: its time limit, its delegate, its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool.connect_job import ConnectJob
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network
from tests.support.pool import FakeSocket, ScriptedJob, ScriptedJobFactory, group_id


class Told:
    """A delegate, the driver and the job that it owns."""

    def __init__(self, driver: NetworkDriver) -> None:
        self.driver = driver
        self.net_log = RecordingNetLog()
        self.factory = ScriptedJobFactory(driver.thread, self.net_log)
        self.job = self.factory.create_job(group_id(), RequestPriority.LOW, self)
        self.results: list[int] = []

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """See ConnectJobDelegate."""
        assert job is self.job
        self.results.append(result)

    @property
    def timers(self) -> int:
        """Timers that run."""
        return len(self.driver.thread.timers)


@pytest.fixture
def told() -> Iterator[Told]:
    with driven_network() as driver:
        told = Told(driver)
        yield told
        assert told.timers == 0
        told.net_log.assert_spans_are_closed()


@pytest.mark.parametrize("outcome", [OK, ERR_CONNECTION_REFUSED])
def test_an_outcome_at_once_is_the_answer(told: Told, outcome: int) -> None:
    """The delegate is not told what connect() has said already."""
    told.factory.outcomes.append(outcome)
    assert told.job.connect() == outcome
    assert told.results == [] and told.timers == 0
    assert (told.job.socket is not None) == (outcome == OK)


@pytest.mark.parametrize("outcome", [OK, ERR_CONNECTION_REFUSED])
def test_an_outcome_later_is_told_once(told: Told, outcome: int) -> None:
    """And the timer is off."""
    assert told.job.connect() == ERR_IO_PENDING
    assert told.timers == 1 and told.job.is_pending
    told.job.finish(outcome)
    assert told.results == [outcome] and told.timers == 0


def test_the_socket_is_handed_over_once(told: Told) -> None:
    """It is the taker's from then on."""
    told.factory.outcomes.append(OK)
    told.job.connect()
    socket = told.job.take_socket()
    assert isinstance(socket, FakeSocket) and socket.is_open
    assert told.job.take_socket() is None
    told.job.cancel()
    assert socket.is_open


def test_the_time_limit(told: Told) -> None:
    """Row 99: TIMED_OUT at the limit, not before; what comes later is nobody's."""
    told.job.connect()
    told.driver.advance(239.999)
    assert told.results == []
    told.driver.advance(0.002)
    assert told.results == [ERR_TIMED_OUT] and told.job.error_detail
    assert told.net_log.params_of(NetLogEventType.CONNECT_JOB, NetLogEventPhase.END) == [{"net_error": ERR_TIMED_OUT}]


class Unlimited(ScriptedJob):
    """Each of its parts has a limit, so that it has none."""

    time_limit_s = None


def test_no_time_limit(told: Told) -> None:
    """Row 99: of a job whose parts have their own."""
    job = Unlimited(told.factory, group_id(), RequestPriority.LOW, told)
    assert job.connect() == ERR_IO_PENDING and told.timers == 0
    job.cancel()
    told.job.cancel()


def test_cancelling(told: Told) -> None:
    """The delegate is never told, the log is."""
    told.job.connect()
    told.job.cancel()
    told.job.cancel()
    told.driver.advance(1000.0)
    assert told.results == []
    events = [entry.type for entry in told.net_log.entries]
    assert events == [NetLogEventType.CONNECT_JOB, NetLogEventType.CANCELLED, NetLogEventType.CONNECT_JOB]


def test_cancelling_when_done_closes_a_socket_that_nobody_took(told: Told) -> None:
    """Nothing leaks if the owner loses interest."""
    told.factory.outcomes.append(OK)
    told.job.connect()
    told.job.cancel()
    assert told.factory.open_sockets == [] and told.job.socket is None
