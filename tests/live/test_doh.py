"""Real DNS over HTTPS: dnsdist in front of dnsmasq, asked by sessions that know nobody else."""

from __future__ import annotations

import threading
import time

import pytest

import netstack_sync
from netstack_sync import DnsSettings
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveRequest, ResolveSource
from netstack_sync.fetcher.resolution import Resolution, resolve_on_network_thread
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from tests.support.live_servers import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_DEADLINE_S = 20.0


def open_session(server: LiveServer, variable: str = "{?dns}", mode: str = "secure") -> netstack_sync.Session:
    """A session that trusts the server and asks it."""
    template = server.url("https", "/dns-query") + variable
    return netstack_sync.Session(verify=server.ca_file, dns=DnsSettings(doh=template, doh_mode=mode))


@pytest.mark.parametrize("variable", ["{?dns}", ""], ids=["GET", "POST"])
def test_names_that_only_the_server_knows(doh_server: LiveServer, variable: str) -> None:
    """Row 139: both ways to ask; both families, aliases followed; the server's own name is the system's affair."""
    with open_session(doh_server, variable) as session:
        both = session.resolve("both.test", timeout=_DEADLINE_S)
        assert set(both.addresses) == {"192.0.2.1", "2001:db8::1"} or both.addresses == ("192.0.2.1",)
        assert both.source == "DNS over HTTPS" and both.ttl == pytest.approx(300, abs=_DEADLINE_S)
        assert session.resolve("alias.test", family=6, timeout=_DEADLINE_S).addresses == ("2001:db8::1",)
        assert session.resolve("both.test", timeout=_DEADLINE_S).source == "cache"


def test_a_fetch_goes_where_the_server_says(doh_server: LiveServer, nginx_server: LiveServer) -> None:
    """Two servers and one stack: the name over HTTPS, then the page."""
    with open_session(doh_server) as session:
        url = nginx_server.url("http", "/200.bin").replace("localhost", "a.test")
        assert session.get(url, timeout=_DEADLINE_S).content == nginx_server.bodies["/200.bin"]


def test_https_records_come_along(doh_server: LiveServer) -> None:
    """Row 142: when they are as quick as the addresses, which takes a few tries on a busy machine."""
    with open_session(doh_server) as session:
        give_up_at = time.monotonic() + _DEADLINE_S
        services = look_up(session, "both.test").services
        while not services and time.monotonic() < give_up_at:
            services = look_up(session, "both.test").services
        assert [(service.priority, service.alpn) for service in services] == [(1, ("h2", "http/1.1"))]


def look_up(session: netstack_sync.Session, host: str) -> ResolveRequest:
    """The request itself, which knows more than a Resolution; not from the cache."""
    context, is_done = session.context, threading.Event()
    parameters = ResolveParameters(cache_usage=CacheUsage.DISALLOWED)
    log = NetLogWithSource.make(context.net_log, NetLogSourceType.NONE)
    requests: list[ResolveRequest] = []

    def start() -> None:
        requests.append(context.host_resolver.create_request(host, 443, parameters, log))
        requests[0].start(lambda _: is_done.set())

    assert context.thread.post(start) and is_done.wait(_DEADLINE_S)
    return requests[0]


def test_a_name_that_nobody_has(doh_server: LiveServer) -> None:
    """Row 139 (Secure): the system is not asked; the error says who was."""
    with open_session(doh_server) as session, pytest.raises(netstack_sync.NameNotResolved, match="DNS over HTTPS"):
        session.resolve("missing.test", timeout=_DEADLINE_S)


def test_a_server_that_is_not_trusted_is_not_asked(doh_server: LiveServer) -> None:
    """Row 139 (Secure): its certificate is verified like any other, and nobody else is asked."""
    settings = DnsSettings(doh=doh_server.url("https", "/dns-query"))
    why = r"DNS over HTTPS: localhost: .*certificate"
    with netstack_sync.Session(dns=settings) as session, pytest.raises(netstack_sync.NameNotResolved, match=why):
        session.resolve("a.test", timeout=_DEADLINE_S)


def test_a_server_that_is_no_dns_server(doh_server: LiveServer, nginx_server: LiveServer) -> None:
    """Row 139 (Secure): an answer that is none is said to be none."""
    settings = DnsSettings(doh=nginx_server.url("https", "/200.bin{?dns}"))
    why = "not of the type application/dns-message"
    session = netstack_sync.Session(verify=nginx_server.ca_file, dns=settings)
    with session, pytest.raises(netstack_sync.NameNotResolved, match=why):
        session.resolve("a.test", timeout=_DEADLINE_S)


def test_automatic_probes_before_it_relies_on_a_server(doh_server: LiveServer) -> None:
    """Row 139 (Automatic): without anybody's request the server becomes available."""
    with open_session(doh_server, mode="automatic") as session:
        give_up_at = time.monotonic() + _DEADLINE_S
        answer = ask_if_available(session)
        while answer is None and time.monotonic() < give_up_at:
            answer = ask_if_available(session)
        assert answer is not None and answer.addresses == ("127.0.0.1",) and answer.source == "DNS over HTTPS"


def ask_if_available(session: netstack_sync.Session) -> Resolution | None:
    """The answer of DNS over HTTPS, which does not ask while no server is available; the system never is."""
    parameters = ResolveParameters(source=ResolveSource.SECURE_DNS)
    try:
        return resolve_on_network_thread(session.context, "a.test", 0, parameters, _DEADLINE_S)
    except netstack_sync.NameNotResolved:
        return None
