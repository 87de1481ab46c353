"""A snapshot of a session."""

from __future__ import annotations

import pytest

from netstack_sync import (
    BadProxy,
    DeadlineExceeded,
    DnsSettings,
    GroupStats,
    Limits,
    ResourceSchedulerSettings,
    Session,
)
from netstack_sync.fetcher.stats import take_stats
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from tests.support.dns import blocked_resolver
from tests.support.recording_proxy import recording_proxy
from tests.support.scripted_stack import scripted_stack
from tests.support.url_requests import context_over
from tests.support.waiting import wait_until


def test_what_is_counted(server: EmbeddedServer) -> None:
    server.route("/silent", Answer(fault=stall_before_headers()))
    with Session(limits=Limits(per_host=2), trust_env=False) as session:
        empty = session.stats()
        assert (empty.requests, empty.sockets, empty.groups) == (0, 0, {})
        for _ in range(3):
            session.get(server.url("/hello"))
        idle = session.stats()
        assert (idle.sockets, idle.sockets_idle, idle.sockets_opened, idle.sockets_reused) == (1, 1, 1, 2)
        assert list(idle.groups.values()) == [GroupStats(active=0, connecting=0, idle=1, waiting=0)]
        futures = [session.submit("GET", server.url("/silent")) for _ in range(3)]
        assert server.wait_until(lambda: len(server.requests) == 5)
        busy = session.stats()
        assert (busy.requests, busy.sockets_active, busy.requests_waiting, busy.sockets_connecting) == (3, 2, 1, 0)
        assert next(iter(busy.groups)).endswith(f"127.0.0.1:{server.port}")
        for future in futures:
            future.cancel()


def test_groups_that_differ_in_trust_are_one_host(server: EmbeddedServer) -> None:
    """They are shown together; their sockets are never shared."""
    with EmbeddedServer(tls=True) as secure, Session(trust_env=False) as session:
        session.get(secure.url("/hello"), verify=secure.ca_file)
        session.get(secure.url("/hello"), verify=False)
        session.get(secure.url("/hello", host="localhost"), verify=False)
        stats = session.stats()
        assert stats.sockets_opened == 3
        assert sorted(group.idle for group in stats.groups.values()) in ([1, 1, 1], [1, 2])
        assert (stats.dns_lookups, stats.dns_cached) == (0, stats.dns_cached)


def test_what_hangs_in_a_lookup_is_counted() -> None:
    """Each name once, however many ask; those that wait for their turn as well."""
    settings = DnsSettings(max_parallel=1)
    with blocked_resolver(), Session(trust_env=False, dns=settings) as session:
        futures = [session.submit("GET", f"http://{host}.test/") for host in ("a", "b", "b")]
        stats = session.stats()
        assert (stats.requests, stats.requests_waiting, stats.sockets_connecting, stats.sockets) == (3, 3, 3, 3)
        assert (stats.dns_lookups, stats.dns_cached, stats.sockets_opened) == (2, 0, 0)
        assert stats.groups["http://b.test"] == GroupStats(active=0, connecting=2, idle=0, waiting=2)
        for future in futures:
            future.cancel()
        given_up = session.stats()
        assert (given_up.requests, given_up.requests_waiting) == (0, 0)
        assert given_up.dns_lookups == 2, "whoever asks again soon finds them on their way"


def test_a_lookup_that_hangs_for_nobody_is_counted() -> None:
    """Its thread is gone until the system gives up."""
    with blocked_resolver(), Session(trust_env=False) as session:
        assert session.stats().dns_stuck == 0
        with pytest.raises(DeadlineExceeded):
            session.resolve("a.test", timeout=0.1)
        wait_until(lambda: session.stats().dns_stuck == 1)
        assert session.stats().dns_lookups == 0


def test_requests_that_are_held_back(server: EmbeddedServer) -> None:
    """By the resource scheduler; without one there are none."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    scheduler = ResourceSchedulerSettings(max_delayable=1)
    with Session(resource_scheduler=scheduler, trust_env=False) as session:
        futures = [session.submit("GET", server.url("/silent"), priority="low") for _ in range(3)]
        wait_until(lambda: session.stats().requests_delayed == 2)
        for future in futures:
            future.cancel()
        wait_until(lambda: session.stats().requests_delayed == 0)


def test_proxies(server: EmbeddedServer) -> None:
    """The sockets through each, and those that failed lately, with what is left of their five minutes."""
    with recording_proxy() as proxy, Session(proxy=["http://127.0.0.1:1", proxy.url()], trust_env=False) as session:
        assert session.stats().proxies == session.stats().bad_proxies == {}
        assert session.get(server.url("/hello")).ok and session.get(server.url("/hello", host="b.test")).ok
        assert session.get(server.url("/hello"), proxy="direct").ok
        stats = session.stats()
        assert stats.proxies == {proxy.url(): 2} and stats.sockets == 3
        [(chain, bad)] = stats.bad_proxies.items()
        assert chain == "http://127.0.0.1:1" and isinstance(bad, BadProxy) and 0 < bad.seconds_left <= 300
        assert str(bad.net_error) == "ERR_PROXY_CONNECTION_FAILED (-130)"


def test_context_without_proxies() -> None:
    """Such as a session has for requests of its own."""
    with scripted_stack(False) as stack:
        assert take_stats(context_over(stack)).bad_proxies == {}
