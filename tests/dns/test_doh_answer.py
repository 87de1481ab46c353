"""What several answers amount to: addresses, services, how long they count, failures."""

from __future__ import annotations

import pytest

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import ERR_DNS_SERVER_FAILED, ERR_DNS_TIMED_OUT, ERR_ICANN_NAME_COLLISION, OK
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED as NOT_RESOLVED
from netstack_sync.dns.doh_answer import combine
from netstack_sync.dns.doh_server import DohFailure, DohResult
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.wire.dns_message import DnsAnswer, HttpsRecord
from tests.support.doh import endpoint

FOUR = DnsAnswer(0, ("192.0.2.1", "192.0.2.2"), ttl_s=300.0)
SIX = DnsAnswer(0, ("2001:db8::1",), ttl_s=200.0)
NO_ADDRESS = DnsAnswer(0, ttl_s=120.0)
NO_NAME = DnsAnswer(3, ttl_s=100.0)
UNKNOWN_TTL = DnsAnswer(3)
FAILED = DohFailure(ERR_DNS_TIMED_OUT, "one.test: no answer")
HTTPS = DnsAnswer(0, (), (HttpsRecord(1, "x.test", ("h2",), 8443, ("192.0.2.9",), ("2001:db8::9",)),), ttl_s=90.0)


def untouched(addresses: AddressList) -> AddressList:
    raise AssertionError("nothing to sort")


def turned_around(addresses: AddressList) -> AddressList:
    return addresses[::-1]


def test_addresses_of_one_family_stay_in_order() -> None:
    """The order of the answer is the server's way of spreading load."""
    answer = combine([SIX, NO_ADDRESS], None, untouched)
    assert answer == ResolveAnswer(OK, (endpoint("2001:db8::1"),), AnswerSource.SECURE_DNS, 200.0)
    assert combine([FOUR], None, untouched).addresses == (endpoint("192.0.2.1"), endpoint("192.0.2.2"))


def test_addresses_of_both_families_are_sorted() -> None:
    """By what knows this machine's own addresses; the shorter time counts."""
    answer = combine([SIX, FOUR], None, turned_around)
    assert [e.address for e in answer.addresses] == ["192.0.2.2", "192.0.2.1", "2001:db8::1"]
    assert answer.ttl_s == 200.0


@pytest.mark.parametrize("results", [[SIX, FAILED], [FAILED, SIX]])
def test_one_family_is_enough(results: list[DohResult]) -> None:
    """Row 138: that one could not be asked is no failure, but it is asked again after a minute."""
    answer = combine(results, None, untouched)
    assert answer.is_ok and answer.addresses == (endpoint("2001:db8::1"),) and answer.ttl_s == 60.0


def test_https_records_come_along() -> None:
    """Row 142: and count for the time."""
    answer = combine([FOUR], HTTPS, untouched)
    assert answer.services == (HttpsRecord(1, "x.test", ("h2",), 8443, ("192.0.2.9",), ("2001:db8::9",)),)
    assert answer.ttl_s == 90.0


@pytest.mark.parametrize("https", [None, FAILED, NO_ADDRESS, NO_NAME])
def test_without_https_records_it_goes_as_well(https: DohResult | None) -> None:
    """Row 142: whether there are none, asking for them failed, or it took too long."""
    answer = combine([FOUR], https, untouched)
    assert answer.is_ok and answer.services == () and answer.ttl_s == 300.0


@pytest.mark.parametrize(
    "results", [[FAILED, NO_ADDRESS], [NO_NAME, FAILED], [FAILED, DohFailure(ERR_DNS_SERVER_FAILED, "")]]
)
def test_a_failure_is_not_kept(results: list[DohResult]) -> None:
    """Row 140: nobody has said that there is no such name; the HTTPS records do not help."""
    answer = combine(results, HTTPS, untouched)
    detail = "DNS over HTTPS: one.test: no answer"
    assert answer == ResolveAnswer(ERR_DNS_TIMED_OUT, (), AnswerSource.SECURE_DNS, detail=detail)


@pytest.mark.parametrize(
    "results, ttl_s, detail",
    [
        ([NO_ADDRESS, NO_ADDRESS], 120.0, "the name has no address"),
        ([NO_NAME, NO_NAME], 100.0, "there is no such name"),
        ([NO_ADDRESS, NO_NAME], 100.0, "there is no such name"),
        ([NO_NAME, UNKNOWN_TTL], None, "there is no such name"),
        ([DnsAnswer(0, ttl_s=0.0)], 0.0, "the name has no address"),
    ],
)
def test_a_name_without_addresses_is_not_resolved(results: list[DohResult], ttl_s: float | None, detail: str) -> None:
    """Row 140 (NotFoundTTL): for as long as the shortest answer says, if all of them say."""
    answer = combine(results, HTTPS, untouched)
    detail = f"DNS over HTTPS: {detail}"
    assert answer == ResolveAnswer(NOT_RESOLVED, (), AnswerSource.SECURE_DNS, ttl_s, detail=detail)


def test_a_name_collision_is_an_error() -> None:
    """Row 130: as for the system's resolver."""
    answer = combine([DnsAnswer(0, ("192.0.2.1", "127.0.53.53"), ttl_s=300.0)], None, untouched)
    assert answer.net_error == ERR_ICANN_NAME_COLLISION and not answer.addresses and "127.0.53.53" in answer.detail
