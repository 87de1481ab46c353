"""resolve_host(): the system's answers and errors as values."""

from __future__ import annotations

import errno
import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_FAILED,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.workers import resolve_host as module
from netstack_sync.workers.resolve_host import ResolvedHost, resolve_host

V4, V6 = socket.AF_INET, socket.AF_INET6


Found = list[tuple[int, tuple[object, ...]]]


class FakeSystem:
    """Stands in for getaddrinfo and the routing table; notes what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.answer: Found = []
        self.error: Exception | None = None
        self.answer_without_flags: Found | None = None
        self.routes: set[int] = {V4}
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)
        monkeypatch.setattr(module, "_has_route", lambda family, _: family in self.routes)

    def _getaddrinfo(self, *arguments: object) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        self.asked.append(arguments)
        answer = self.answer
        if arguments[-1] == 0 and self.answer_without_flags is not None:
            answer = self.answer_without_flags
        elif self.error is not None:
            raise self.error
        return [(family, socket.SOCK_STREAM, 6, "", sockaddr) for family, sockaddr in answer]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    return FakeSystem(monkeypatch)


def test_the_answer_keeps_the_systems_order(system: FakeSystem) -> None:
    """Duplicates are dropped, scopes kept; the port is 0."""
    system.answer = [
        (V6, ("2001:db8::1", 0, 0, 0)),
        (V4, ("192.0.2.1", 0)),
        (V6, ("2001:db8::1", 0, 0, 0)),
        (V6, ("fe80::1", 0, 0, 3)),
    ]
    assert resolve_host("host.test") == ResolvedHost(
        OK,
        (
            IPEndPoint("2001:db8::1", 0, V6),
            IPEndPoint("192.0.2.1", 0, V4),
            IPEndPoint("fe80::1", 0, V6, 3),
        ),
        0,
    )


def test_an_answer_without_measure_is_cut(system: FakeSystem) -> None:
    """Repetitions do not count; the first ones are the best."""
    system.answer = [(V4, (f"10.0.{number >> 8}.{number & 255}", 0)) for number in range(4000) for _ in range(2)]
    addresses = resolve_host("host.test").addresses
    assert len(addresses) == 256 and addresses[-1] == IPEndPoint("10.0.0.255", 0, V4)


def test_what_the_system_is_asked(system: FakeSystem) -> None:
    """For TCP, and for families this machine has."""
    system.answer = [(V4, ("192.0.2.1", 0))]
    resolve_host("host.test")
    resolve_host("host.test", V4)
    tcp = (socket.SOCK_STREAM, socket.IPPROTO_TCP, socket.AI_ADDRCONFIG)
    assert system.asked == [("host.test", 0, socket.AF_UNSPEC, *tcp), ("host.test", 0, V4, *tcp)]


def test_an_empty_list_means_name_not_resolved(system: FakeSystem) -> None:
    """Row 115."""
    assert resolve_host("host.test") == ResolvedHost(ERR_NAME_NOT_RESOLVED, (), 0)


def test_a_name_of_the_hosts_file_may_have_both_families(system: FakeSystem) -> None:
    """AI_ADDRCONFIG hides one when only loopback has it; in any other answer there is nothing to look for."""
    system.answer = [(V4, ("127.0.0.1", 0))]
    system.answer_without_flags = [(V6, ("::1", 0, 0, 0)), (V4, ("127.0.0.1", 0))]
    assert [endpoint.address for endpoint in resolve_host("db").addresses] == ["::1", "127.0.0.1"]
    assert [arguments[-1] for arguments in system.asked] == [socket.AI_ADDRCONFIG, 0]


@pytest.mark.parametrize(
    "answer", [[(V4, ("127.0.0.1", 0)), (V4, ("192.0.2.1", 0))], [(V6, ("::1", 0, 0, 0)), (V4, ("127.0.0.1", 0))]]
)
def test_other_answers_are_whole(system: FakeSystem, answer: Found) -> None:
    """Nobody is asked twice for them."""
    system.answer = answer
    assert len(resolve_host("db").addresses) == 2 and len(system.asked) == 1


@pytest.mark.parametrize("routes, times", [({V4, V6}, 1), ({V6}, 1), (set(), 2)])
def test_a_machine_that_has_only_loopback(system: FakeSystem, routes: set[int], times: int) -> None:
    """AI_ADDRCONFIG hides every name then, those of the hosts file, too; elsewhere a failure is one."""
    system.error = socket.gaierror(socket.EAI_NONAME, "no name")
    system.routes = routes
    system.answer_without_flags = [(V4, ("127.0.0.1", 0))]
    assert (resolve_host("db").net_error == OK) is (times == 2)
    assert len(system.asked) == times


@pytest.mark.parametrize(
    "error, net_error, os_error, detail",
    [
        (socket.gaierror(socket.EAI_NONAME, "no name"), ERR_NAME_NOT_RESOLVED, socket.EAI_NONAME, "no name"),
        (socket.gaierror(socket.EAI_AGAIN, "again"), ERR_NAME_NOT_RESOLVED, socket.EAI_AGAIN, "again"),
        (socket.gaierror(socket.EAI_MEMORY, "memory"), ERR_OUT_OF_MEMORY, socket.EAI_MEMORY, "memory"),
        (socket.gaierror(), ERR_NAME_NOT_RESOLVED, 0, ""),
        (OSError(100, "network is down"), ERR_INTERNET_DISCONNECTED, 100, "network is down"),
        (OSError("odd"), ERR_FAILED, 0, "odd"),
        (BlockingIOError(errno.EAGAIN, "not now"), ERR_NAME_NOT_RESOLVED, errno.EAGAIN, "not now"),
    ],
)
def test_errors_are_values(system: FakeSystem, error: Exception, net_error: int, os_error: int, detail: str) -> None:
    """It never raises; what the system says is kept, in numbers and in words."""
    system.error = error
    assert resolve_host("host.test") == ResolvedHost(net_error, (), os_error, f"getaddrinfo: {detail}")


def test_a_label_that_the_codec_refuses(system: FakeSystem) -> None:
    """There is no such name."""
    system.error = UnicodeError("label too long")
    assert resolve_host("host.test") == ResolvedHost(ERR_NAME_NOT_RESOLVED, (), 0, "label too long")


@pytest.mark.parametrize("host", ["", "a" * 64, "x." * 200, "a..b", "\udc80"])
def test_the_real_system_refuses_bad_names(host: str) -> None:
    """Whatever the codec or the resolver makes of them, without asking a server."""
    assert resolve_host(host).net_error == ERR_NAME_NOT_RESOLVED


def test_the_real_system_knows_literals() -> None:
    """The only names that need no server."""
    assert resolve_host("127.0.0.1") == ResolvedHost(OK, (IPEndPoint("127.0.0.1", 0, V4),), 0)


class FakeSocket:
    """A UDP socket that may be connected to some families only."""

    routes: frozenset[int] = frozenset()
    closed = 0

    def __init__(self, family: int, kind: int) -> None:
        assert kind == socket.SOCK_DGRAM
        self.family = family

    def __enter__(self) -> FakeSocket:
        return self

    def __exit__(self, *_: object) -> None:
        FakeSocket.closed += 1

    def connect(self, address: tuple[str, int]) -> None:
        if self.family not in self.routes:
            raise OSError(101, "unreachable")


@pytest.mark.parametrize("routes, times", [({V4}, 1), ({V6}, 1), (set(), 2)])
def test_the_routing_table_tells(monkeypatch: pytest.MonkeyPatch, routes: set[int], times: int) -> None:
    """By connecting sockets, which are closed again; nothing is sent."""
    asked: list[str] = []

    def fail(host: str, *_: int) -> object:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket, "socket", FakeSocket)
    monkeypatch.setattr(FakeSocket, "routes", frozenset(routes))
    monkeypatch.setattr(FakeSocket, "closed", 0)
    assert resolve_host("host.test").net_error == ERR_NAME_NOT_RESOLVED
    assert len(asked) == times and FakeSocket.closed == (1 if V4 in routes else 2)
