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
from netstack_sync.dns.doh_server import (
    FAILURE_LIMIT,
    FALLBACK_S,
    MAX_UNDER_WAY,
    DohExchange,
    DohFailure,
    DohReply,
    DohResult,
    DohServer,
)
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
    server = DohServer(DohTemplate.from_text(template), doh.transport, doh.workers, doh.timers, lambda _: None)
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
    server = doh.server(on_change=lambda server: changes.append(server.is_available))

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


def test_many_questions_wait_for_their_turn(doh: DohDriver) -> None:
    """In their order, for as long as it takes: that there are many is not the server's failure."""
    server, results = doh.server(), list[DohResult]()
    for number in range(500):
        server.ask(f"n{number}.test", TYPE_A, results.append)
    while doh.transport.pending:
        assert len(doh.transport.pending) <= MAX_UNDER_WAY
        doh.advance(0.05)
        for question in doh.transport.pending:
            question.reply(rcode="NXDOMAIN")
        doh.settle()
    assert [question.name for question in doh.transport.questions] == [f"n{number}.test" for number in range(500)]
    assert len(results) == 500 and server.failures == 0
    assert all(isinstance(result, DnsAnswer) for result in results)


def test_who_is_cancelled_gives_up_the_turn(doh: DohDriver) -> None:
    """Under way or not; when all are, nobody else is asked."""
    server, results = doh.server(), list[DohResult]()
    exchanges = [ask(server, results) for _ in range(MAX_UNDER_WAY + 3)]
    exchanges[MAX_UNDER_WAY].cancel()
    exchanges[0].cancel()
    exchanges[0].cancel()
    doh.settle()
    assert len(doh.transport.questions) == MAX_UNDER_WAY + 1 and len(doh.transport.pending) == MAX_UNDER_WAY
    for exchange in exchanges:
        exchange.cancel()
    doh.settle()
    assert len(doh.transport.questions) == MAX_UNDER_WAY + 1 and not results and server.failures == 0


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_silence_counts_once(doh: DohDriver, end: str) -> None:
    """Row 139: whether another server's answer ends the wait, or its own failure."""
    server = doh.server()
    exchange = ask(server, [])
    doh.advance(FALLBACK_S - 0.01)
    assert server.failures == 0
    doh.advance(0.02)
    assert server.failures == 1
    if end == "cancelled":
        exchange.cancel()
    else:
        doh.transport.only("A").fail()
    doh.advance(10.0)
    assert server.failures == 1


def test_an_answer_after_a_silence_is_one(doh: DohDriver) -> None:
    """Late is not never; and a worker that takes its time is not the server."""
    server, results = doh.server(), list[DohResult]()
    ask(server, results)
    doh.advance(FALLBACK_S)
    doh.transport.only("A").reply(rcode="NXDOMAIN")
    doh.settle()
    assert len(results) == 1 and server.failures == 0 and server.is_available
    ask(server, results)
    doh.transport.only("A").reply(rcode="NXDOMAIN")
    doh.driver.advance(2 * FALLBACK_S)
    assert server.failures == 0


def test_nobody_outwaits_a_dead_server(doh: DohDriver) -> None:
    """Row 139: those whose turn never came fail with the first one, unless they were cancelled; none of them counts."""
    server, results = doh.server(), list[DohResult]()
    for _ in range(MAX_UNDER_WAY):
        ask(server, results)
    last: list[DohExchange] = []

    def cancel_last(result: DohResult) -> None:
        results.append(result)
        last[0].cancel()

    server.ask("b.test", TYPE_A, cancel_last)
    last.append(ask(server, results))
    doh.advance(5.0)
    doh.transport.pending[0].fail()
    assert results == [DohFailure(ERR_CONNECTION_REFUSED, "one.test: scripted")] * 2
    for question in doh.transport.pending:
        question.fail()
    doh.settle()
    assert len(results) == MAX_UNDER_WAY + 1 == len(doh.transport.questions) + 1 and server.failures == MAX_UNDER_WAY


@pytest.mark.parametrize("sign_of_life", ["an answer", "a question that is young", "a quick failure"])
def test_one_slow_name_fails_no_other(doh: DohDriver, sign_of_life: str) -> None:
    """Row 138: those that wait get their turn, as long as the server may be alive."""
    server, results = doh.server(), list[DohResult]()
    ask(server, results)
    if sign_of_life != "a quick failure":
        doh.advance(4.0)
    for _ in range(MAX_UNDER_WAY):
        ask(server, [])
    if sign_of_life == "an answer":
        doh.transport.pending[1].reply(rcode="NXDOMAIN")
        doh.settle()
        doh.advance(FALLBACK_S)
    waiting = ask(server, results)
    doh.transport.pending[0].fail()
    doh.settle()
    assert len(results) == 1 and len(doh.transport.pending) == MAX_UNDER_WAY
    for question in doh.transport.pending:
        question.reply(rcode="NXDOMAIN")
    doh.settle()
    for question in doh.transport.pending:
        question.reply(rcode="NXDOMAIN")
    doh.settle()
    assert isinstance(results[1], DnsAnswer)
    waiting.cancel()
