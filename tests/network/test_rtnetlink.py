"""rtnetlink: bytes to values, whatever the bytes are."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.network.interfaces import LocalAddress
from netstack_sync.network.rtnetlink import (
    ADDRESS_DUMP_REQUEST,
    LINK_DUMP_REQUEST,
    AddressMessage,
    DumpMessage,
    LinkMessage,
    parse_messages,
)
from tests.support.netlink import (
    DELADDR,
    DELLINK,
    DELROUTE,
    DEPRECATED,
    ERROR,
    INTERRUPTED,
    LOOPBACK,
    LOWER_UP,
    NEWADDR,
    NEWLINK,
    NO_ARP,
    ONLINE,
    PERMANENT,
    RUNNING,
    UP,
    address_message,
    done,
    link_message,
    message,
)


def test_addresses() -> None:
    """Row 232 (NewAddress, DeleteAddress): family, prefix, interface and flags; several messages in one datagram."""
    datagram = address_message(NEWADDR, 2, "10.0.0.1", flags=PERMANENT) + address_message(
        DELADDR, 3, "2001:db8::1", prefix_length=64
    )
    assert parse_messages(datagram) == [
        AddressMessage(LocalAddress("10.0.0.1", 24, 2, PERMANENT)),
        AddressMessage(LocalAddress("2001:db8::1", 64, 3, 0), is_removal=True),
    ]


def test_the_local_address_counts_if_there_is_one() -> None:
    """Row 232 (NewAddress): on a point-to-point link the other attribute is the peer's address."""
    (found,) = parse_messages(address_message(NEWADDR, 2, "10.0.0.1", "192.168.0.1"))
    assert isinstance(found, AddressMessage) and found.address.address == "192.168.0.1"
    (found,) = parse_messages(address_message(NEWADDR, 2, local="2001:db8::1"))
    assert isinstance(found, AddressMessage) and found.address.address == "2001:db8::1"


@pytest.mark.parametrize(
    "flags, preferred_s, expected",
    [(0, None, 0), (0, 600, 0), (0, 0, DEPRECATED), (DEPRECATED, 0, DEPRECATED), (DEPRECATED, 600, DEPRECATED)],
)
def test_no_preferred_lifetime_means_deprecated(flags: int, preferred_s: int | None, expected: int) -> None:
    """Row 232 (DeprecatedLifetime): the flag is set by hand; the kernel sends such an address with and without it."""
    (found,) = parse_messages(address_message(NEWADDR, 2, "2001:db8::1", flags=flags, preferred_s=preferred_s))
    assert isinstance(found, AddressMessage) and found.address.flags == expected


@pytest.mark.parametrize(
    "ignored",
    [
        address_message(NEWADDR, 2, "2001:db8::1", "10.0.0.1", family=socket.AF_UNSPEC),
        address_message(NEWADDR, 2),
        address_message(DELROUTE, 2, "2001:db8::1"),
        address_message(NEWADDR, 2, "10.0.0.1", family=socket.AF_INET6),
        address_message(NEWADDR, 2, "2001:db8::1", family=socket.AF_INET),
        link_message(NEWLINK, 2, "br0", family=7),
        link_message(DELLINK, 2, "br0", family=7),
        link_message(NEWLINK, 2, "wlan0", is_wireless_event=True),
        message(NEWADDR, b"short"),
        message(NEWLINK, b"not enough"),
        message(1),
    ],
    ids=[
        "family",
        "no address",
        "type",
        "v4 in v6",
        "v6 in v4",
        "bridge",
        "left bridge",
        "wireless event",
        "short address",
        "short link",
        "noop",
    ],
)
def test_ignored_messages(ignored: bytes) -> None:
    """Row 232 (IgnoredMessage, AddInterface): what is malformed or of no interest; what follows is read."""
    valid = address_message(NEWADDR, 0, "127.0.0.1", prefix_length=0, preferred_s=0)
    expected = AddressMessage(LocalAddress("127.0.0.1", 0, 0, DEPRECATED))
    assert parse_messages(ignored + valid) == [expected]


@pytest.mark.parametrize(
    "flags, is_online",
    [
        (ONLINE, True),
        (ONLINE | 0x1000, True),
        (ONLINE | LOOPBACK, False),
        (UP | RUNNING, False),
        (UP | LOWER_UP, False),
        (RUNNING | LOWER_UP, False),
        (0, False),
    ],
)
def test_online_links(flags: int, is_online: bool) -> None:
    """Row 232 (AddInterface): up, running, with a carrier, and not the loopback."""
    assert parse_messages(link_message(NEWLINK, 2, "eth0", flags)) == [LinkMessage(2, "eth0", is_online)]


