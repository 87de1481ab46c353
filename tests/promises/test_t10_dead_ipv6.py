"""T10: a host answers by the address that works, where another one of its addresses leads nowhere."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import netstack_sync
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.requirements import unavailable


@contextmanager
def dead(address: str, port: int) -> Iterator[None]:
    """A listener on `address` whose queue is full: the system drops what else wants to connect."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family, backlog=0)
    except OSError as error:
        unavailable(f"{address} is needed on loopback: {error}")
    with listener, socket.create_connection((address, port)):
        yield


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name has these addresses, in this order."""
    answer = [
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 0, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 0))
        for address in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answer)


def fetch_by_ipv4(session: netstack_sync.Session, server: EmbeddedServer) -> None:
    """A fetch over a new connection to a host with several addresses; only the server's own one works."""
    response = session.get(server.url("/hello", "both.test"), headers={"Connection": "close"}, timeout=8)
    assert response.status == 200
    assert str(response.remote_address) == f"127.0.0.1:{server.port}"


def test_dead_ipv6_holds_nobody(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fetch goes by IPv4, in good time.

    requests, urllib3, httpx and, unless it is asked for more, aiohttp wait for IPv6 until their time is up, 8 s here.
    """
    with dead("::1", server.port), netstack_sync.Session() as session:
        resolve_to(monkeypatch, "::1", "127.0.0.1")
        for _ in range(3):
            fetch_by_ipv4(session, server)


def test_one_dead_server_of_several_holds_nobody(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Round-robin DNS whose first server is down: every fetch goes by the next, in good time."""
    with dead("127.0.0.2", server.port), netstack_sync.Session() as session:
        resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        for _ in range(3):
            fetch_by_ipv4(session, server)
