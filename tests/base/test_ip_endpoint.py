"""IP literals and end points."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.ip_endpoint import IPEndPoint, packed_ip_literal, parse_ip_literal

V4 = socket.AF_INET
V6 = socket.AF_INET6


@pytest.mark.parametrize(
    "literal, canonical",
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::", "::"),
        ("::1", "::1"),
        ("1::", "1::"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("10:0:0:100:1:1:1:1", "10::100:1:1:1:1"),
        ("::ffff:1.2.3.4", "::ffff:102:304"),
        ("0:0:0:0:0:0:1.2.3.4", "::102:304"),
    ],
)
def test_a_literal_has_one_canonical_text(literal: str, canonical: str) -> None:
    """RFC 5952 §4, and mapped addresses in hexadecimal on every Python."""
    assert parse_ip_literal(literal) == canonical


def test_the_bytes_of_a_literal() -> None:
    """In network order; a name has none."""
    assert packed_ip_literal("192.0.2.1") == b"\xc0\0\2\1"
    assert packed_ip_literal("::1") == b"\0" * 15 + b"\1"
    for name in ("a.test", "1.2.3", "[::1]", "fe80::1%1", "", "1.2.3.4\0", "é"):
        assert packed_ip_literal(name) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "127.1",
        "0x7f.0.0.1",
        "1.2.3.4.5",
        "256.1.1.1",
        "[::1]",
        "fe80::1%1",
        ":",
        "::1::",
        "1::٣",
        "1.2.3.4\0",
    ],
)
def test_anything_else_is_no_literal(text: str) -> None:
    """Neither the loose IPv4 forms, nor brackets, nor zones."""
    assert parse_ip_literal(text) is None


@given(st.ip_addresses(v=6))
def test_ipv6_text_means_the_same_address(address: ipaddress.IPv6Address) -> None:
    """Whatever is shortened comes back whole, and the text is its own canonical text."""
    text = parse_ip_literal(address.exploded)
    assert text is not None
    assert ipaddress.ip_address(text) == address
    assert parse_ip_literal(text) == text


def test_an_endpoint_prints_with_brackets_around_ipv6() -> None:
    """The scope stands behind the address."""
    assert str(IPEndPoint("127.0.0.1", 80, V4)) == "127.0.0.1:80"
    assert str(IPEndPoint("::1", 80, V6)) == "[::1]:80"
    assert str(IPEndPoint("fe80::1", 80, V6, 2)) == "[fe80::1%2]:80"


@pytest.mark.parametrize(
    "endpoint, sockaddr",
    [
        (IPEndPoint("127.0.0.1", 80, V4), ("127.0.0.1", 80)),
        (IPEndPoint("::1", 80, V6), ("::1", 80, 0, 0)),
        (IPEndPoint("fe80::1", 80, V6, 2), ("fe80::1", 80, 0, 2)),
    ],
)
def test_an_endpoint_is_what_the_socket_module_calls_an_address(
    endpoint: IPEndPoint, sockaddr: tuple[object, ...]
) -> None:
    """There and back without loss."""
    assert endpoint.sockaddr == sockaddr
    assert IPEndPoint.from_sockaddr(endpoint.family, sockaddr) == endpoint
    assert hash(IPEndPoint.from_sockaddr(endpoint.family, sockaddr)) == hash(endpoint)


def test_a_zone_in_the_text_of_a_sockaddr_is_dropped() -> None:
    """macOS gives ("fe80::1%lo0", 80, 0, 1): the number says it already."""
    assert IPEndPoint.from_sockaddr(V6, ("fe80::1%lo0", 80, 0, 1)) == IPEndPoint("fe80::1", 80, V6, 1)
    assert IPEndPoint.from_sockaddr(V6, ("::1", 80)) == IPEndPoint("::1", 80, V6)


@pytest.mark.parametrize("family, sockaddr", [(1, ("/tmp/x", 0)), (V4, (b"x", 0)), (V4, ("127.0.0.1", "80"))])
def test_an_address_of_another_kind_is_refused(family: int, sockaddr: tuple[object, ...]) -> None:
    """Unix sockets have no IP end point."""
    with pytest.raises(ValueError, match="not an IP socket address"):
        IPEndPoint.from_sockaddr(family, sockaddr)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.0.9", "::1", "::ffff:7f00:1"])
def test_loopback_is_127_and_one(address: str) -> None:
    """Mapped or not."""
    assert IPEndPoint(address, 1, V6 if ":" in address else V4).is_loopback


@pytest.mark.parametrize("address", ["128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:8000:1", "::7f00:1"])
def test_others_are_not_loopback(address: str) -> None:
    """Not even the unspecified address."""
    assert not IPEndPoint(address, 1, V6 if ":" in address else V4).is_loopback
