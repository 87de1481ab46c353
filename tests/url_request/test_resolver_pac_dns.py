"""What scripts ask of the resolver."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.url_request.resolver_pac_dns import ResolverPacDns
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.resolver import ScriptedResolver

LOG = NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.NONE)


def answering() -> ScriptedResolver:
    """A resolver that knows everything already."""
    resolver = ScriptedResolver()
    resolver.outcome = OK
    return resolver


def test_answer_that_is_there_at_once() -> None:
    """Each address once, without port or interface; the name is asked for as those of connections are."""
    resolver = answering()
    resolver.addresses = (
        IPEndPoint("fe80::1", 0, socket.AF_INET6, 1),
        IPEndPoint("fe80::1", 0, socket.AF_INET6, 2),
        IPEndPoint("192.0.2.1", 0, socket.AF_INET),
    )
    lookup = ResolverPacDns(resolver).create_lookup("Proxy.TEST", False, LOG)
    done = RecordedCompletion()
    assert lookup.start(done) == OK and lookup.addresses == ("fe80::1", "192.0.2.1") and not done.is_called
    [request] = resolver.requests
    assert (request.host, request.parameters.priority) == ("proxy.test", RequestPriority.HIGHEST)
    assert request.parameters.family == socket.AF_UNSPEC


def test_answer_that_comes_later() -> None:
    """Only IPv4 where the script's function knows nothing else; of a failure in the resolver's words."""
    resolver = ScriptedResolver()
    dns = ResolverPacDns(resolver)
    lookups = [dns.create_lookup(host, True, LOG) for host in ("a.test", "b.test")]
    dones = [RecordedCompletion() for _ in lookups]
    assert [lookup.start(done) for lookup, done in zip(lookups, dones, strict=True)] == [ERR_IO_PENDING] * 2
    assert {request.parameters.family for request in resolver.requests} == {socket.AF_INET}
    resolver.requests[0].finish(OK)
    resolver.error_detail = "no such host"
    resolver.requests[1].finish(ERR_NAME_NOT_RESOLVED)
    assert [done.result for done in dones] == [OK, ERR_NAME_NOT_RESOLVED]
    assert lookups[0].addresses == tuple(endpoint.address for endpoint in resolver.addresses)
    assert (lookups[1].addresses, lookups[1].error_detail) == ((), "no such host")


def test_cancelled_lookup_says_nothing_any_more() -> None:
    """And nobody goes on looking for it."""
    resolver = ScriptedResolver()
    lookup = ResolverPacDns(resolver).create_lookup("a.test", True, LOG)
    lookup.start(RecordedCompletion())
    lookup.cancel()
    lookup.cancel()
    assert resolver.requests[0].is_cancelled


@pytest.mark.parametrize("host", ["", "a b", "a\0b", "\udcff", "1.2.3.4.5", "[::1]x"])
def test_what_is_no_host_is_not_found(host: str) -> None:
    """Scripts make names up of anything; nobody is asked, and nothing is raised."""
    resolver = ScriptedResolver()
    lookup = ResolverPacDns(resolver).create_lookup(host, False, LOG)
    assert lookup.start(RecordedCompletion()) == ERR_NAME_NOT_RESOLVED and "no name of a host" in lookup.error_detail
    lookup.cancel()
    assert not resolver.requests


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1"])
def test_address_is_its_own_answer(literal: str) -> None:
    """It goes to the resolver as it is, which knows."""
    resolver = answering()
    assert ResolverPacDns(resolver).create_lookup(literal, False, LOG).start(RecordedCompletion()) == OK
    assert resolver.requests[0].host == literal
