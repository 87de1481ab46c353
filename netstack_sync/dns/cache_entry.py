"""What the host cache holds: an answer, under the key of its question."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.dns.resolve_answer import ResolveAnswer


class HostCacheKey(NamedTuple):
    """A question; answers are shared between equal ones only."""

    host: str
    """Lower case."""
    family: int
    partition: str | None = None
    is_secure: bool = False
    """The answer came by DNS over HTTPS."""


class CacheEntry:
    """An answer that is kept until its place is needed, also when its time is up."""

    __slots__ = ("answer", "expires", "is_alive", "key", "network_changes", "stale_hits")

    def __init__(self, key: HostCacheKey, answer: ResolveAnswer, expires: float, network_changes: int) -> None:
        self.key = key
        self.answer = answer
        self.expires = expires
        """Clock seconds."""
        self.network_changes = network_changes
        """The number of network changes that the cache had seen when the answer came."""
        self.stale_hits = 0
        self.is_alive = True
        """False once it was replaced, evicted or cleared."""

    def __repr__(self) -> str:
        return f"<CacheEntry {self.key.host} until {self.expires:.6g} s>"
