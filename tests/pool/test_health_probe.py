"""HealthProbe: connects every few seconds until somebody answers or nobody asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.pool.health_probe import HealthProbe, ProbeServices
from tests.support.connect_jobs import ScriptedSocketFactory
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network

_ENDPOINT = IPEndPoint("192.0.2.1", 80, 2)


class Rig:
    """A probe, its sockets, and what its owner was told."""

    def __init__(self, driver: NetworkDriver) -> None:
        net_log = RecordingNetLog()
        self.driver = driver
        self.factory = ScriptedSocketFactory(net_log)
        self.results: list[int] = []
        self.times_idle = 0
        self.cancels_when_told = False
        services = ProbeServices(driver.thread.timers, self.factory, net_log)
        self.probe = HealthProbe(_ENDPOINT, services, 3.0, self._on_result, self._on_idle)

    def _on_result(self, endpoint: IPEndPoint, result: int) -> None:
        assert endpoint == _ENDPOINT
        self.results.append(result)
        if self.cancels_when_told:
            self.probe.cancel()

    def _on_idle(self, endpoint: IPEndPoint) -> None:
        assert endpoint == _ENDPOINT
        self.times_idle += 1

    @property
    def attempts(self) -> int:
        """How often it has connected."""
        return len(self.factory.transports)

    @property
    def is_armed(self) -> bool:
        """True while a timer runs."""
        return len(self.driver.thread.timers) > 0


@pytest.fixture
def rig() -> Iterator[Rig]:
    with driven_network() as driver:
        rig = Rig(driver)
        yield rig
        rig.probe.cancel()
        assert not rig.is_armed
        assert all(not socket.is_open and socket.on_connect is None for socket in rig.factory.transports)


@pytest.mark.parametrize("is_sync", [True, False])
@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED])
def test_connects_periodically(rig: Rig, result: int, is_sync: bool) -> None:
    """Row 18 of brpc's features: first after the delay, then every interval; each socket is closed at once."""
    rig.factory.transport_result = result if is_sync else ERR_IO_PENDING
    rig.probe.start(0.1)
    for number, delay_s in enumerate([0.1, 3.0, 3.0], 1):
        rig.driver.advance(delay_s - 0.01)
        assert rig.attempts == number - 1
        rig.driver.advance(0.01)
        assert rig.attempts == number
        if not is_sync:
            rig.factory.transports[-1].decide(result)
        assert rig.results == [result] * number and rig.factory.transports[-1].times_closed == 1
    assert rig.factory.addresses == [(_ENDPOINT,)] * 3


def test_an_attempt_that_hangs_is_given_up(rig: Rig) -> None:
    """After 3 s it counts as timed out, and the next one starts: one attempt at a time, at the same pace."""
    rig.probe.start(0.1)
    rig.driver.advance(0.1)
    rig.driver.advance(2.9)
    assert rig.attempts == 1 and rig.results == []
    rig.driver.advance(0.1)
    assert rig.results == [ERR_TIMED_OUT] and rig.attempts == 2
    assert [socket.times_closed for socket in rig.factory.transports] == [1, 0]


def test_a_slow_answer_does_not_delay_the_next_attempt(rig: Rig) -> None:
    """The interval is from attempt to attempt."""
    rig.probe.start(0.1)
    rig.driver.advance(0.1)
    rig.driver.advance(2.0)
    rig.factory.transports[0].decide(ERR_CONNECTION_REFUSED)
    rig.driver.advance(1.0)
    assert rig.attempts == 2


@pytest.mark.parametrize("is_sync", [True, False])
def test_the_owner_may_cancel_when_told(rig: Rig, is_sync: bool) -> None:
    """No further attempt."""
    rig.cancels_when_told = True
    rig.factory.transport_result = OK if is_sync else ERR_IO_PENDING
    rig.probe.start(0.1)
    rig.driver.advance(0.1)
    if not is_sync:
        rig.factory.transports[0].decide(OK)
    assert rig.results == [OK] and not rig.is_armed


def test_cancel_during_an_attempt(rig: Rig) -> None:
    """The socket is closed and nobody is told."""
    rig.probe.start(0.1)
    rig.driver.advance(0.1)
    rig.probe.cancel()
    rig.probe.cancel()
    assert rig.factory.transports[0].times_closed == 1 and rig.results == [] and not rig.is_armed


def test_gives_up_when_nobody_asks(rig: Rig) -> None:
    """A minute after the last sign of interest there is no timer any more."""
    rig.factory.transport_result = ERR_CONNECTION_REFUSED
    rig.probe.start(3.0)
    for _ in range(12):
        rig.driver.advance(3.0)
    rig.probe.note_interest()
    for _ in range(19):
        rig.driver.advance(3.0)
        assert rig.times_idle == 0
    assert rig.attempts == 31
    rig.driver.advance(3.0)
    assert rig.times_idle == 1 and not rig.is_armed and rig.attempts == 31
