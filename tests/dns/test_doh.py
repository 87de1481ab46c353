"""The resolver's view: modes, which servers are asked, probes, changes of the network."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_DNS_SERVER_FAILED, OK
from netstack_sync.dns.doh import DohResolver
from netstack_sync.dns.doh_providers import templates_from
from netstack_sync.dns.doh_server import FAILURE_LIMIT
from netstack_sync.dns.doh_task import DohTaskServices
from netstack_sync.dns.resolve_answer import ResolveAnswer, ResolveTask
from netstack_sync.dns.secure_dns import SecureDns, SecureDnsMode
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from tests.support.doh import DohDriver, driven_doh

AUTOMATIC, SECURE = SecureDnsMode.AUTOMATIC, SecureDnsMode.SECURE
TWO = ("https://one.test/{?dns}", "https://two.test/{?dns}")
LOG = NetLogWithSource.make(NetLog(ManualClock()), NetLogSourceType.NONE)


class Resolving:
    """A resolver whose servers answer what the test says."""

    def __init__(self, doh: DohDriver) -> None:
        self.doh = doh
        self.nameservers: tuple[str, ...] = ()
        self.answers: list[ResolveAnswer] = []
        self.made: list[DohResolver] = []

    def make(self, mode: SecureDnsMode, *templates: str) -> DohResolver:
        """A resolver, not started."""
        doh = self.doh
        services = DohTaskServices(doh.thread, doh.hosts, doh.sort)
        servers = templates_from(templates) if templates else ()
        resolver = DohResolver(
            mode, servers, doh.transport, doh.workers, services, lambda: 0.0, lambda: self.nameservers
        )
        is_secure_dns: SecureDns = resolver
        assert is_secure_dns.mode == mode
        self.made.append(resolver)
        return resolver

    def start(self, resolver: DohResolver) -> ResolveTask:
        """A lookup."""
        task = resolver.create_task("a.test", socket.AF_UNSPEC, socket.AF_INET, LOG)
        task.start(self.answers.append)
        return task

    @property
    def asked(self) -> list[str]:
        """Server and type of what is waited for."""
        return [f"{q.url.host.removesuffix('.test')} {q.rdtype}" for q in self.doh.transport.pending]

    def answer_probe(self, host: str) -> None:
        """A probe is answered."""
        self.doh.transport.only("NS", host).reply()
        self.doh.settle()

    def fail_all(self) -> None:
        """Everything under way fails, and what follows from it."""
        while self.doh.transport.pending:
            for question in self.doh.transport.pending:
                if question.is_pending:
                    question.fail()
            self.doh.settle()


@pytest.fixture
def resolving() -> Iterator[Resolving]:
    with driven_doh() as doh:
        resolving = Resolving(doh)
        yield resolving
        for resolver in resolving.made:
            resolver.shut_down()


def test_automatic_waits_for_a_probe(resolving: Resolving) -> None:
    """Row 139 (Automatic): without an answer no server is available, and none is asked."""
    resolver = resolving.make(AUTOMATIC, *TWO)
    assert not resolving.asked  # before the start
    resolver.start()
    assert resolving.asked == ["one NS", "two NS"] and not resolver.is_available
    resolving.start(resolver)
    resolving.doh.settle()
    assert [answer.net_error for answer in resolving.answers] == [ERR_DNS_SERVER_FAILED]

    resolving.answer_probe("two")
    assert resolver.is_available
    task = resolving.start(resolver)
    assert resolving.asked == ["one NS", "two A", "two HTTPS"]
    task.cancel()


def test_automatic_gives_a_server_up_and_takes_it_back(resolving: Resolving) -> None:
    """Row 139: after ten failures it is probed again, and used once it answers."""
    resolver = resolving.make(AUTOMATIC, TWO[0])
    resolver.start()
    resolving.answer_probe("one")
    for _ in range(FAILURE_LIMIT):
        assert resolver.is_available
        resolving.start(resolver)
        resolving.doh.transport.only("A").fail()
        resolving.doh.settle()
    assert resolving.asked == ["one NS"]
    resolving.doh.transport.only("NS").fail()
    resolving.doh.advance(1.001)
    resolving.answer_probe("one")
    assert resolver.is_available


def test_automatic_takes_the_services_of_the_nameservers(resolving: Resolving) -> None:
    """Row 141 (DohMapping): the file is read on a worker."""
    resolving.nameservers = ("8.8.8.8",)
    resolver = resolving.make(AUTOMATIC)
    resolver.start()
    assert not resolving.asked and len(resolving.doh.workers.jobs) == 1
    resolving.doh.settle()
    assert resolving.asked == ["dns.google NS"]
    resolving.answer_probe("dns.google")
    assert resolver.is_available


def test_automatic_without_a_known_nameserver_does_nothing(resolving: Resolving) -> None:
    """Row 141: the system is asked instead, by others."""
    resolving.nameservers = ("192.0.2.53",)
    resolver = resolving.make(AUTOMATIC)
    resolver.start()
    resolving.doh.settle()
    assert not resolving.asked and not resolver.is_available and not resolver.servers


def test_a_worker_that_fails_names_no_nameservers(resolving: Resolving) -> None:
    """As when the process has no threads left."""

    def fail() -> tuple[str, ...]:
        raise RuntimeError("no thread")

    doh = resolving.doh
    services = DohTaskServices(doh.thread, doh.hosts, doh.sort)
    resolver = DohResolver(AUTOMATIC, (), doh.transport, doh.workers, services, read_nameservers=fail)
    resolver.start()
    doh.settle()
    assert not resolver.servers


def test_a_change_of_the_network_makes_servers_prove_themselves(resolving: Resolving) -> None:
    """Row 141: with the templates that were given, and without backoff."""
    resolver = resolving.make(AUTOMATIC, *TWO)
    resolver.start()
    resolving.answer_probe("one")
    resolving.doh.transport.only("NS", "two").fail()
    resolving.doh.settle()
    resolver.on_network_changed()
    assert not resolver.is_available and resolving.asked == ["one NS", "two NS"]
    resolver.on_network_changed()
    assert resolving.asked == ["one NS", "two NS"]


def test_a_change_of_the_network_may_bring_other_nameservers(resolving: Resolving) -> None:
    """Row 141 (FlushCacheOnDnsConfigChange): the file is read anew, also while it is being read."""
    resolving.nameservers = ("8.8.8.8",)
    resolver = resolving.make(AUTOMATIC)
    resolver.start()
    resolver.on_network_changed()
    resolving.doh.settle()
    assert resolving.asked == ["dns.google NS"]
    resolving.nameservers = ("1.1.1.1",)
    resolver.on_network_changed()
    resolving.doh.settle()
    assert resolving.asked == ["cloudflare-dns.com NS"]


def test_what_servers_that_were_replaced_do_means_nothing(resolving: Resolving) -> None:
    """Row 141: neither a probe that began while the nameservers were read, nor a late answer or failure."""
    resolving.nameservers = ("8.8.8.8", "1.1.1.1")
    resolver = resolving.make(AUTOMATIC)
    resolver.start()
    resolving.doh.settle()
    resolving.answer_probe("dns.google")
    resolving.answer_probe("cloudflare-dns.com")
    resolving.nameservers = ("9.9.9.9",)
    google, cloudflare = resolver.servers
    resolver.on_network_changed()
    google.note_result(True)
    assert resolver.is_available and resolving.asked == ["cloudflare-dns.com NS"]
    resolving.doh.settle()
    assert not resolver.is_available and resolving.asked == ["dns.quad9.net NS"]
    resolver.shut_down()
    cloudflare.note_result(True)
    assert not resolver.is_available and not resolving.asked


def test_a_change_of_a_replaced_server_starts_no_probe(resolving: Resolving) -> None:
    """The present ones are not probed before they are known to be the ones."""
    resolving.nameservers = ("8.8.8.8",)
    resolver = resolving.make(AUTOMATIC)
    resolver.start()
    resolving.doh.settle()
    replaced = resolver.servers[0]
    resolver.on_network_changed()
    resolving.doh.settle()
    resolver.on_network_changed()
    replaced.note_result(True)
    assert not resolver.is_available and not resolving.asked


def test_secure_asks_servers_that_have_proved_nothing(resolving: Resolving) -> None:
    """Row 139 (Secure): without a probe, in the order they were given."""
    resolver = resolving.make(SECURE, *TWO)
    resolver.start()
    assert not resolving.asked
    resolving.start(resolver)
    assert resolving.asked == ["one A", "one HTTPS"]
    resolving.doh.transport.only("A").reply("a.test. 300 IN A 192.0.2.1")
    resolving.doh.transport.only("HTTPS").reply()
    resolving.doh.settle()
    assert resolving.answers[0].net_error == OK and resolver.is_available


def test_secure_asks_those_that_fail_last(resolving: Resolving) -> None:
    """Row 139: but it does ask them, and never gives them up for the system."""
    resolver = resolving.make(SECURE, *TWO)
    for _ in range(FAILURE_LIMIT):
        resolver.servers[0].note_result(False)
    resolving.start(resolver)
    assert resolving.asked == ["two A", "two HTTPS"]
    resolving.doh.transport.only("A").fail()
    resolving.doh.settle()
    assert resolving.asked == ["two HTTPS", "one A"]
    resolving.fail_all()
    resolver.on_network_changed()
    assert not resolving.asked  # no probes
    resolving.start(resolver)
    assert resolving.asked == ["one A", "one HTTPS"]
    resolving.fail_all()
    assert [answer.is_ok for answer in resolving.answers] == [False, False]


def test_secure_needs_a_server() -> None:
    """Nothing could ever be resolved; said when it is built."""
    with driven_doh() as doh:
        services = DohTaskServices(doh.thread, doh.hosts, doh.sort)
        with pytest.raises(ValueError, match="doh: in the mode SECURE a server must be named"):
            DohResolver(SECURE, (), doh.transport, doh.workers, services)


@pytest.mark.parametrize("templates", [TWO, ()])
def test_shut_down_ends_probes(resolving: Resolving, templates: tuple[str, ...]) -> None:
    """Under way, planned, or not yet known whom; idempotent. Late failures start none."""
    resolving.nameservers = ("8.8.8.8",)
    resolver = resolving.make(AUTOMATIC, *templates)
    resolver.start()
    if templates:
        resolving.doh.transport.only("NS", "one").fail()
    resolver.shut_down()
    resolver.shut_down()
    for server in resolver.servers:
        server.note_result(True)
        for _ in range(FAILURE_LIMIT):
            server.note_result(False)
    resolver.on_network_changed()
    resolving.doh.advance(4000.0)
    assert not resolving.asked
