"""EndpointHealth: three time-outs in a row, too many failed requests, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONNECTION_TIMED_OUT,
    ERR_HTTP2_SERVER_REFUSED_STREAM,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.pool.endpoint_health import EndpointHealth
from netstack_sync.pool.health_probe import ProbeServices
from netstack_sync.pool.health_settings import EndpointHealthSettings
from tests.support.connect_jobs import ScriptedSocketFactory
from tests.support.net_logs import RecordingNetLog
from tests.support.network import NetworkDriver, driven_network

_A, _B = IPEndPoint("192.0.2.1", 80, 2), IPEndPoint("192.0.2.1", 81, 2)
_BOTH = (_A, _B)
_DEFAULT = EndpointHealthSettings()
_BREAKER = EndpointHealthSettings(circuit_breaker=True, long_window=100, short_window=50, half_open_window=3)
_UNREACHABLE = "192.0.2.1:80 did not answer several times in a row and is left alone until it answers a probe"
_ISOLATED = "192.0.2.1:80 failed too many requests and is left alone until it answers a probe"


class Rig:
    """The health of endpoints whose probes connect to scripted sockets."""

    def __init__(self, driver: NetworkDriver, settings: EndpointHealthSettings) -> None:
        net_log = RecordingNetLog()
        self.driver = driver
        self.factory = ScriptedSocketFactory(net_log)
        self.health = EndpointHealth(settings, ProbeServices(driver.thread.timers, self.factory, net_log))

    def time_out(self, endpoint: IPEndPoint = _A, times: int = 3) -> None:
        """So many connects in a row."""
        for _ in range(times):
            self.health.note_connect(endpoint, ERR_TIMED_OUT)

    def fail_requests(self, count: int = 6) -> None:
        """Six are one too many: 5 % of 100 and 10 % of 50 are 5."""
        for _ in range(count):
            self.health.note_request(_A, ERR_CONNECTION_RESET, 0.01)

    @property
    def is_usable(self) -> bool:
        """Of the first endpoint; the second one always is."""
        usable = self.health.usable(_BOTH)
        assert usable in ((_A, _B), (_B,))
        assert self.health.why_unusable(_BOTH) == "" or _A not in usable
        return _A in usable

    @property
    def timers(self) -> int:
        """How many run."""
        return len(self.driver.thread.timers)


@pytest.fixture
def make_rig() -> Iterator[Callable[[EndpointHealthSettings], Rig]]:
    rigs: list[Rig] = []
    with driven_network() as driver:

        def make(settings: EndpointHealthSettings) -> Rig:
            rigs.append(Rig(driver, settings))
            return rigs[-1]

        yield make
        for rig in rigs:
            rig.health.shut_down()
            assert all(not socket.is_open and socket.on_connect is None for socket in rig.factory.transports)
        assert not len(driver.thread.timers)


@pytest.fixture
def rig(make_rig: Callable[[EndpointHealthSettings], Rig]) -> Rig:
    return make_rig(_DEFAULT)


@pytest.fixture
def breaker_rig(make_rig: Callable[[EndpointHealthSettings], Rig]) -> Rig:
    return make_rig(_BREAKER)


def test_a_healthy_list_is_given_back_as_it_is(rig: Rig) -> None:
    """Nothing is copied and nothing remembered."""
    rig.health.note_connect(_A, OK)
    rig.health.note_request(_A, ERR_CONNECTION_RESET, 0.1)
    assert rig.health.usable(_BOTH) is _BOTH and rig.health.why_unusable(_BOTH) == ""
    assert repr(rig.health) == "<EndpointHealth 0 known, 0 left alone>"


@pytest.mark.parametrize("error", [ERR_TIMED_OUT, ERR_CONNECTION_TIMED_OUT])
def test_three_time_outs_in_a_row_make_it_unreachable(rig: Rig, error: int) -> None:
    """Row 17 of brpc's features: only this address and port; a name with no other address has none left."""
    for _ in range(2):
        rig.health.note_connect(_A, error)
        assert rig.is_usable and rig.timers == 0
    rig.health.note_connect(_A, error)
    assert not rig.is_usable
    assert rig.health.usable((_A,)) == ()
    assert rig.health.why_unusable(_BOTH) == _UNREACHABLE
    assert repr(rig.health) == "<EndpointHealth 1 known, 1 left alone>"


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED, ERR_CONNECTION_RESET])
def test_a_sign_of_life_ends_the_row(rig: Rig, result: int) -> None:
    """Row 17 of brpc's features: success resets the counter; so does somebody who says no."""
    rig.time_out(times=2)
    rig.health.note_connect(_A, result)
    rig.time_out(times=2)
    assert rig.is_usable
    rig.health.note_connect(_B, result)  # of another endpoint
    rig.time_out(times=1)
    assert not rig.is_usable


