"""One server: GET and POST, what counts as an answer, when it can be relied on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_DNS_MALFORMED_RESPONSE,
    ERR_DNS_SERVER_FAILED,
    ERR_DNS_SERVER_REQUIRES_TCP,
)
from netstack_sync.dns.doh_server import FAILURE_LIMIT, DohExchange, DohFailure, DohReply, DohResult, DohServer
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.wire.dns_message import TYPE_A, DnsAnswer, make_query
from tests.support.doh import SOA, DohDriver, dns_message, driven_doh


@pytest.fixture
def doh() -> Iterator[DohDriver]:
    with driven_doh() as doh:
        yield doh


def ask(server: DohServer, results: list[DohResult]) -> DohExchange:
    return server.ask("a.test", TYPE_A, results.append)


@pytest.mark.parametrize("template, method", [("https://one.test/{?dns}", "GET"), ("https://one.test/", "POST")])
def test_a_question_goes_as_the_template_says(doh: DohDriver, template: str, method: str) -> None:
    """In the URL or in the body; the answer comes later, parsed on a worker."""
    server = DohServer(DohTemplate.from_text(template), doh.transport, doh.workers, lambda: None)
    results: list[DohResult] = []
    ask(server, results)
    question = doh.transport.only("A")
    assert question.method == method and question.query == make_query("a.test", TYPE_A)
    question.reply("a.test. 300 IN A 192.0.2.1", age_s=10.0)
    assert not results and len(doh.workers.jobs) == 1
    doh.settle()
    assert results == [DnsAnswer(0, ("192.0.2.1",), (), "a.test", 290.0)]


@pytest.mark.parametrize("rcode", ["NOERROR", "NXDOMAIN"])
def test_that_there_is_nothing_is_an_answer(doh: DohDriver, rcode: str) -> None:
    """Row 140: the server did what it is for."""
    server, results = doh.server(), list[DohResult]()
    ask(server, results)
    doh.transport.only("A").reply(rcode=rcode, authority=(SOA,))
    doh.settle()
    assert isinstance(results[0], DnsAnswer) and results[0].ttl_s == 300 and server.is_available


@pytest.mark.parametrize(
    "reply, net_error, detail",
    [
        (DohFailure(ERR_CONNECTION_REFUSED, "nobody is there"), ERR_CONNECTION_REFUSED, "nobody is there"),
        (DohReply(b"<html>"), ERR_DNS_MALFORMED_RESPONSE, "a DNS message has 12 to 65535 bytes, not 6"),
        (DohReply(dns_message("a.test A", rcode="SERVFAIL")), ERR_DNS_SERVER_FAILED, "it answered SERVFAIL"),
        (DohReply(dns_message("a.test A", rcode="YXDOMAIN")), ERR_DNS_SERVER_FAILED, "the response code 6"),
        (DohReply(dns_message("a.test A", flags="QR TC")), ERR_DNS_SERVER_REQUIRES_TCP, "its answer is truncated"),
    ],
)
def test_everything_else_is_a_failure(doh: DohDriver, reply: DohReply, net_error: int, detail: str) -> None:
    """Which says who failed and why."""
    server, results = doh.server(), list[DohResult]()
    ask(server, results)
    doh.transport.only("A").send(reply)
    doh.settle()
    assert isinstance(results[0], DohFailure) and results[0].net_error == net_error
    assert results[0].detail.startswith("one.test: ") and detail in results[0].detail
    assert server.failures == 1 and not server.is_available


def test_a_truncated_answer_with_addresses_is_used(doh: DohDriver) -> None:
    """Some addresses are better than none."""
    results: list[DohResult] = []
    ask(doh.server(), results)
    doh.transport.only("A").send(DohReply(dns_message("a.test A", "a.test. 300 IN A 192.0.2.1", flags="QR TC")))
    doh.settle()
    assert isinstance(results[0], DnsAnswer) and results[0].addresses == ("192.0.2.1",)


def test_a_cancelled_question_is_silent(doh: DohDriver) -> None:
    """Row 138: on the wire, on the worker, and again."""
    results: list[DohResult] = []
    on_wire, on_worker = ask(doh.server(), results), ask(doh.server("two"), results)
    doh.transport.only("A", "two").reply("a.test. 300 IN A 192.0.2.1")
    for exchange in (on_wire, on_worker, on_wire):
        exchange.cancel()
    doh.settle()
    assert not results and doh.transport.questions[0].is_cancelled


def test_a_server_is_available_from_its_first_answer_to_the_tenth_failure(doh: DohDriver) -> None:
    """Row 139: an answer between failures makes them count anew; a change is told once."""
    changes: list[bool] = []
    server = doh.server(on_change=lambda: changes.append(server.is_available))

    def outcome(*answers: bool) -> None:
        for is_answer in answers:
            ask(server, [])
            if is_answer:
                doh.transport.only("A").reply(rcode="NXDOMAIN")
            else:
                doh.transport.only("A").fail()
            doh.settle()

    assert not server.is_available and repr(server) == "<DohServer one.test not available, failures=0>"
    outcome(*[False] * 20)
    assert server.has_failed_too_often and not changes
    outcome(True, True)
    assert changes == [True] and repr(server) == "<DohServer one.test available, failures=0>"
    outcome(*[False] * (FAILURE_LIMIT - 1), True, *[False] * (FAILURE_LIMIT - 1))
    assert changes == [True] and not server.has_failed_too_often
    outcome(False, False)
    assert changes == [True, False] and server.has_failed_too_often
    outcome(True)
    server.reset()
    assert changes == [True, False, True] and not server.is_available and server.failures == 0
