"""HostResolverPacDns: whatever a script asks for is looked up, or is no host."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.proxy.pac_dns import PacDns, PacLookup
from netstack_sync.url_request.pac_dns import HostResolverPacDns
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.resolver import ScriptedResolver

BOTH = (IPEndPoint("2001:db8::1", 0, socket.AF_INET6), IPEndPoint("192.0.2.1", 0, socket.AF_INET))


class World:
    """A resolver, and who asks it for scripts."""

    def __init__(self) -> None:
        self.resolver = ScriptedResolver()
        self.resolver.addresses = BOTH
        self.dns: PacDns = HostResolverPacDns(self.resolver)
        self.done = RecordedCompletion()

    def lookup(self, host: str) -> PacLookup:
        """A question, not started yet."""
        return self.dns.create_lookup(host, NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.URL_REQUEST))


@pytest.fixture
def world() -> World:
    return World()


def test_an_answer_at_once(world: World) -> None:
    """All addresses, of both families, in the resolver's order."""
    world.resolver.outcome = OK
    lookup = world.lookup("a.test")
    assert lookup.start(world.done) == OK
    assert lookup.addresses == ("2001:db8::1", "192.0.2.1") and not world.done.is_called


def test_an_answer_later(world: World) -> None:
    """The callback comes once they are there."""
    lookup = world.lookup("a.test")
    assert lookup.start(world.done) == ERR_IO_PENDING
    world.resolver.requests[0].finish()
    assert world.done.result == OK and lookup.addresses == ("2001:db8::1", "192.0.2.1")
    assert world.resolver.requests[0].parameters.family == socket.AF_UNSPEC


@pytest.mark.parametrize("outcome", [ERR_NAME_NOT_RESOLVED, ERR_IO_PENDING])
def test_no_answer(world: World, outcome: int) -> None:
    """The resolver's words, now or later."""
    world.resolver.outcome, world.resolver.error_detail = outcome, "no such host"
    lookup = world.lookup("a.test")
    if lookup.start(world.done) == ERR_IO_PENDING:
        world.resolver.requests[0].finish(ERR_NAME_NOT_RESOLVED)
        assert world.done.result == ERR_NAME_NOT_RESOLVED
    assert (lookup.addresses, lookup.error_detail) == ((), "no such host")


@pytest.mark.parametrize(
    "host, asked",
    [
        ("A.Test.", "a.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("127.1", "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[::1]", "::1"),
        ("wpad", "wpad"),
    ],
)
def test_spellings(world: World, host: str, asked: str) -> None:
    """R7 (CVE-2023-46218, CVE-2026-8924): a host is canonical before anybody is asked; so the cache knows it."""
    world.resolver.outcome = OK
    assert world.lookup(host).start(world.done) == OK
    assert [request.host for request in world.resolver.requests] == [asked]


@pytest.mark.parametrize("host", ["", ".", "a b", "a..b", "a\nb", "http://a.test/", "1.2.3.4.5", "\udc80"])
def test_what_is_no_host(world: World, host: str) -> None:
    """Is not found, and nobody is asked; the words are fit to be shown."""
    lookup = world.lookup(host)
    assert lookup.start(world.done) == ERR_NAME_NOT_RESOLVED
    lookup.cancel()
    assert lookup.addresses == () and world.resolver.requests == []
    assert lookup.error_detail.isprintable() and " has a" in lookup.error_detail


def test_cancel(world: World) -> None:
    """Goes down; idempotent."""
    lookup = world.lookup("a.test")
    lookup.start(world.done)
    lookup.cancel()
    lookup.cancel()
    assert world.resolver.requests[0].is_cancelled and not world.done.is_called
