"""One name: hosts file, both families, the wait for HTTPS records, cancelling."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_DNS_SERVER_FAILED,
    ERR_NAME_NOT_RESOLVED,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_server import DohFailure, DohReply, DohServer
from netstack_sync.dns.doh_task import DohTask, DohTaskServices
from netstack_sync.dns.hosts import HostsFile
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer, ResolveTask
from tests.support.doh import SOA, DohDriver, ScriptedTransport, SentQuestion, driven_doh, endpoint

FOUR = "a.test. 300 IN A 192.0.2.1"
SIX = "a.test. 300 IN AAAA 2001:db8::1"
HTTPS = "a.test. 300 IN HTTPS 1 . alpn=h2"


class BrokenTransport(ScriptedTransport):
    """One with a bug."""

    def start(
        self, url: Url, method: str, body: bytes | None, on_done: Callable[[DohReply | DohFailure], None]
    ) -> SentQuestion:
        """Breaks at the second question."""
        if self.questions:
            raise RuntimeError("no room")
        return super().start(url, method, body, on_done)


class Looking:
    """A lookup of a.test, not started."""

    def __init__(self, doh: DohDriver) -> None:
        self.doh = doh
        self.servers: list[DohServer] = [doh.server()]
        self.answers: list[ResolveAnswer] = []

    def start(self, family: int = socket.AF_UNSPEC, query_family: int | None = None) -> ResolveTask:
        """Starts it; nothing comes from inside."""
        services = DohTaskServices(self.doh.thread, self.doh.hosts, self.doh.sort)
        asked = family if query_family is None else query_family
        task: ResolveTask = DohTask(services, lambda: self.servers, "a.test", family, asked)
        task.start(self.answers.append)
        assert not self.answers
        return task

    def reply(self, rdtype: str, *records: str) -> None:
        """One question is answered."""
        self.doh.transport.only(rdtype).reply(*records, authority=() if records else (SOA,))
        self.doh.settle()

    def fail(self, rdtype: str) -> None:
        """One question fails."""
        self.doh.transport.only(rdtype).fail()
        self.doh.settle()

    @property
    def asked(self) -> list[str]:
        """What is waited for."""
        return [question.rdtype for question in self.doh.transport.pending]

    @property
    def answer(self) -> ResolveAnswer:
        """The one answer, after which nothing is under way."""
        assert len(self.answers) == 1 and not self.asked and len(self.doh.timers) == 0
        return self.answers[0]


@pytest.fixture
def looking() -> Iterator[Looking]:
    with driven_doh() as doh:
        yield Looking(doh)


@pytest.mark.parametrize(
    "family, asked",
    [
        (socket.AF_UNSPEC, ["AAAA", "A", "HTTPS"]),
        (socket.AF_INET, ["A", "HTTPS"]),
        (socket.AF_INET6, ["AAAA", "HTTPS"]),
    ],
)
def test_everything_is_asked_at_once(looking: Looking, family: int, asked: list[str]) -> None:
    """Row 137: only for the families that are wanted."""
    task = looking.start(family)
    assert looking.asked == asked
    task.cancel()


@pytest.mark.parametrize("order", [("A", "AAAA", "HTTPS"), ("AAAA", "HTTPS", "A"), ("HTTPS", "A", "AAAA")])
def test_the_answers_may_come_in_any_order(looking: Looking, order: tuple[str, ...]) -> None:
    """Row 138 (AAAACompletesFirst): both families sorted, with the HTTPS records."""
    looking.start()
    for rdtype in order:
        assert not looking.answers
        looking.reply(rdtype, {"A": FOUR, "AAAA": SIX, "HTTPS": HTTPS}[rdtype])
    answer = looking.answer
    assert answer.is_ok and answer.source == AnswerSource.SECURE_DNS and answer.ttl_s == 300
    assert looking.doh.sorted == [(endpoint("2001:db8::1"), endpoint("192.0.2.1"))]
    assert answer.addresses == looking.doh.sorted[0][::-1] and answer.services[0].alpn == ("h2", "http/1.1")


@pytest.mark.parametrize("elapsed_s, extra_s", [(0.0, 0.005), (0.01, 0.005), (0.1, 0.02), (0.25, 0.05), (3.0, 0.05)])
def test_addresses_wait_a_little_for_https_records(looking: Looking, elapsed_s: float, extra_s: float) -> None:
    """Row 142 (HttpsInAddressQuery): a fifth of the time so far, between 5 and 50 ms; then they go without."""
    looking.start(socket.AF_INET)
    looking.doh.advance(elapsed_s)
    looking.reply("A", FOUR)
    looking.doh.advance(extra_s * 0.98)
    assert not looking.answers
    looking.doh.advance(extra_s * 0.04)
    assert looking.answer.is_ok and looking.answer.services == ()
    assert looking.doh.transport.questions[-1].is_cancelled


def test_https_records_in_the_extra_time_come_along(looking: Looking) -> None:
    """Row 142: and end it."""
    looking.start(socket.AF_INET)
    looking.reply("A", FOUR)
    looking.doh.advance(0.004)
    looking.reply("HTTPS", HTTPS)
    assert looking.answer.services[0].alpn == ("h2", "http/1.1")


def test_a_failure_of_https_records_is_none(looking: Looking) -> None:
    """Row 142: before or after the addresses."""
    looking.start(socket.AF_INET)
    looking.fail("HTTPS")
    looking.reply("A", FOUR)
    assert looking.answer.is_ok
    looking.answers.clear()
    looking.start(socket.AF_INET)
    looking.reply("A", FOUR)
    looking.fail("HTTPS")
    assert looking.answer.is_ok


@pytest.mark.parametrize("fails, works, record", [("A", "AAAA", SIX), ("AAAA", "A", FOUR)])
def test_one_family_is_enough(looking: Looking, fails: str, works: str, record: str) -> None:
    """Row 138: the other's failure is no failure of the lookup."""
    looking.start()
    looking.reply("HTTPS")
    looking.fail(fails)
    assert not looking.answers
    looking.reply(works, record)
    assert looking.answer.is_ok and len(looking.answer.addresses) == 1 and looking.answer.ttl_s == 60


