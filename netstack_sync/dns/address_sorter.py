"""Sorts addresses as RFC 6724 §6 wants it, for answers that did not come from getaddrinfo(), which sorts itself.

Rules 3 (deprecated), 4 (home) and 7 (native transport) are left out: they need to know more of a source address
than sockets tell. Rule 9 takes every source prefix for 64 bits long, for the same reason, and leaves IPv4 alone, as
everybody does since it undid the balancing of servers by the order of their addresses
(net/dns/address_sorter_posix.cc).
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint

FindSource: TypeAlias = Callable[[IPEndPoint], "str | None"]
"""The address this machine would send from to a destination; None when there is no way there."""

_MAX_SORTED: Final = 64  # each costs a socket for a moment; nobody tries so many addresses
_ANY_PORT: Final = 53  # nothing is sent, but some systems refuse to connect to port 0
_SOURCE_PREFIX_BITS: Final = 64
_MAPPED: Final = b"\0" * 10 + b"\xff\xff"

_LINK_LOCAL, _SITE_LOCAL, _GLOBAL = 0x2, 0x5, 0xE  # RFC 4291 §2.7


class _Policy(NamedTuple):
    prefix: int
    bits: int
    precedence: int
    label: int


def _policy(prefix: str, bits: int, precedence: int, label: int) -> _Policy:
    return _Policy(_number(prefix) >> 128 - bits, bits, precedence, label)


def sort_addresses(addresses: AddressList, find_source: FindSource) -> AddressList:
    """The same addresses, best first; stable. Those without a source come last in the order they had.

    Of a very long list only the beginning is sorted.
    """
    if len(addresses) < 2:
        return addresses
    head = sorted(addresses[:_MAX_SORTED], key=lambda endpoint: _rank(endpoint.address, find_source(endpoint)))
    return (*head, *addresses[_MAX_SORTED:])


def find_source_address(destination: IPEndPoint) -> str | None:
    """Asks the kernel's routes: connects a UDP socket, which sends nothing and does not block; see FindSource."""
    try:
        with socket.socket(destination.family, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            probe.connect(IPEndPoint(destination.address, _ANY_PORT, destination.family, destination.scope_id).sockaddr)
            address = IPEndPoint.from_sockaddr(destination.family, probe.getsockname()).address
    except OSError:
        return None
    return address


def _rank(address: str, source_address: str | None) -> tuple[int, ...]:
    """A key that sorts destinations as RFC 6724 §6 compares them."""
    if source_address is None:
        return (1,)  # rule 1: avoid unusable destinations
    destination, source = _number(address), _number(source_address)
    policy, source_policy = _policy_of(destination), _policy_of(source)
    scope = _scope(destination)
    return (
        0,
        scope != _scope(source),  # rule 2: prefer matching scope
        policy.label != source_policy.label,  # rule 5: prefer matching label
        -policy.precedence,  # rule 6: prefer higher precedence
        scope,  # rule 8: prefer smaller scope
        0 if _is_ipv4(destination) else -_common_bits(destination, source),  # rule 9: use longest matching prefix
    )


def _number(address: str) -> int:
    """Any address as 128 bits, IPv4 in its mapped form (RFC 6724 §2.1 and §3.2)."""
    if ":" in address:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, address), "big")
    return int.from_bytes(_MAPPED + socket.inet_pton(socket.AF_INET, address), "big")


def _is_ipv4(number: int) -> bool:
    return number >> 32 == 0xFFFF


def _policy_of(number: int) -> _Policy:
    return next(policy for policy in _POLICIES if number >> 128 - policy.bits == policy.prefix)


def _scope(number: int) -> int:
    """RFC 6724 §3.1 and §3.2; private IPv4 addresses and unique local IPv6 addresses are global."""
    if number >> 120 == 0xFF:
        return number >> 112 & 0xF  # multicast addresses say it
    if _is_ipv4(number):
        is_local = number >> 24 & 0xFF == 127 or number >> 16 & 0xFFFF == 0xA9FE  # 127/8, 169.254/16
        return _LINK_LOCAL if is_local else _GLOBAL
    if number == 1 or number >> 118 == 0xFE80 >> 6:  # ::1, fe80::/10
        return _LINK_LOCAL
    return _SITE_LOCAL if number >> 118 == 0xFEC0 >> 6 else _GLOBAL


def _common_bits(destination: int, source: int) -> int:
    return min(128 - (destination ^ source).bit_length(), _SOURCE_PREFIX_BITS)


# RFC 6724 §2.1, the longest prefix first.
_POLICIES: Final = (
    _policy("::1", 128, 50, 0),
    _policy("::ffff:0:0", 96, 35, 4),
    _policy("::", 96, 1, 3),
    _policy("2001::", 32, 5, 5),
    _policy("2002::", 16, 30, 2),
    _policy("3ffe::", 16, 1, 12),
    _policy("fec0::", 10, 1, 11),
    _policy("fc00::", 7, 3, 13),
    _policy("::", 0, 40, 1),
)
