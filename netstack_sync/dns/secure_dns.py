"""What the resolver asks of DNS over HTTPS."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from netstack_sync.dns.resolve_answer import ResolveTask
from netstack_sync.log.bound import NetLogWithSource


class SecureDnsMode(IntEnum):
    """Who may learn which names are looked up (net/dns/public/secure_dns_mode.h)."""

    OFF = 0  # the system is asked
    AUTOMATIC = 1  # DNS over HTTPS while it works, else the system
    SECURE = 2  # DNS over HTTPS or nobody


class SecureDns(Protocol):
    """DNS over HTTPS, as the resolver sees it. Network thread only."""

    mode: SecureDnsMode
    is_available: bool
    """A server has answered and has not failed too often."""

    def create_task(self, host: str, family: int, query_family: int, net_log: NetLogWithSource) -> ResolveTask:
        """A lookup of a lower-case name without a final dot; AF_UNSPEC for both families.

        `family` is the one that is wanted, `query_family` the one that servers need be asked for.
        """