@pytest.mark.parametrize("result", [ERR_ABORTED, ERR_NETWORK_CHANGED, ERR_INSUFFICIENT_RESOURCES])
def test_what_is_not_about_the_endpoint_changes_nothing(rig: Rig, result: int) -> None:
    """Neither for the worse nor for the better."""
    rig.time_out(times=2)
    rig.health.note_connect(_A, result)
    assert rig.is_usable
    rig.time_out(times=1)
    assert not rig.is_usable
    rig.health.note_connect(_A, result)
    assert not rig.is_usable


def test_a_late_success_revives(rig: Rig) -> None:
    """A connect that was under way got through after all: no probe is needed any more."""
    rig.time_out()
    rig.health.note_connect(_A, OK)
    assert rig.is_usable and rig.timers == 0


def test_further_time_outs_do_not_start_further_probes(rig: Rig) -> None:
    """Connects that were under way when it was marked."""
    rig.time_out(times=10)
    assert rig.timers == 1


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_REFUSED])
def test_a_probe_revives(rig: Rig, result: int) -> None:
    """Rows 18 and 19 of brpc's features: the first after 100 ms, then every 3 s, until somebody is there."""
    rig.time_out()
    rig.driver.advance(0.1)
    rig.driver.advance(3.0)  # the first one hangs
    assert len(rig.factory.transports) == 2 and not rig.is_usable
    rig.factory.transports[1].decide(ERR_ADDRESS_UNREACHABLE)
    assert not rig.is_usable
    rig.driver.advance(3.0)
    rig.factory.transports[2].decide(result)
    assert rig.is_usable and rig.timers == 0
    rig.time_out(times=2)
    assert rig.is_usable  # the count has begun anew


def test_an_endpoint_nobody_asks_for_is_forgotten(rig: Rig) -> None:
    """After a minute without interest it is as if nothing had been; asking keeps the probes going."""
    rig.factory.transport_result = ERR_ADDRESS_UNREACHABLE
    rig.time_out()
    for _ in range(30):
        rig.driver.advance(3.0)
        assert not rig.is_usable
    for _ in range(20):
        assert rig.timers == 1
        rig.driver.advance(3.0)
    assert rig.is_usable and rig.timers == 0
    assert repr(rig.health) == "<EndpointHealth 0 known, 0 left alone>"


@pytest.mark.parametrize("unreachable_after", [None, 0])
def test_off(make_rig: Callable[[EndpointHealthSettings], Rig], unreachable_after: int | None) -> None:
    """Nothing is remembered."""
    rig = make_rig(EndpointHealthSettings(unreachable_after=unreachable_after))
    rig.time_out(times=10)
    assert rig.is_usable and repr(rig.health) == "<EndpointHealth 0 known, 0 left alone>"


def test_the_endpoint_used_longest_ago_is_forgotten_first(rig: Rig) -> None:
    """At most 1024 are remembered, and a probe ends with its endpoint."""
    rig.time_out()
    rig.time_out(_B, times=2)
    others = [IPEndPoint(f"198.51.{number // 256}.{number % 256}", 80, 2) for number in range(1023)]
    for endpoint in others[:1022]:
        rig.time_out(endpoint, times=1)
    rig.time_out(times=1)  # now the second one is the oldest
    rig.time_out(others[1022], times=1)
    rig.time_out(_B, times=1)  # its first again; others[0] goes
    assert not rig.is_usable
    for endpoint in others[1:1022]:
        rig.time_out(endpoint, times=1)
    assert rig.timers == 1
    rig.time_out(others[0], times=1)
    assert rig.is_usable and rig.timers == 0


def test_on_another_network_everything_may_work(rig: Rig) -> None:
    """What was learned is forgotten, the probes end."""
    rig.time_out()
    rig.driver.advance(0.1)
    rig.health.on_ip_address_changed()
    assert rig.is_usable and rig.timers == 0
    rig.time_out()
    assert not rig.is_usable