def test_without_addresses_nobody_waits_for_https_records(looking: Looking) -> None:
    """Row 140: the zone says how long there is nothing."""
    looking.start()
    looking.reply("A")
    looking.reply("AAAA")
    assert looking.answer.net_error == ERR_NAME_NOT_RESOLVED and looking.answer.ttl_s == 300


def test_when_both_families_fail_the_lookup_fails(looking: Looking) -> None:
    """With the reason of the first."""
    looking.start()
    looking.fail("A")
    looking.fail("AAAA")
    assert looking.answer.net_error == ERR_CONNECTION_REFUSED and looking.answer.ttl_s is None
    assert looking.answer.detail == "DNS over HTTPS: one.test: scripted"


def test_without_servers_it_fails_later(looking: Looking) -> None:
    """Never from inside start()."""
    looking.servers = []
    looking.start()
    looking.doh.settle()
    assert looking.answer.net_error == ERR_DNS_SERVER_FAILED and "no server is available" in looking.answer.detail


def test_the_hosts_file_comes_first(looking: Looking) -> None:
    """Row 135 (ServeFromHosts): nobody is asked, and the answer is not kept; for the wanted family only."""
    looking.doh.hosts.known["a.test"] = (endpoint("192.0.2.7"),)
    looking.start()
    looking.doh.settle()
    assert looking.answer == ResolveAnswer(OK, (endpoint("192.0.2.7"),), AnswerSource.SYSTEM)
    looking.answers.clear()
    task = looking.start(socket.AF_INET6)
    assert looking.asked == ["AAAA", "HTTPS"]
    task.cancel()


def test_the_hosts_file_has_the_wanted_family(looking: Looking) -> None:
    """Row 135: also where nobody would be asked for IPv6 addresses; what stands there may be near."""
    looking.doh.hosts.known["a.test"] = (endpoint("fd00::5"),)
    looking.start(socket.AF_UNSPEC, socket.AF_INET)
    looking.doh.settle()
    assert looking.answer == ResolveAnswer(OK, (endpoint("fd00::5"),), AnswerSource.SYSTEM)
    looking.answers.clear()
    looking.doh.hosts.known.clear()
    task = looking.start(socket.AF_UNSPEC, socket.AF_INET)
    assert looking.asked == ["A", "HTTPS"]
    task.cancel()


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_lookup_that_breaks_fails(looking: Looking, is_loaded: bool) -> None:
    """Later, once, with the reason; nothing of it stays under way."""
    looking.doh.hosts.is_loaded = is_loaded
    looking.doh.transport = BrokenTransport()
    looking.servers = [looking.doh.server()]
    looking.start()
    looking.doh.hosts.load()
    looking.doh.advance(10.0)
    assert looking.answer.net_error == ERR_NAME_NOT_RESOLVED and looking.answer.detail == "RuntimeError: no room"


def test_the_hosts_file_is_waited_for(looking: Looking) -> None:
    """Row 135: a first lookup must not miss what stands there."""
    looking.doh.hosts.is_loaded = False
    looking.doh.hosts.known["a.test"] = (endpoint("192.0.2.7"),)
    looking.start()
    looking.doh.settle()
    assert not looking.asked and not looking.answers
    looking.doh.hosts.load()
    looking.doh.settle()
    assert looking.answer.addresses == (endpoint("192.0.2.7"),)


def test_the_real_hosts_file_will_do(looking: Looking) -> None:
    """It is what the tasks are handed."""
    doh = looking.doh
    hosts = HostsFile(doh.workers, "/etc/hosts", lambda path: "192.0.2.8 a.test")
    hosts.start()
    task = DohTask(DohTaskServices(doh.thread, hosts, doh.sort), lambda: [], "a.test", socket.AF_UNSPEC, socket.AF_INET)
    task.start(looking.answers.append)
    doh.settle()
    assert looking.answer.addresses == (endpoint("192.0.2.8"),)


@pytest.mark.parametrize("stage", ["hosts", "known", "one", "two", "extra time", "done"])
def test_a_cancelled_lookup_is_silent(looking: Looking, stage: str) -> None:
    """Row 138 (CancelWith{One,Two}TransactionActive): in every state; idempotent."""
    doh = looking.doh
    doh.hosts.is_loaded = stage != "hosts"
    if stage == "known":
        doh.hosts.known["a.test"] = (endpoint("192.0.2.7"),)
    task = looking.start()
    if stage in ("one", "extra time", "done"):
        looking.reply("AAAA", SIX)
    if stage in ("extra time", "done"):
        looking.reply("A", FOUR)
    if stage == "done":
        looking.reply("HTTPS", HTTPS)
    task.cancel()
    task.cancel()
    assert not doh.hosts.waiting and not looking.asked and len(doh.timers) == 0
    doh.advance(10.0)
    assert len(looking.answers) == (stage == "done")
