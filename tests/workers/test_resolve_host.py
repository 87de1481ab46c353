"""resolve_host(): the system's answers and errors as values."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_FAILED,
    ERR_ICANN_NAME_COLLISION,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.workers.resolve_host import ResolvedHost, resolve_host

V4, V6 = socket.AF_INET, socket.AF_INET6


class FakeSystem:
    """Stands in for getaddrinfo; notes what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.answer: list[tuple[int, tuple[object, ...]]] = []
        self.error: Exception | None = None
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def _getaddrinfo(self, *arguments: object) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        self.asked.append(arguments)
        if self.error is not None:
            raise self.error
        return [(family, socket.SOCK_STREAM, 6, "", sockaddr) for family, sockaddr in self.answer]


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


def test_a_name_collision_is_told(system: FakeSystem) -> None:
    """Row 130: 127.0.53.53 anywhere in the answer."""
    system.answer = [(V4, ("192.0.2.1", 0)), (V4, ("127.0.53.53", 0))]
    assert resolve_host("host.test") == ResolvedHost(ERR_ICANN_NAME_COLLISION, (), 0)


@pytest.mark.parametrize(
    "error, net_error, os_error",
    [
        (socket.gaierror(socket.EAI_NONAME, "no name"), ERR_NAME_NOT_RESOLVED, socket.EAI_NONAME),
        (socket.gaierror(socket.EAI_AGAIN, "again"), ERR_NAME_NOT_RESOLVED, socket.EAI_AGAIN),
        (socket.gaierror(socket.EAI_MEMORY, "memory"), ERR_OUT_OF_MEMORY, socket.EAI_MEMORY),
        (socket.gaierror(), ERR_NAME_NOT_RESOLVED, 0),
        (OSError(100, "network is down"), ERR_INTERNET_DISCONNECTED, 100),
        (OSError(), ERR_FAILED, 0),
        (UnicodeError("label too long"), ERR_NAME_NOT_RESOLVED, 0),
    ],
)
def test_errors_are_values(system: FakeSystem, error: Exception, net_error: int, os_error: int) -> None:
    """It never raises."""
    system.error = error
    assert resolve_host("host.test") == ResolvedHost(net_error, (), os_error)


@pytest.mark.parametrize("host", ["", "a" * 64, "x." * 200, "a..b", "\udc80"])
def test_the_real_system_refuses_bad_names(host: str) -> None:
    """Whatever the codec or the resolver makes of them, without asking a server."""
    assert resolve_host(host).net_error == ERR_NAME_NOT_RESOLVED


def test_the_real_system_knows_literals() -> None:
    """The only names that need no server."""
    assert resolve_host("127.0.0.1") == ResolvedHost(OK, (IPEndPoint("127.0.0.1", 0, V4),), 0)
