"""DNS messages: questions, answers, aliases, how long they count, HTTPS records, and bytes that are none."""

from __future__ import annotations

import struct
import sys

import dns.message
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstack_sync.wire.dns_message import (
    MAX_MESSAGE_BYTES,
    MAX_NEGATIVE_TTL_S,
    MAX_RECORDS,
    MAX_TTL_S,
    MIN_TTL_S,
    RCODE_NOERROR,
    RCODE_NXDOMAIN,
    TYPE_A,
    TYPE_AAAA,
    TYPE_HTTPS,
    TYPE_NS,
    DnsAnswer,
    DnsMessageError,
    HttpsRecord,
    load_dnspython,
    make_query,
    parse_answer,
)
from tests.support.doh import SOA, dns_message

PAYLOAD_OF_OPT = 12  # type, class, TTL, size of the data; and the padding option's code and size


def answer_of(question: str, *records: str, age_s: float = 0.0, **options: str) -> DnsAnswer:
    """What a message with these records says."""
    name, rdtype = question.split()
    message = dns_message(question, *records, **options)  # type: ignore[arg-type]
    return parse_answer(message, name, dns.rdatatype.from_text(rdtype), age_s)


# --- questions


@pytest.mark.parametrize("rdtype", [TYPE_A, TYPE_AAAA, TYPE_HTTPS, TYPE_NS])
@pytest.mark.parametrize("name", ["a.test", "a" * 63 + "." + "b" * 63 + "." + "c" * 50, "_x.a-b.xn--nxasmq6b", ""])
def test_a_question_is_padded_and_looks_the_same_each_time(name: str, rdtype: int) -> None:
    """RFC 8467 §4.1 and RFC 8484 §4.1: a multiple of 128 bytes, the id 0, recursion desired, EDNS 0."""
    query = make_query(name, rdtype)
    assert len(query) % 128 == 0 and query == make_query(name, rdtype)
    message = dns.message.from_wire(query)
    assert message.id == 0 and message.edns == 0 and message.flags == dns.flags.RD
    assert message.question[0].to_text() == f"{name}. IN {dns.rdatatype.to_text(dns.rdatatype.RdataType(rdtype))}"


# --- addresses


def test_addresses_in_the_order_of_the_answer() -> None:
    """With the lowest TTL of the records."""
    answer = answer_of("a.test A", "a.test. 300 IN A 192.0.2.2", "a.test. 200 IN A 192.0.2.1")
    assert answer == DnsAnswer(RCODE_NOERROR, ("192.0.2.2", "192.0.2.1"), (), "a.test", 200.0)
    assert not answer.is_empty


def test_ipv6_is_spelt_as_everywhere_in_the_stack() -> None:
    """Mapped addresses in hexadecimal."""
    answer = answer_of("a.test AAAA", "a.test. 300 IN AAAA 2001:db8::1", "a.test. 300 IN AAAA ::ffff:192.0.2.1")
    assert answer.addresses == ("2001:db8::1", "::ffff:c000:201")


def test_the_case_of_names_does_not_matter() -> None:
    """Some servers answer in the case they like."""
    message = dns_message("A.TEST A", "a.Test. 300 IN A 192.0.2.1")
    assert parse_answer(message, "a.test", TYPE_A).addresses == ("192.0.2.1",)


def test_records_of_other_names_and_types_are_not_believed() -> None:
    """Nor may they shorten how long the answer counts."""
    records = (
        "a.test. 300 IN A 192.0.2.1",
        "b.test. 1 IN A 192.0.2.9",
        'a.test. 1 IN TXT "x"',
        "a.test. 1 IN AAAA ::1",
    )
    answer = answer_of("a.test A", *records)
    assert answer.addresses == ("192.0.2.1",) and answer.ttl_s == 300


def test_other_types_have_no_addresses() -> None:
    """Of the probe only the response code counts."""
    answer = answer_of(". NS", ". 3600 IN NS a.root-servers.net.")
    assert answer == DnsAnswer(RCODE_NOERROR, ttl_s=3600.0)


# --- aliases


def test_aliases_are_followed() -> None:
    """The shortest TTL on the way counts, whatever the order of the records."""
    answer = answer_of(
        "a.test A",
        "c.test. 300 IN A 192.0.2.1",
        "b.test. 100 IN CNAME c.test.",
        "a.test. 200 IN CNAME b.test.",
    )
    assert answer.addresses == ("192.0.2.1",) and answer.canonical_name == "c.test" and answer.ttl_s == 100


def test_aliases_that_lead_nowhere_are_no_answer() -> None:
    """As long as the zone and the alias say."""
    answer = answer_of("a.test A", "a.test. 200 IN CNAME b.test.", rcode="NXDOMAIN", authority=(SOA,))  # type: ignore[arg-type]
    assert answer == DnsAnswer(RCODE_NXDOMAIN, canonical_name="b.test", ttl_s=200.0) and answer.is_empty


