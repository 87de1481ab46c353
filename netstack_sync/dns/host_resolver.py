"""What the stack asks of a resolver: a request that is started once and answers with addresses."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


class ResolveRequest(Protocol):
    """One question. Network thread only; cancel it or let it finish (net/dns/host_resolver.h)."""

    addresses: AddressList
    """The answer with the port filled in, best first; empty until OK."""

    def start(self, on_done: Completion) -> int:
        """OK, ERR_NAME_NOT_RESOLVED, ERR_INTERNET_DISCONNECTED, or ERR_IO_PENDING and one later callback."""

    def cancel(self) -> None:
        """The callback never comes; idempotent."""


class HostResolver(Protocol):
    """Makes requests."""

    def create_request(
        self, host: str, port: int, priority: RequestPriority, net_log: NetLogWithSource
    ) -> ResolveRequest:
        """A request for `host`, a canonical name or an IP literal without brackets; not started yet."""
