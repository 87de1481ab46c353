"""BadProxies: who failed somebody that succeeded otherwise is tried last, for a while."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_TIMED_OUT
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.bad_proxies import BadProxies
from netstack_sync.proxy.config import DIRECT_CONFIG
from netstack_sync.proxy.info import BAD_PROXY_DELAY_S, ProxyInfo
from tests.support.net_logs import RecordingNetLog
from tests.support.proxy_service import chain

WAYS = (chain("a:80"), chain("b:80"), chain("c:80"))
DEPRIORITIZED = NetLogEventType.PROXY_RESOLUTION_SERVICE_DEPRIORITIZED_BAD_PROXIES


class World:
    """The memory, its clock and its log."""

    def __init__(self) -> None:
        self.clock = ManualClock(100.0)
        self.net_log = RecordingNetLog()
        self.bad = BadProxies(self.clock, self.net_log)

    def fail(self, *errors: int) -> None:
        """A request fails over once for each, and then goes well."""
        info = ProxyInfo(WAYS, DIRECT_CONFIG)
        for error in errors:
            info.fallback(error, self.clock.now())
        self.bad.report_success(info)

    def ways(self) -> str:
        """For the next request."""
        info = ProxyInfo(WAYS, DIRECT_CONFIG)
        self.bad.deprioritize_in(info, NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST))
        return " ".join(str(each)[7] for each in info.chains)


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_bad(world: World) -> None:
    """A request that went well at once teaches nothing, and nothing is logged."""
    world.fail()
    assert world.ways() == "a b c" and world.bad.current() == {} and world.net_log.entries == []


def test_some_bad(world: World) -> None:
    """Row 224: DeprioritizeBadProxies. Behind the others, in their order, for five minutes; the log says so."""
    world.fail(ERR_CONNECTION_REFUSED, ERR_TIMED_OUT)
    assert world.ways() == "c a b"
    assert world.net_log.params_of(DEPRIORITIZED, NetLogEventPhase.NONE) == [
        {"proxy_info": "http://c:80;http://a:80;http://b:80"}
    ]
    assert {name: info.net_error for name, info in world.bad.current().items()} == {
        "http://a:80": ERR_CONNECTION_REFUSED,
        "http://b:80": ERR_TIMED_OUT,
    }
    world.clock.advance(BAD_PROXY_DELAY_S + 1)
    assert world.ways() == "a b c" and world.bad.current() == {}


def test_bad_again(world: World) -> None:
    """Row 216: of two times the later one counts."""
    world.fail(ERR_CONNECTION_REFUSED)
    world.clock.advance(BAD_PROXY_DELAY_S / 2)
    world.fail(ERR_CONNECTION_REFUSED)
    world.clock.advance(BAD_PROXY_DELAY_S - 1)
    assert world.ways() == "b c a"


def test_forgetting(world: World) -> None:
    """All are good at once."""
    world.fail(ERR_CONNECTION_REFUSED)
    world.bad.clear()
    assert world.ways() == "a b c"
