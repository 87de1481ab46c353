"""PacDns: what scripts and their discovery ask of the resolver, whoever fulfils it."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


class PacLookup(Protocol):
    """One question. Network thread only; cancel it or let it finish."""

    addresses: tuple[str, ...]
    """Of both families, best first, IPv6 without brackets; empty unless it is OK."""
    error_detail: str
    """Why there is none, in words; may be empty."""

    def start(self, on_done: Completion) -> int:
        """OK, why there is no answer, or ERR_IO_PENDING and one later callback."""

    def cancel(self) -> None:
        """The callback never comes; idempotent."""


class PacDns(Protocol):
    """Makes questions."""

    def create_lookup(self, host: str, net_log: NetLogWithSource) -> PacLookup:
        """`host` is whatever a script made up: what is no host is not found, and no mistake of the caller's."""
