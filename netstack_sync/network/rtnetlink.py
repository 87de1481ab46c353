"""rtnetlink: the kernel's messages about addresses and links, and requests for them, as values.

Numbers and layouts are those of linux/netlink.h, rtnetlink.h, if_addr.h and if_link.h (rtnetlink(7)); everything is
in the machine's byte order. A datagram is read as far as its lengths make sense; a message that is malformed, or of
no interest, gives no value.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.network.interfaces import LocalAddress

# Groups of notifications (RTMGRP_...).
GROUP_LINK: Final = 0x1
GROUP_NOTIFY: Final = 0x2
GROUP_IPV4_ADDRESS: Final = 0x10
GROUP_IPV6_ADDRESS: Final = 0x100

# Flags of an address (IFA_F_...). The first means "secondary" for IPv4.
ADDRESS_TEMPORARY: Final = 0x01
ADDRESS_OPTIMISTIC: Final = 0x04
ADDRESS_DAD_FAILED: Final = 0x08
ADDRESS_DEPRECATED: Final = 0x20
ADDRESS_TENTATIVE: Final = 0x40

# Flags of a link (IFF_...).
_LINK_LOOPBACK: Final = 0x8
_LINK_ONLINE: Final = 0x1 | 0x40 | 0x10000  # IFF_UP, IFF_RUNNING and IFF_LOWER_UP

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _DELADDR, _GETADDR = 16, 17, 18, 20, 21, 22
_FLAG_REQUEST, _FLAG_DUMP = 0x1, 0x300
_FLAG_DUMP_INTERRUPTED: Final = 0x10
_IFA_ADDRESS, _IFA_LOCAL, _IFA_CACHEINFO = 1, 2, 6
_IFLA_IFNAME, _IFLA_WIRELESS, _IFLA_LINKINFO, _IFLA_EXT_MASK = 3, 11, 18, 29
_ADDRESS_ATTRIBUTES: Final = frozenset((_IFA_ADDRESS, _IFA_LOCAL, _IFA_CACHEINFO))
_LINK_ATTRIBUTES: Final = frozenset((_IFLA_IFNAME, _IFLA_WIRELESS, _IFLA_LINKINFO))
_EXT_SKIP_STATISTICS: Final = 0x8
_ATTRIBUTE_TYPE_MASK: Final = 0x3FFF  # the two bits above tell nesting and byte order
_ARPHRD_ETHER: Final = 1  # wireless interfaces are of this type too

_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ADDRESS: Final = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index
_LINK: Final = struct.Struct("=BxHiII")  # ifinfomsg: family, hardware type, index, flags, change
_ATTRIBUTE: Final = struct.Struct("=HH")  # rtattr: length, type
_INT: Final = struct.Struct("=i")
_UNSIGNED: Final = struct.Struct("=I")
_ADDRESS_BYTES: Final = {socket.AF_INET: 4, socket.AF_INET6: 16}


class AddressMessage(NamedTuple):
    """An interface has an address, or has it no longer."""

    address: LocalAddress
    is_removal: bool = False


class LinkMessage(NamedTuple):
    """The state of an interface, or that it is gone."""

    interface: int
    name: str
    is_online: bool  # up, with a carrier, and not the loopback
    is_ethernet: bool = True  # or looks like it, as wireless ones do
    is_virtual: bool = False  # made by software: bridges, tunnels, ends of pairs
    is_removal: bool = False


class DumpMessage(NamedTuple):
    """How a dump goes on."""

    is_over: bool
    is_interrupted: bool  # the table changed meanwhile, so that entries may be missing
    os_error: int = 0  # why it failed


Message: TypeAlias = AddressMessage | LinkMessage | DumpMessage


def parse_messages(datagram: bytes) -> list[Message]:
    """The values in one datagram, in their order; never raises."""
    messages: list[Message] = []
    at, end = 0, len(datagram)
    while end - at >= _HEADER.size:
        length, kind, flags, _, _ = _HEADER.unpack_from(datagram, at)
        if not _HEADER.size <= length <= end - at:
            break
        payload = datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3
        message: Message | None = None
        if kind in (_NEWADDR, _DELADDR):
            message = _parse_address(payload, kind == _DELADDR)
        elif kind in (_NEWLINK, _DELLINK):
            message = _parse_link(payload, kind == _DELLINK)
        is_interrupted = bool(flags & _FLAG_DUMP_INTERRUPTED)
        if is_interrupted or kind in (_NLMSG_DONE, _NLMSG_ERROR):
            messages.append(_parse_dump(payload, kind, is_interrupted))
        if message is not None:
            messages.append(message)
    return messages


def _parse_address(payload: bytes, is_removal: bool) -> AddressMessage | None:
    if len(payload) < _ADDRESS.size:
        return None
    family, prefix_length, flags, _, interface = _ADDRESS.unpack_from(payload)
    attributes = _attributes(payload, _ADDRESS.size, _ADDRESS_ATTRIBUTES)
    # Of a point-to-point IPv4 link IFA_ADDRESS is the peer's (glibc, check_pf.c).
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS, b"")
    if len(packed) != _ADDRESS_BYTES.get(family):
        return None
    # Where a router repeats a prefix without a preferred lifetime, the kernel sends each time two messages, of which
    # one lacks the flag. Set by hand the two are equal (crbug.com/268042).
    cache_info = attributes.get(_IFA_CACHEINFO, b"")
    if len(cache_info) >= _UNSIGNED.size and _UNSIGNED.unpack_from(cache_info)[0] == 0:
        flags |= ADDRESS_DEPRECATED
    return AddressMessage(LocalAddress(socket.inet_ntop(family, packed), prefix_length, interface, flags), is_removal)


def _parse_link(payload: bytes, is_removal: bool) -> LinkMessage | None:
    if len(payload) < _LINK.size:
        return None
    family, hardware_type, interface, flags, change = _LINK.unpack_from(payload)
    # Bridges speak of their ports in the same words, and a port that leaves one is not gone.
    if family != socket.AF_UNSPEC:
        return None
    attributes = _attributes(payload, _LINK.size, _LINK_ATTRIBUTES)
    if _IFLA_WIRELESS in attributes and not change:
        return None  # a wireless event, whose flags mean nothing
    return LinkMessage(
        interface,
        os.fsdecode(attributes.get(_IFLA_IFNAME, b"").rstrip(b"\0")),
        is_online=flags & (_LINK_ONLINE | _LINK_LOOPBACK) == _LINK_ONLINE,
        is_ethernet=hardware_type == _ARPHRD_ETHER,
        is_virtual=_IFLA_LINKINFO in attributes,
        is_removal=is_removal,
    )


def _parse_dump(payload: bytes, kind: int, is_interrupted: bool) -> DumpMessage:
    is_over = kind in (_NLMSG_DONE, _NLMSG_ERROR)
    has_error = is_over and len(payload) >= _INT.size
    return DumpMessage(is_over, is_interrupted, -_INT.unpack_from(payload)[0] if has_error else 0)


def _attributes(payload: bytes, at: int, wanted: frozenset[int]) -> dict[int, bytes]:
    """Those of the wanted types: a link has fifty, a machine with containers hundreds of links."""
    found = {}
    end = len(payload)
    while end - at >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(payload, at)
        if not _ATTRIBUTE.size <= length <= end - at:
            break
        if kind & _ATTRIBUTE_TYPE_MASK in wanted:
            found[kind & _ATTRIBUTE_TYPE_MASK] = payload[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def _dump_request(kind: int, payload: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(payload), kind, _FLAG_REQUEST | _FLAG_DUMP, 0, 0) + payload


ADDRESS_DUMP_REQUEST: Final = _dump_request(_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
# Statistics are most of what a link tells, and asked for from its driver.
LINK_DUMP_REQUEST: Final = _dump_request(
    _GETLINK,
    _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    + _ATTRIBUTE.pack(_ATTRIBUTE.size + _UNSIGNED.size, _IFLA_EXT_MASK)
    + _UNSIGNED.pack(_EXT_SKIP_STATISTICS),
)
