"""Ipv6Probe: whether this machine has a way into the IPv6 internet, asked of its routing table."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from netstack_sync.base.clock import TickClock
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType

_SOMEBODY: Final = ("2001:4860:4860::8888", 53)  # an address that is routed everywhere; nothing is sent to it
_VALID_FOR_S: Final = 1.0  # Chromium's kIPv6ProbePeriodMs


class Ipv6Probe:
    """Remembers its verdict for a second (HostResolverManager::StartIPv6ReachabilityCheck). Network thread only."""

    __slots__ = ("_clock", "_expires", "_find_source", "_is_reachable")

    def __init__(self, clock: TickClock, find_source: Callable[[], str | None] | None = None) -> None:
        self._clock = clock
        self._find_source = find_source or ipv6_source_address
        self._is_reachable = False
        self._expires: float | None = None

    def is_reachable(self, net_log: NetLogWithSource) -> bool:
        """True when packets to the IPv6 internet would leave with an address that answers can reach."""
        now = self._clock.now()
        is_known = self._expires is not None and now < self._expires
        if not is_known:
            self._is_reachable = is_global_source(self._find_source())
            self._expires = now + _VALID_FOR_S
        if net_log.is_capturing:
            params = {"ipv6_available": self._is_reachable, "cached": is_known}
            net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_IPV6_REACHABILITY_CHECK, lambda _: params)
        return self._is_reachable

    def forget(self) -> None:
        """The network has changed."""
        self._expires = None


def ipv6_source_address() -> str | None:
    """The address that packets into the IPv6 internet would leave with, if any.

    Connecting a UDP socket sends nothing, it looks into the routing table: it may be done on the network thread.
    """
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            probe.connect(_SOMEBODY)
            return str(probe.getsockname()[0])
    except OSError:
        return None


def is_global_source(address: str | None) -> bool:
    """Whether the address leads out: neither link-local (fe80::/10) nor a Teredo tunnel (2001::/32, RFC 4380)."""
    if address is None:
        return False
    packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    is_link_local = packed[0] == 0xFE and packed[1] & 0xC0 == 0x80
    return not is_link_local and not packed.startswith(b"\x20\x01\x00\x00")
