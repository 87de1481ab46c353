"""Hosts have one spelling (rule R7)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.url_host import canonical_host, is_localhost_name, is_this_machine


def full_width(text: str) -> str:
    """Write ASCII in the wide letters of East Asian fonts, which UTS #46 maps back to ASCII."""
    return "".join([chr(ord(char) + 0xFEE0) for char in text])


@pytest.mark.parametrize(
    "host, canonical",
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com", "example.com"),
        ("example.com.", "example.com"),
        ("my_service-1", "my_service-1"),
        ("3com.com", "3com.com"),
        ("1.2.com", "1.2.com"),
        ("xn--BCHER-kva.de", "xn--bcher-kva.de"),
        ("Bücher.de", "xn--bcher-kva.de"),
        ("bücher。de", "xn--bcher-kva.de"),
        ("bücher.de.", "xn--bcher-kva.de"),
        ("faß.de", "xn--fa-hia.de"),
        (full_width("EXAMPLE.com"), "example.com"),
        ("a_b.bücher.de", "a_b.xn--bcher-kva.de"),
        ("[::1]", "::1"),
        ("[2001:DB8:0::0:1]", "2001:db8::1"),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1"),
    ],
)
def test_a_host_has_one_spelling(host: str, canonical: str) -> None:
    """Lower case, ASCII, no trailing dot, short IPv6 without brackets."""
    assert canonical_host(host) == canonical
    assert canonical_host(f"[{canonical}]" if ":" in canonical else canonical) == canonical


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0x7f.1",
        "0X7F000001",
        "0x7f.0x0.00.01",
        "127.0.0.1.",
        full_width("127.0.0.1"),
        "127。1",
        "127.0.0." + "0" * 40 + "1",
    ],
)
def test_every_number_form_of_an_ipv4_address_is_the_address(host: str) -> None:
    """WHATWG URL §3.5: getaddrinfo() would read them all as loopback, so a filter must see it too."""
    assert canonical_host(host) == "127.0.0.1"


@pytest.mark.parametrize(
    "host, canonical",
    [("0", "0.0.0.0"), ("0x", "0.0.0.0"), ("1.2.3", "1.2.0.3"), ("4294967295", "255.255.255.255")],
)
def test_the_last_number_fills_the_bytes_that_are_left(host: str, canonical: str) -> None:
    """As inet_aton() does it."""
    assert canonical_host(host) == canonical


@pytest.mark.parametrize(
    "host",
    [
        "256.0.0.1",
        "1.2.3.256",
        "1.2.65536",
        "4294967296",
        "1.2.3.4.5",
        "example.1",
        "a.0x1",
        "09",
        "1.08",
        "9" * 5000,
    ],
)
def test_what_ends_in_a_number_and_is_no_address_is_refused(host: str) -> None:
    """No name may look like an address to one reader and like a name to another."""
    with pytest.raises(ValueError, match="ends in a number but is not an IPv4 address"):
        canonical_host(host)


@pytest.mark.parametrize("host", ["", "."])
def test_a_host_is_not_empty(host: str) -> None:
    """Not even behind its dot."""
    with pytest.raises(ValueError, match="has an empty host"):
        canonical_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".a",
        "a..",
        "a b",
        "a%41",
        "a|b",
        "a<b",
        "a@b",
        "a/b",
        "a:b",
        "a]",
        "a\nb",
        "a*",
        "a\u2100b.de",
        full_width("a/x"),
        full_width("a:80"),
    ],
)
def test_characters_that_no_name_has_are_refused(host: str) -> None:
    """Also where only the mapping of Unicode makes a separator of a character."""
    with pytest.raises(ValueError, match="an empty label or with a character that no host name has"):
        canonical_host(host)


@pytest.mark.parametrize("host", ["☃.net", "ü" * 64 + ".de", "xn--a.ü\u200d", "\ud800"])
def test_names_that_idna_does_not_allow_are_refused(host: str) -> None:
    """The error tells what is wrong with the name."""
    with pytest.raises(ValueError, match="is no international domain name: "):
        canonical_host(host)


def test_a_very_long_international_name_is_refused_unread() -> None:
    """Mapping it would take long, and DNS knows no such name."""
    with pytest.raises(ValueError, match="more than 1024"):
        canonical_host("ü" * 1025)


@pytest.mark.parametrize("host", ["[]", "[::1", "[127.0.0.1]", "[:::1]", "[1::2::3]", "[v1.x]", "[::1]x"])
def test_brackets_hold_ipv6_and_nothing_else(host: str) -> None:
    """An IPv4 address in brackets is none."""
    with pytest.raises(ValueError, match=r"is not an IPv6 address$"):
        canonical_host(host)


def test_a_zone_id_is_refused_with_its_reason() -> None:
    """WHATWG and Chromium do not know them."""
    with pytest.raises(ValueError, match="zone id"):
        canonical_host("[fe80::1%25eth0]")


@given(st.text(max_size=30) | st.text(alphabet="0x7f.1\uff18\u3002[]:", max_size=20))
def test_a_canonical_host_stays_as_it_is(host: str) -> None:
    """Whatever comes in: a refusal, or a fixed point."""
    try:
        canonical = canonical_host(host)
    except ValueError:
        return
    assert canonical.isascii()
    assert canonical_host(f"[{canonical}]" if ":" in canonical else canonical) == canonical


@given(st.ip_addresses(v=4))
def test_dotted_decimal_is_canonical(address: ipaddress.IPv4Address) -> None:
    """And one number says the same."""
    assert canonical_host(str(address)) == canonical_host(str(int(address))) == str(address)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.255.0.3", "::1"])
def test_this_machine(host: str) -> None:
    """RFC 6761 §6.3, and the loopback addresses."""
    assert is_this_machine(host) and is_localhost_name(host) == host.endswith("localhost")


@pytest.mark.parametrize("host", ["localhost.test", "notlocalhost", "128.0.0.1", "127.evil.test", "::2", ""])
def test_other_machines(host: str) -> None:
    """Nothing that only looks like this one."""
    assert not is_this_machine(host) and not is_localhost_name(host)
