"""What the stack asks of a resolver: a request that is started once and answers with addresses."""

from __future__ import annotations

import socket
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.priority import DEFAULT_PRIORITY, RequestPriority
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.wire.dns_message import HttpsRecord


class CacheUsage(IntEnum):
    """What a request makes of answers that are known already."""

    ALLOWED = 0  # takes a fresh one
    STALE_ALLOWED = 1  # takes one of any age; ResolveRequest.staleness tells
    DISALLOWED = 2  # asks anew, and the cache learns the answer


class ResolveSource(IntEnum):
    """Who may answer."""

    ANY = 0
    SYSTEM = 1  # getaddrinfo()
    SECURE_DNS = 2  # DNS over HTTPS
    LOCAL_ONLY = 3  # nobody who has to be asked: literals, localhost, the cache


class ResolveParameters(NamedTuple):
    """How a name is to be resolved (HostResolver::ResolveHostParameters in net/dns/host_resolver.h)."""

    priority: RequestPriority = DEFAULT_PRIORITY
    family: int = socket.AF_UNSPEC
    """Only addresses of this family; AF_UNSPEC for both."""
    cache_usage: CacheUsage = CacheUsage.ALLOWED
    source: ResolveSource = ResolveSource.ANY
    partition: str | None = None
    """Cached answers and running lookups are shared within a partition only."""
    is_bootstrap: bool = False
    """True for the names of DNS over HTTPS servers, which DNS over HTTPS cannot resolve."""


DEFAULT_PARAMETERS = ResolveParameters()


class Staleness(NamedTuple):
    """How old an answer from the cache is."""

    expired_by_s: float
    """Seconds since its time was up; negative while it is not."""
    network_changes: int
    """How often the network has changed since."""
    stale_hits: int
    """How often it was given out although it was stale, this time included."""

    @property
    def is_stale(self) -> bool:
        """True when a request that does not allow stale answers would have asked anew."""
        return self.expired_by_s >= 0 or self.network_changes > 0


class ResolveRequest(Protocol):
    """One question. Network thread only; cancel it or let it finish (net/dns/host_resolver.h)."""

    addresses: AddressList
    """The answer with the port filled in, best first; empty until OK."""
    net_error: int
    """What really went wrong, where start() and the callback say ERR_NAME_NOT_RESOLVED."""
    error_detail: str
    """The same in words; may be empty."""
    source: AnswerSource | None
    """Who answered; None until OK."""
    ttl_s: float | None
    """How much longer the answer may be kept, where that is known."""
    services: tuple[HttpsRecord, ...]
    """HTTPS records that came with the addresses."""
    staleness: Staleness | None
    """Of an answer from the cache."""

    def start(self, on_done: Completion) -> int:
        """OK, ERR_NAME_NOT_RESOLVED, ERR_INTERNET_DISCONNECTED, ERR_NETWORK_CHANGED, ERR_CONTEXT_SHUT_DOWN, or
        ERR_IO_PENDING and one later callback.
        """

    def change_priority(self, priority: RequestPriority) -> None:
        """Moves a lookup that waits for its turn."""

    def cancel(self) -> None:
        """The callback never comes; idempotent."""


class HostResolver(Protocol):
    """Makes requests."""

    def create_request(
        self, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> ResolveRequest:
        """A request for `host`, a canonical name or an IP literal without brackets; not started yet."""
