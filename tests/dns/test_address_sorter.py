"""RFC 6724: which of several addresses is tried first."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.dns.address_sorter import find_source_address, sort_addresses

V4, V6 = socket.AF_INET, socket.AF_INET6


def endpoints(*addresses: str) -> AddressList:
    """With port 0."""
    return tuple(IPEndPoint(address, 0, V6 if ":" in address else V4) for address in addresses)


def order(sources: dict[str, str | None]) -> list[str]:
    """Destinations with the sources they are reached from, sorted."""
    found = sort_addresses(endpoints(*sources), lambda endpoint: sources[endpoint.address])
    return [endpoint.address for endpoint in found]


@pytest.mark.parametrize(
    "rule, better, worse",
    [
        ("1: avoid unusable", ("192.0.2.1", "192.0.2.9"), ("2001:db8::1", None)),
        ("2: scope", ("198.51.100.121", "198.51.100.117"), ("2001:db8:1::1", "fe80::1")),
        ("2: scope of IPv4", ("2001:db8:1::1", "2001:db8:1::2"), ("198.51.100.121", "169.254.13.78")),
        ("2: scope of loopback", ("::1", "::1"), ("2001:db8::1", "fe80::1")),
        ("2: multicast scope", ("ff0e::1", "2001:db8::2"), ("ff05::1", "2001:db8::2")),
        ("2: site-local scope", ("fec0::1", "fec0::2"), ("2001:db8::1", "fec0::2")),
        ("2: scope of mapped IPv4", ("2001:db8::1", "2001:db8::2"), ("::ffff:7f00:1", "::ffff:a00:1")),
        ("5: label", ("2002:c633:6401::1", "2002:c633:6401::2"), ("2001:db8:1::1", "2002:c633:6401::2")),
        ("5: label of ULA", ("192.0.2.1", "192.0.2.9"), ("fd00::1", "2001:db8::9")),
        ("6: precedence", ("2001:db8:1::1", "2001:db8:1::2"), ("10.1.2.3", "10.1.2.4")),
        ("6: native IPv6 over 6to4", ("2001:db8:1::1", "2001:db8:1::2"), ("2002:c633:6401::1", "2002:c633:6401::2")),
        ("6: IPv4 over Teredo", ("192.0.2.1", "192.0.2.9"), ("2001::1", "2001::2")),
        ("6: loopback first", ("::1", "::1"), ("127.0.0.1", "127.0.0.1")),
        ("6: 6bone last", ("192.0.2.1", "192.0.2.9"), ("3ffe::1", "3ffe::2")),
        ("6: compatible last", ("192.0.2.1", "192.0.2.9"), ("::c000:201", "::c000:202")),
        ("8: smaller scope", ("fe80::1", "fe80::2"), ("2001:db8:1::1", "2001:db8:1::2")),
        ("9: longest prefix", ("2001:db8:1::1", "2001:db8:1::2"), ("2001:db8:3ffe::1", "2001:db8:3f44::2")),
    ],
)
def test_rules(rule: str, better: tuple[str, str], worse: tuple[str, str | None]) -> None:
    """Most are the examples of RFC 6724 §10.2; the order of the question does not matter."""
    expected = [better[0], worse[0]]
    assert order(dict((better, worse))) == order(dict((worse, better))) == expected


def test_private_addresses_are_global() -> None:
    """RFC 6724 §3.2: NAT leads out of them, so that rule 6 prefers IPv6 and rule 2 has nothing to say."""
    sources: dict[str, str | None] = {"192.0.2.1": "10.0.0.2", "2001:db8::1": "2001:db8::2"}
    assert order(sources) == ["2001:db8::1", "192.0.2.1"]


@pytest.mark.parametrize(
    "addresses",
    [
        ("192.0.2.1", "192.0.2.200", "198.51.100.1"),
        ("2001:db8::aaaa:0:0:1", "2001:db8::bbbb:0:0:2"),
        ("::ffff:c000:201", "192.0.2.1"),
    ],
)
def test_equals_stay_as_they_were(addresses: tuple[str, ...]) -> None:
    """Rule 10: servers are balanced by their order: neither IPv4 prefixes nor interface ids count."""
    sources = {"2001:db8::aaaa:0:0:1": "2001:db8::bbbb:0:0:2", "2001:db8::bbbb:0:0:2": "2001:db8::bbbb:0:0:2"}
    for wanted in (addresses, addresses[::-1]):
        assert order({address: sources.get(address, "192.0.2.200") for address in wanted}) == list(wanted)


def test_unusable_ones_stay_as_they_were() -> None:
    """They are kept: connecting to them tells what is wrong."""
    assert order({"2001:db8::1": None, "10.0.0.1": None, "192.0.2.1": "192.0.2.9", "::1": None}) == [
        "192.0.2.1",
        "2001:db8::1",
        "10.0.0.1",
        "::1",
    ]


def test_ports_and_scopes_are_kept() -> None:
    """Endpoints are only moved."""
    mixed = (IPEndPoint("192.0.2.1", 80, V4), IPEndPoint("fe80::1", 80, V6, 3))
    assert sort_addresses(mixed, lambda endpoint: endpoint.address) == mixed[::-1]


def test_one_address_needs_no_source() -> None:
    """Nor does none."""

    def refuse(endpoint: IPEndPoint) -> str:
        raise AssertionError("asked")

    one = endpoints("192.0.2.1")
    assert sort_addresses(one, refuse) is one and sort_addresses((), refuse) == ()


def test_of_a_long_list_the_beginning_is_sorted() -> None:
    """Sources are asked for a bounded number only."""
    asked: list[IPEndPoint] = []

    def source(endpoint: IPEndPoint) -> str | None:
        asked.append(endpoint)
        return "192.0.2.200" if len(asked) > 1 else None

    addresses = endpoints(*[f"10.0.{i // 256}.{i % 256}" for i in range(1000)])
    assert sort_addresses(addresses, source) == (*addresses[1:64], addresses[0], *addresses[64:])
    assert len(asked) == 64


address = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(lambda ip: str(ip).partition("%")[0])


@given(st.dictionaries(address, st.none() | address, max_size=20))
def test_any_addresses_can_be_sorted(sources: dict[str, str | None]) -> None:
    """Nothing is lost, and sorting again changes nothing."""
    once = order(sources)
    assert sorted(once) == sorted(sources)
    assert order({destination: sources[destination] for destination in once}) == once


def test_the_kernel_knows_the_way_to_loopback() -> None:
    """Without a packet, whatever the port."""
    assert find_source_address(IPEndPoint("127.0.0.1", 0, V4)) == "127.0.0.1"


class FakeSocket(socket.socket):
    """A UDP socket of a machine without IPv6, or without a way."""

    error: int | None = None
    name: Any = ("fe80::7%eth0", 9, 0, 3)
    connected: Any = None

    def __init__(self, family: int, kind: int) -> None:
        assert kind == socket.SOCK_DGRAM
        super().__init__(V4, kind)

    def connect(self, sockaddr: Any) -> None:
        """Notes it."""
        type(self).connected = sockaddr
        if self.error is not None:
            raise OSError(self.error, "no way")

    def getsockname(self) -> Any:
        """The source."""
        return self.name


def test_scopes_count_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link-local destination is reached through its interface; zones are no part of an address."""
    monkeypatch.setattr(socket, "socket", FakeSocket)
    assert find_source_address(IPEndPoint("fe80::1", 443, V6, 3)) == "fe80::7"
    assert FakeSocket.connected == ("fe80::1", 53, 0, 3)


@pytest.mark.parametrize("error", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES])
def test_no_way_is_none(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """The socket is closed all the same."""
    monkeypatch.setattr(socket, "socket", FakeSocket)
    monkeypatch.setattr(FakeSocket, "error", error)
    assert find_source_address(IPEndPoint("2001:db8::1", 0, V6)) is None


def test_no_socket_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of descriptors, or a family that the system lacks."""

    def fail(*_: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "no IPv6")

    monkeypatch.setattr(socket, "socket", fail)
    assert find_source_address(IPEndPoint("2001:db8::1", 0, V6)) is None