def test_links() -> None:
    """What they are made of, and that they go."""
    datagram = (
        link_message(NEWLINK, 3, "wg0", hardware_type=NO_ARP)
        + link_message(NEWLINK, 4, "veth\u00e9", is_virtual=True)
        + link_message(DELLINK, 5, "eth0")
    )
    assert parse_messages(datagram) == [
        LinkMessage(3, "wg0", True, is_ethernet=False),
        LinkMessage(4, "veth\u00e9", True, is_virtual=True),
        LinkMessage(5, "eth0", True, is_removal=True),
    ]


def test_a_wireless_event_with_a_change_counts() -> None:
    """Row 232 (AddInterface): only those without any change are noise."""
    data = bytearray(link_message(NEWLINK, 2, "wlan0", is_wireless_event=True))
    struct.pack_into("=I", data, 16 + 12, UP)
    assert parse_messages(bytes(data)) == [LinkMessage(2, "wlan0", True)]


def test_the_course_of_a_dump() -> None:
    """The end, an interruption at any message, and failures."""
    assert parse_messages(done()) == [DumpMessage(True, False)]
    assert parse_messages(message(3)) == [DumpMessage(True, False)]
    assert parse_messages(done(flags=INTERRUPTED)) == [DumpMessage(True, True)]
    assert parse_messages(done(result=-105)) == [DumpMessage(True, False, 105)]
    assert parse_messages(message(ERROR, struct.pack("=i", -1) + b"\0" * 16)) == [DumpMessage(True, False, 1)]
    assert parse_messages(address_message(NEWADDR, 2, "10.0.0.1", dump_flags=INTERRUPTED)) == [
        DumpMessage(False, True),
        AddressMessage(LocalAddress("10.0.0.1", 24, 2, 0)),
    ]


@pytest.mark.parametrize("length", [0, 15, 25, 0xFFFFFFFF])
def test_a_wrong_length_ends_the_datagram(length: int) -> None:
    """What came before it is kept."""
    good = address_message(NEWADDR, 2, "10.0.0.1")
    bad = struct.pack("=IHHII", length, NEWADDR, 0, 0, 0) + b"12345678"
    assert len(parse_messages(good + bad + good)) == 1


@pytest.mark.parametrize("length", [0, 3, 0xFFFF])
def test_a_wrong_length_ends_the_attributes(length: int) -> None:
    """The address before it is kept; one behind it is not found."""
    fixed = struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, 2)
    address = struct.pack("=HH4s", 8, 1, bytes([10, 0, 0, 1]))
    bad = struct.pack("=HH", length, 2)
    assert len(parse_messages(message(NEWADDR, fixed + address + bad))) == 1
    assert parse_messages(message(NEWADDR, fixed + bad + address)) == []


@given(st.binary(max_size=200))
def test_noise_never_raises(datagram: bytes) -> None:
    """Whatever comes."""
    parse_messages(datagram)


@given(
    st.lists(st.sampled_from([address_message(NEWADDR, 2, "10.0.0.1"), link_message(NEWLINK, 2, "eth0"), done()])),
    st.integers(0, 1000),
    st.integers(0, 255),
)
def test_broken_messages_never_raise(messages: list[bytes], at: int, value: int) -> None:
    """One wrong byte anywhere, and an end anywhere."""
    data = bytearray(b"".join(messages))
    if at < len(data):
        data[at] = value
    parse_messages(bytes(data))
    assert len(parse_messages(b"".join(messages)[:at])) <= len(messages)


def test_requests() -> None:
    """Dumps of every family's addresses, and of links without their statistics."""
    length, kind, flags = struct.unpack_from("=IHH", ADDRESS_DUMP_REQUEST)
    assert (length, kind, flags) == (len(ADDRESS_DUMP_REQUEST), 22, 0x301)
    length, kind, flags = struct.unpack_from("=IHH", LINK_DUMP_REQUEST)
    assert (length, kind, flags) == (len(LINK_DUMP_REQUEST), 18, 0x301)
    assert LINK_DUMP_REQUEST[-8:] == struct.pack("=HHI", 8, 29, 8)
