"""One proxy of a list is dead: what happens to the request, to those after it, and once five minutes have passed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync import PacScript, ProxyError, Session
from netstack_sync.base.net_errors import ERR_PROXY_CONNECTION_FAILED
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLogCaptureMode
from tests.support.leaping_clock import LeapingClock, leaping_clock
from tests.support.net_logs import RecordingNetLog
from tests.support.proxy_matrix import AUTHORITY, TWO, Sites, running_sites
from tests.support.recording_proxy import recording_proxy

FIVE_MINUTES_S = 300.0
NOT_YET_S, BY_THEN_S = 200.0, 101.0  # far enough from the end of them for a machine that is busy

ENTRIES = {"http": "PROXY", "socks5": "SOCKS5"}


@pytest.fixture
def clock(no_complaints: None) -> Iterator[LeapingClock]:
    with leaping_clock() as clock:
        yield clock


@pytest.fixture(scope="module")
def servers() -> Iterator[Sites]:
    with running_sites() as sites:
        yield sites


@pytest.fixture
def dead() -> Iterator[socket.socket]:
    """A port of its own where connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


class Watcher:
    """What the log of a session tells about fallback."""

    def __init__(self, session: Session) -> None:
        self._log = RecordingNetLog()
        session.context.net_log.add_observer(self._log, NetLogCaptureMode.DEFAULT)

    @property
    def failed(self) -> list[object]:
        """The proxies that were left for the next, in their order."""
        found = self._log.params_of(NetLogEventType.PROXY_LIST_FALLBACK, NetLogEventPhase.NONE)
        assert all([each["net_error"] == ERR_PROXY_CONNECTION_FAILED for each in found])
        return [each["bad_proxy_chain"] for each in found]

    @property
    def reports(self) -> int:
        """How often it was told that proxies are bad."""
        return len(self._log.params_of(NetLogEventType.BAD_PROXY_LIST_REPORTED, NetLogEventPhase.NONE))


def proxy_argument(urls: list[str], is_scripted: bool) -> list[str] | PacScript:
    """The proxies, one after the other, by a list or by a script."""
    if not is_scripted:
        return urls
    pytest.importorskip("quickjs")
    entries = [url.replace("://", " ") for url in urls]
    for scheme, entry in ENTRIES.items():
        entries = [each.replace(f"{scheme} ", f"{entry} ") for each in entries]
    return PacScript(f"function FindProxyForURL(url, host) {{ return '{'; '.join(entries)}'; }}")


@pytest.mark.parametrize("is_scripted", [False, True])
@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_five_minutes(
    kind: str, target: str, is_scripted: bool, dead: socket.socket, clock: LeapingClock, servers: Sites
) -> None:
    """Rows 179 and 216: the request succeeds by the next one, and the first is skipped, though it works again by now,
    until five minutes have passed.
    """
    url, name = servers.of(target).url("/hello", TWO), f"{kind}://127.0.0.1:{dead.getsockname()[1]}"
    with recording_proxy() as second:
        proxies = proxy_argument([name, second.url(kind)], is_scripted)
        with Session(proxy=proxies, verify=AUTHORITY, trust_env=False) as session:
            watcher = Watcher(session)
            assert session.get(url).proxy_chain == (second.url(kind),)
            assert (watcher.failed, watcher.reports) == ([name], 1)
            bad = session.stats().bad_proxies[name]
            assert bad.net_error.name == "ERR_PROXY_CONNECTION_FAILED" and 0 < bad.seconds_left <= FIVE_MINUTES_S
            with recording_proxy(bound=dead) as first:
                clock.leap(NOT_YET_S)
                session.close_idle_connections()
                assert session.get(url).proxy_chain == (second.url(kind),) and not first.connections
                assert session.stats().bad_proxies[name].seconds_left <= FIVE_MINUTES_S - NOT_YET_S
                clock.leap(BY_THEN_S)
                assert not session.stats().bad_proxies
                assert session.get(url).proxy_chain == (name,) and len(first.connections) == 1
            assert (watcher.failed, watcher.reports) == ([name], 1)


def test_it_is_dead_for_good(dead: socket.socket, clock: LeapingClock, servers: Sites) -> None:
    """Each time when the five minutes are over one request finds out, and those after it know."""
    url, name = servers.plain.url("/hello"), f"http://127.0.0.1:{dead.getsockname()[1]}"
    with recording_proxy() as second, Session(proxy=[name, second.url()], trust_env=False) as session:
        watcher = Watcher(session)
        for times in (1, 2, 3):
            for _ in range(3):
                assert session.get(url).proxy_chain == (second.url(),)
            assert (watcher.failed, watcher.reports) == ([name] * times, times)
            assert list(session.stats().bad_proxies) == [name]
            clock.leap(FIVE_MINUTES_S + 1.0)
    assert len(second.requests) == 9


def test_bad_ones_are_the_last_resort(dead: socket.socket, clock: LeapingClock, servers: Sites) -> None:
    """A proxy that is bad is tried all the same where the others fail, and is good again by nothing but time."""
    url, name = servers.plain.url("/hello"), f"http://127.0.0.1:{dead.getsockname()[1]}"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        later = f"http://127.0.0.1:{other.getsockname()[1]}"
        with Session(proxy=[name, later], trust_env=False) as session:
            watcher = Watcher(session)
            with pytest.raises(ProxyError, match="ERR_PROXY_CONNECTION_FAILED"):
                session.get(url)
            assert not session.stats().bad_proxies and watcher.reports == 0, "it may be the network"
            with recording_proxy(bound=other):
                assert session.get(url).proxy_chain == (later,)
                assert list(session.stats().bad_proxies) == [name]
            session.close_idle_connections()
            with recording_proxy(bound=dead):
                assert session.get(url).proxy_chain == (name,)
                assert set(session.stats().bad_proxies) == {name, later}