@pytest.mark.parametrize("last", ["a.test. 1 IN A 192.0.2.1", "n15.test. 300 IN CNAME a.test."])
def test_long_and_circular_chains_are_refused(last: str) -> None:
    """After 16 aliases."""
    chain = [f"n{i}.test. 300 IN CNAME n{i + 1}.test." for i in range(15)]
    with pytest.raises(DnsMessageError, match="makes no sense"):
        answer_of("a.test A", "a.test. 300 IN CNAME n0.test.", *chain, "n15.test. 300 IN CNAME n0.test.")


# --- how long it counts


@pytest.mark.parametrize(
    "ttl, age_s, kept_s",
    [
        (0, 0.0, MIN_TTL_S),
        (59, 0.0, MIN_TTL_S),
        (61, 0.0, 61.0),
        (86_401, 0.0, MAX_TTL_S),
        (2**31 - 1, 0.0, MAX_TTL_S),
        (300, 100.0, 200.0),
        (300, 400.0, MIN_TTL_S),
    ],
)
def test_a_positive_answer_counts_a_minute_to_a_day(ttl: int, age_s: float, kept_s: float) -> None:
    """Row 140: floored as Chromium does, less the time it lay in an HTTP cache (RFC 8484 §5.1)."""
    assert answer_of("a.test A", f"a.test. {ttl} IN A 192.0.2.1", age_s=age_s).ttl_s == kept_s


@pytest.mark.parametrize("rcode, number", [("NOERROR", RCODE_NOERROR), ("NXDOMAIN", RCODE_NXDOMAIN)])
@pytest.mark.parametrize(
    "ttl, minimum, age_s, kept_s",
    [
        (900, 300, 0.0, 300.0),
        (200, 300, 0.0, 200.0),
        (900, 0, 0.0, 0.0),
        (90_000, 90_000, 0.0, MAX_NEGATIVE_TTL_S),
        (900, 300, 100.0, 200.0),
        (900, 300, 1000.0, 0.0),
    ],
)
def test_a_negative_answer_counts_as_long_as_the_zone_says(
    rcode: str, number: int, ttl: int, minimum: int, age_s: float, kept_s: float
) -> None:
    """Row 140 (NotFoundTTL): the smaller of the SOA's own TTL and its minimum (RFC 2308 §5); an hour at most."""
    soa = f"test. {ttl} IN SOA ns.test. mail.test. 1 2 3 4 {minimum}"
    message = dns_message("a.test A", rcode=rcode, authority=(soa,))
    assert parse_answer(message, "a.test", TYPE_A, age_s) == DnsAnswer(number, canonical_name="a.test", ttl_s=kept_s)


def test_a_negative_answer_without_a_zone_does_not_count() -> None:
    """Row 140: RFC 2308 §5; other records of the authority section do not help."""
    message = dns_message("a.test A", rcode="NXDOMAIN", authority=("test. 300 IN NS ns.test.",))
    assert parse_answer(message, "a.test", TYPE_A).ttl_s is None


# --- response codes and flags


@pytest.mark.parametrize("rcode, number", [("FORMERR", 1), ("SERVFAIL", 2), ("NOTIMP", 4), ("REFUSED", 5)])
def test_a_server_that_fails_says_nothing_else(rcode: str, number: int) -> None:
    """Its records are not looked at."""
    assert answer_of("a.test A", "a.test. 300 IN A 192.0.2.1", rcode=rcode) == DnsAnswer(number)


def test_a_server_that_fails_may_leave_the_question_out() -> None:
    """As some do that did not understand it."""
    assert parse_answer(struct.pack("!6H", 0, 0x8181, 0, 0, 0, 0), "a.test", TYPE_A) == DnsAnswer(1)


@pytest.mark.parametrize("rcode", ["NOERROR", "SERVFAIL"])
def test_a_truncated_answer_says_so(rcode: str) -> None:
    """What is there can be used."""
    answer = answer_of("a.test A", "a.test. 300 IN A 192.0.2.1", flags="QR TC", rcode=rcode)
    assert answer.is_truncated and answer.is_empty == (rcode != "NOERROR")


# --- HTTPS records


def services_of(*records: str) -> tuple[HttpsRecord, ...]:
    return answer_of("a.test HTTPS", *[f"a.test. 300 IN HTTPS {record}" for record in records]).services


def test_https_records_come_with_everything_they_say() -> None:
    """Row 142: the best first."""
    assert services_of(
        "2 other.test. alpn=h2 no-default-alpn",
        '1 . alpn="h3,h2" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 key65000="x"',
    ) == (
        HttpsRecord(1, "", ("h3", "h2", "http/1.1"), 8443, ("192.0.2.1", "192.0.2.2"), ("2001:db8::1",)),
        HttpsRecord(2, "other.test", ("h2",)),
    )


@pytest.mark.parametrize("params, alpn", [("", ("http/1.1",)), ('alpn="http/1.1,h2"', ("http/1.1", "h2"))])
def test_https_records_speak_http_1_unless_they_say_otherwise(params: str, alpn: tuple[str, ...]) -> None:
    """RFC 9460 §7.1.2 and §9.5; named once is enough."""
    assert services_of(f"1 . {params}") == (HttpsRecord(1, "", alpn),)


