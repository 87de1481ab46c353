"""Whether IPv6 leads anywhere."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.dns.ipv6_probe import Ipv6Probe, ipv6_source_address, is_global_source
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from tests.support.net_logs import RecordingNetLog


class Routes:
    """A routing table; counts how often it was looked into."""

    def __init__(self, source: str | None) -> None:
        self.source = source
        self.looks = 0

    def __call__(self) -> str | None:
        self.looks += 1
        return self.source


@pytest.fixture
def net_log() -> RecordingNetLog:
    return RecordingNetLog()


@pytest.fixture
def bound(net_log: RecordingNetLog) -> NetLogWithSource:
    return NetLogWithSource.make(net_log, NetLogSourceType.HOST_RESOLVER_IMPL_JOB)


def test_a_verdict_holds_for_a_second(net_log: RecordingNetLog, bound: NetLogWithSource) -> None:
    """Row 131 (StartIPv6ReachabilityCheck): and the log tells whether it is new."""
    clock, routes = ManualClock(), Routes("2001:db8::1")
    probe = Ipv6Probe(clock, routes)
    assert probe.is_reachable(bound)
    routes.source = None
    clock.advance(0.999)
    assert probe.is_reachable(bound) and routes.looks == 1
    clock.advance(0.001)
    assert not probe.is_reachable(bound) and routes.looks == 2
    check = NetLogEventType.HOST_RESOLVER_MANAGER_IPV6_REACHABILITY_CHECK
    assert net_log.params_of(check, NetLogEventPhase.NONE) == [
        {"ipv6_available": True, "cached": False},
        {"ipv6_available": True, "cached": True},
        {"ipv6_available": False, "cached": False},
    ]


def test_another_network_another_verdict() -> None:
    """Row 131: it can be forgotten; nothing is logged when nobody observes."""
    clock, routes = ManualClock(), Routes(None)
    probe = Ipv6Probe(clock, routes)
    quiet = NetLogWithSource.make(NetLog(clock), NetLogSourceType.HOST_RESOLVER_IMPL_JOB)
    assert not probe.is_reachable(quiet)
    routes.source = "2001:db8::1"
    probe.forget()
    assert probe.is_reachable(quiet)


@pytest.mark.parametrize(
    "address, is_global",
    [
        ("2001:db8::1", True),
        ("fd00::1", True),
        ("2001:1::1", True),
        ("fec0::1", True),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("febf::1", False),
        ("2001::1", False),
        ("2001:0:1234::1", False),
        (None, False),
    ],
)
def test_addresses_that_lead_out(address: str | None, is_global: bool) -> None:
    """Row 131: neither link-local ones nor tunnels that hardly work."""
    assert is_global_source(address) is is_global


class FakeSocket:
    """A UDP socket that may be connected, or not."""

    error: OSError | None = None
    connected: tuple[str, int] | None = None
    is_closed = False

    def __init__(self, family: int, kind: int) -> None:
        assert (family, kind) == (socket.AF_INET6, socket.SOCK_DGRAM)

    def __enter__(self) -> FakeSocket:
        return self

    def __exit__(self, *_: object) -> None:
        FakeSocket.is_closed = True

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def connect(self, address: tuple[str, int]) -> None:
        FakeSocket.connected = address
        if self.error is not None:
            raise self.error

    def getsockname(self) -> tuple[str, int, int, int]:
        return ("2001:db8::7", 1, 0, 0)


@pytest.mark.parametrize("error, source", [(None, "2001:db8::7"), (OSError(101, "unreachable"), None)])
def test_the_routing_table_is_asked(monkeypatch: pytest.MonkeyPatch, error: OSError | None, source: str | None) -> None:
    """Row 131: by connecting a socket, which is closed again, and to which nothing is written."""
    monkeypatch.setattr(FakeSocket, "error", error)
    monkeypatch.setattr(FakeSocket, "is_closed", False)
    monkeypatch.setattr(socket, "socket", FakeSocket)
    assert ipv6_source_address() == source
    assert FakeSocket.connected == ("2001:4860:4860::8888", 53) and FakeSocket.is_closed


def test_the_real_routing_table_answers() -> None:
    """Whatever this machine has: a verdict and no exception."""
    assert Ipv6Probe(ManualClock()).is_reachable(
        NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.NONE)
    ) in (True, False)