def test_after_shut_down_nothing_starts(rig: Rig) -> None:
    """A probe under way is closed, and late results start no new one."""
    rig.time_out()
    rig.driver.advance(0.1)
    rig.health.shut_down()
    rig.health.shut_down()
    assert rig.factory.transports[0].times_closed == 1
    rig.time_out()
    rig.fail_requests()
    assert rig.timers == 0 and rig.is_usable


def test_the_breaker_isolates(breaker_rig: Rig) -> None:
    """Row 20 of brpc's features: left alone for 100 ms, and until a connection to it succeeds."""
    rig = breaker_rig
    rig.fail_requests(5)
    rig.health.note_connect(_A, OK)
    assert rig.is_usable
    rig.fail_requests(1)
    assert not rig.is_usable and rig.health.why_unusable(_BOTH) == _ISOLATED
    rig.fail_requests(10)  # those under way
    rig.health.note_connect(_A, OK)  # and that a connection stands is nothing new
    assert not rig.is_usable and rig.timers == 1
    rig.driver.advance(0.1)
    rig.factory.transports[0].decide(OK)
    assert rig.is_usable and rig.timers == 0


def test_the_second_isolation_is_longer_and_comes_sooner(breaker_rig: Rig) -> None:
    """Row 20 of brpc's features: one failure in the half-open window, 200 ms."""
    rig = breaker_rig
    rig.fail_requests()
    rig.driver.advance(0.1)
    rig.factory.transports[0].decide(OK)
    rig.fail_requests(1)
    assert not rig.is_usable
    rig.driver.advance(0.15)
    assert len(rig.factory.transports) == 1
    rig.driver.advance(0.05)
    assert len(rig.factory.transports) == 2


def test_a_refusal_does_not_end_an_isolation(breaker_rig: Rig) -> None:
    """The service has to be there."""
    rig = breaker_rig
    rig.factory.transport_result = ERR_CONNECTION_REFUSED
    rig.fail_requests()
    rig.driver.advance(0.1)
    assert len(rig.factory.transports) == 1 and not rig.is_usable
    rig.factory.transport_result = OK
    rig.driver.advance(3.0)
    assert rig.is_usable


@pytest.mark.parametrize(
    "result", [ERR_ABORTED, ERR_INSUFFICIENT_RESOURCES, ERR_NETWORK_CHANGED, ERR_HTTP2_SERVER_REFUSED_STREAM]
)
def test_the_breaker_blames_the_endpoint_for_its_own_faults_only(breaker_rig: Rig, result: int) -> None:
    """Row 20 of brpc's features: ELIMIT is ignored, and whatever was our own doing; it is no success either."""
    rig = breaker_rig
    for _ in range(100):
        rig.health.note_request(_A, result, 0.1)
    assert rig.is_usable and repr(rig.health) == "<EndpointHealth 0 known, 0 left alone>"


def test_the_breaker_compares_with_good_requests(breaker_rig: Rig) -> None:
    """Good answers are fed to it as well: after two hundred of them 5 % are a matter of costs."""
    rig = breaker_rig
    for _ in range(200):
        rig.health.note_request(_A, OK, 0.1)
    rig.fail_requests(20)  # each costs a tenth of a good answer
    assert rig.is_usable


def test_unreachable_and_isolated_at_once(breaker_rig: Rig) -> None:
    """One probe serves both; with a connection both are over, with a refusal only one."""
    rig = breaker_rig
    rig.time_out()
    rig.fail_requests()
    assert rig.timers == 1 and rig.health.why_unusable((_A,)) == _ISOLATED
    rig.driver.advance(0.1)
    rig.factory.transports[0].decide(ERR_CONNECTION_REFUSED)
    assert not rig.is_usable
    rig.driver.advance(3.0)
    rig.factory.transports[1].decide(OK)
    assert rig.is_usable
    rig.time_out(times=2)
    assert rig.is_usable


def test_a_healthy_breaker_outlives_unreachability(breaker_rig: Rig) -> None:
    """Its samples are kept when the probe of a time-out succeeds."""
    rig = breaker_rig
    rig.fail_requests(5)
    rig.time_out()
    rig.driver.advance(0.1)
    rig.factory.transports[0].decide(OK)
    assert rig.is_usable
    rig.fail_requests(1)
    assert not rig.is_usable