def test_an_alias_makes_the_others_void() -> None:
    """RFC 9460 §2.4.1."""
    assert services_of("1 . alpn=h2", "0 other.test.") == (HttpsRecord(0, "other.test"),)


def test_an_alias_to_the_root_is_no_service() -> None:
    """RFC 9460 §2.5.1."""
    assert services_of("0 .") == ()


@pytest.mark.parametrize(
    "params, is_usable",
    [
        ("mandatory=alpn,port alpn=h2 port=443", True),
        ('mandatory=key65000 key65000="x"', False),
        ('mandatory=alpn,key65000 alpn=h2 key65000="x"', False),
    ],
)
def test_a_record_that_demands_what_we_do_not_know_is_not_for_us(params: str, is_usable: bool) -> None:
    """RFC 9460 §8; the other records are."""
    found = services_of(f"1 . {params}", "2 other.test.")
    assert [record.priority for record in found] == ([1, 2] if is_usable else [2])


# --- bytes that are no answer


@pytest.mark.parametrize(
    "message, why",
    [
        (b"", "12 to 65535 bytes, not 0"),
        (b"\0" * 11, "not 11"),
        (b"\0" * (MAX_MESSAGE_BYTES + 1), "not 65536"),
        (b"<html>not DNS at all</html>", "records are more than"),
        (struct.pack("!6H", 0, 0x8180, 1, MAX_RECORDS, 0, 0), f"{MAX_RECORDS + 1} records are more than"),
        (struct.pack("!6H", 0, 0x8180, 1, 1, 0, 0), "not a DNS message"),
        (dns_message("a.test A") + b"x", "not a DNS message: TrailingJunk"),
        (dns_message("a.test A", "a.test. 1 IN A 192.0.2.1")[:-1], "not a DNS message"),
        (make_query("a.test", TYPE_A), "not the answer to a query"),
        (struct.pack("!6H", 0, 0xA800, 0, 0, 0, 0), "not the answer to a query"),
        (struct.pack("!6H", 0, 0x8180, 0, 0, 0, 0), "makes no sense"),
        (dns_message("b.test A", "b.test. 1 IN A 192.0.2.1"), "another question: b.test. IN A"),
        (dns_message("a.test AAAA", "a.test. 1 IN AAAA ::1"), "another question: a.test. IN AAAA"),
        (dns_message("a.test A", "a.test. 1 IN A 192.0.2.1", rcode="NXDOMAIN"), "makes no sense"),
        # A pointer to itself, and one beyond the end.
        (struct.pack("!6H", 0, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", "not a DNS message"),
        (struct.pack("!6H", 0, 0x8180, 1, 0, 0, 0) + b"\xff\xff\0\1\0\1", "not a DNS message"),
    ],
)
def test_what_is_no_answer_is_refused(message: bytes, why: str) -> None:
    """With the reason in words."""
    with pytest.raises(DnsMessageError, match=why):
        parse_answer(message, "a.test", TYPE_A)


def test_the_class_must_be_that_of_the_internet() -> None:
    """CHAOS has no hosts."""
    message = bytearray(dns_message("a.test A"))
    message[-1] = 3
    with pytest.raises(DnsMessageError, match="another question"):
        parse_answer(bytes(message), "a.test", TYPE_A)


def test_a_malformed_https_record_spoils_the_answer() -> None:
    """RFC 9460 §2.2: parameters out of order."""
    message = dns_message("a.test HTTPS", "a.test. 300 IN HTTPS 1 . alpn=h2 port=443")
    alpn, port = b"\0\1\0\3\2h2", b"\0\3\0\2\1\xbb"
    assert alpn + port in message
    with pytest.raises(DnsMessageError, match="not a DNS message"):
        parse_answer(message.replace(alpn + port, port + alpn), "a.test", TYPE_HTTPS)


SAMPLE = dns_message(
    "a.test HTTPS",
    "a.test. 300 IN CNAME b.test.",
    'b.test. 300 IN HTTPS 1 . alpn="h3,h2" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1 mandatory=alpn',
    authority=(SOA,),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), max_size=6), st.integers(12, 400))
def test_any_bytes_give_an_answer_or_the_one_error(changes: list[tuple[int, int]], size: int) -> None:
    """Whoever sends them; no other exception, and the limits of time hold."""
    message = bytearray(SAMPLE)
    for position, value in changes:
        message[position] = value
    try:
        answer = parse_answer(bytes(message[:size]), "a.test", TYPE_HTTPS)
    except DnsMessageError:
        return
    assert answer.ttl_s is None or 0 <= answer.ttl_s <= MAX_TTL_S


# --- the extra


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is asked for, not at the first lookup."""
    monkeypatch.setitem(sys.modules, "dns.message", None)
    with pytest.raises(ImportError, match=r"pip install 'netstack-sync\[doh\]'"):
        load_dnspython()
