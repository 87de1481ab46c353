"""HostCache: answers of the resolver with their time to live, bounded in number (net/dns/host_cache.cc)."""

from __future__ import annotations

from collections import OrderedDict

from netstack_sync.base.clock import TickClock
from netstack_sync.base.ip_endpoint import AddressList

SUCCESS_TTL_S = 60.0  # getaddrinfo tells no TTL; Chromium's kCacheEntryTTL
MAX_ENTRIES = 1000


class HostCache:
    """Addresses by name. Failures are not kept: a name that failed is asked again. Network thread only."""

    __slots__ = ("_clock", "_entries", "_max_entries")

    def __init__(self, clock: TickClock, max_entries: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._entries: OrderedDict[str, tuple[float, AddressList]] = OrderedDict()

    def lookup(self, host: str) -> AddressList | None:
        """The addresses of `host` while they are fresh."""
        entry = self._entries.get(host)
        if entry is None:
            return None
        expires, addresses = entry
        if self._clock.now() >= expires:
            del self._entries[host]
            return None
        return addresses

    def store(self, host: str, addresses: AddressList, ttl_s: float = SUCCESS_TTL_S) -> None:
        """Keeps an answer; a TTL of 0 is not kept. All entries live equally long, so the oldest expires first."""
        self._entries.pop(host, None)
        if ttl_s <= 0:
            return
        self._entries[host] = (self._clock.now() + ttl_s, addresses)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
