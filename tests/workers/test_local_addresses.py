"""list_local_addresses(): what portable means tell."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.workers.local_addresses import list_local_addresses, list_route_addresses


class FakeSystem:
    """Stands in for the routes and for the name of the machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources: dict[int, tuple[str, int]] = {}
        self.named: list[tuple[int, tuple[object, ...]]] | Exception = []
        self.opened: list[socket.socket] = []
        system = self

        class FakeSocket(socket.socket):
            def connect(self, address: object) -> None:
                system.opened.append(self)
                if self.family not in system.sources:
                    raise OSError(101, "Network is unreachable")

            def getsockname(self) -> tuple[str, int]:
                return system.sources[self.family]

        monkeypatch.setattr(socket, "socket", FakeSocket)
        monkeypatch.setattr(socket, "gethostname", lambda: "machine")
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)

    def _getaddrinfo(self, host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "machine"
        if isinstance(self.named, Exception):
            raise self.named
        return [(family, socket.SOCK_STREAM, 6, "", sockaddr) for family, sockaddr in self.named]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    return FakeSystem(monkeypatch)


def test_routes_and_name(system: FakeSystem) -> None:
    """Both families, each address once, no loopback."""
    system.sources = {socket.AF_INET: ("10.0.0.1", 40000), socket.AF_INET6: ("2001:db8::2", 50000)}
    system.named = [
        (socket.AF_INET, ("127.0.1.1", 0)),
        (socket.AF_INET, ("10.0.0.1", 0)),
        (socket.AF_INET, ("10.0.0.2", 0)),
        (socket.AF_INET6, ("fe80::1%eth0", 0, 0, 2)),
    ]
    assert list_local_addresses() == {"10.0.0.1", "10.0.0.2", "2001:db8::2", "fe80::1"}
    assert len(system.opened) == 2 and all(sock.fileno() == -1 for sock in system.opened)


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_NONAME, "no name"), UnicodeError("too long")])
def test_nothing_is_found(system: FakeSystem, error: Exception) -> None:
    """No route and no name: no addresses, nothing raised, nothing left open."""
    system.named = error
    assert list_local_addresses() == frozenset()
    assert all(sock.fileno() == -1 for sock in system.opened)


def test_the_real_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it has; the machine's name is not looked up, which may take long."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert "127.0.0.1" not in list_local_addresses()


def test_the_addresses_of_the_routes_are_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 first; loopback is no way out, and no name is looked up."""
    system = FakeSystem(monkeypatch)
    system.named = AssertionError("looked up")
    assert list_route_addresses() == ()
    system.sources = {socket.AF_INET6: ("2001:db8::5", 0), socket.AF_INET: ("10.0.0.1", 0)}
    assert list_route_addresses() == ("10.0.0.1", "2001:db8::5")
    system.sources = {socket.AF_INET: ("127.0.0.1", 0)}
    assert list_route_addresses() == ()
