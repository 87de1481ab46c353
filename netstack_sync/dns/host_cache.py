"""HostCache: answers of the resolver with their time to live, bounded in number (net/dns/host_cache.cc)."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final, NamedTuple

from netstack_sync.base.clock import TickClock, WallClock
from netstack_sync.dns.cache_entry import CacheEntry, HostCacheKey
from netstack_sync.dns.expiry_heap import ExpiryHeap
from netstack_sync.dns.host_cache_values import entry_from_value, value_of_entry
from netstack_sync.dns.host_resolver import Staleness
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

MAX_ENTRIES: Final = 1000


class CacheHit(NamedTuple):
    """A kept answer and how old it is."""

    answer: ResolveAnswer
    staleness: Staleness

    def as_answer(self) -> ResolveAnswer:
        """The answer as the cache gives it, with the time that is left."""
        ttl_s = max(0.0, -self.staleness.expired_by_s)
        return self.answer._replace(source=AnswerSource.CACHE, ttl_s=ttl_s)


class HostCache:
    """Answers by question. Network thread only.

    A network change makes every answer stale, and so does the end of its time. Stale answers are kept for those
    who take them, until their place is needed: they go before the fresh ones, and of both the one whose time is
    up first.
    """

    __slots__ = ("_clock", "_entries", "_fresh", "_max_entries", "_network_changes", "_outdated")

    def __init__(self, clock: TickClock, max_entries: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._entries: dict[HostCacheKey, CacheEntry] = {}
        self._network_changes = 0
        self._fresh = ExpiryHeap()
        """Those that came since the last network change, their time may be up."""
        self._outdated = ExpiryHeap()
        """Those from before."""

    def lookup(self, key: HostCacheKey) -> CacheHit | None:
        """The answer while it is fresh."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        staleness = self._staleness_of(entry, self._clock.now())
        return None if staleness.is_stale else CacheHit(entry.answer, staleness)

    def lookup_stale(self, keys: Iterable[HostCacheKey], max_stale_s: float = inf) -> CacheHit | None:
        """The least stale success for one of the questions, the first of equals; counts its use.

        Not one whose time was up more than `max_stale_s` ago, nor a failure: one that is stale is of no use.
        """
        now = self._clock.now()
        known = [entry for key in keys if (entry := self._entries.get(key)) is not None and entry.answer.is_ok]
        entries = [entry for entry in known if now - entry.expires <= max_stale_s]
        if not entries:
            return None
        entry = min(entries, key=lambda entry: (-entry.network_changes, now >= entry.expires))
        if self._staleness_of(entry, now).is_stale:
            entry.stale_hits += 1
        return CacheHit(entry.answer, self._staleness_of(entry, now))

    def store(self, key: HostCacheKey, answer: ResolveAnswer) -> None:
        """Keeps an answer for its `ttl_s` in the place of the one before.

        Without a time it is not kept. Then a failure leaves what was there: a stale answer may still be of use.
        """
        has_time = answer.ttl_s is not None and answer.ttl_s > 0
        if has_time or answer.is_ok:
            self.forget(key)
        if has_time and self._max_entries > 0:
            assert answer.ttl_s is not None
            if len(self._entries) >= self._max_entries:
                self._evict_one()
            expires = self._clock.now() + answer.ttl_s
            self._insert(CacheEntry(key, answer, expires, self._network_changes), self._fresh)

    def forget(self, key: HostCacheKey) -> None:
        """Drops one answer, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.is_alive = False
            self._heap_of(entry).note_dead()

    def invalidate(self) -> None:
        """The network has changed: what is kept becomes stale."""
        self._network_changes += 1
        self._outdated.take_all(self._fresh)

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._fresh.clear()
        self._outdated.clear()

    def to_list(self, wall_clock: WallClock) -> list[dict[str, object]]:
        """What is kept, in JSON values."""
        wall_offset_s = wall_clock.now() - self._clock.now()
        values = (value_of_entry(entry, wall_offset_s) for entry in self._entries.values())
        return [value for value in values if value is not None]

    def restore(self, values: Iterable[object], wall_clock: WallClock) -> None:
        """Takes back what to_list() gave; entries that make no sense are left out.

        They are as if from before a network change. What is known already is newer and stays; nothing is evicted.
        """
        wall_offset_s = wall_clock.now() - self._clock.now()
        for value in values:
            if len(self._entries) >= self._max_entries:
                break
            entry = entry_from_value(value, wall_offset_s, self._network_changes - 1)
            if entry is not None and entry.key not in self._entries:
                self._insert(entry, self._outdated)

    def __len__(self) -> int:
        return len(self._entries)

    def _staleness_of(self, entry: CacheEntry, now: float) -> Staleness:
        return Staleness(now - entry.expires, self._network_changes - entry.network_changes, entry.stale_hits)

    def _insert(self, entry: CacheEntry, heap: ExpiryHeap) -> None:
        self._entries[entry.key] = entry
        heap.push(entry)

    def _heap_of(self, entry: CacheEntry) -> ExpiryHeap:
        return self._fresh if entry.network_changes == self._network_changes else self._outdated

    def _evict_one(self) -> None:
        """Drops the entry that is worth least; there is one."""
        victim, other = self._outdated.first(), self._fresh.first()
        # An entry that only expired is as stale as one from another network.
        if victim is None or (other is not None and other.expires < victim.expires and self._has_expired(other)):
            victim = other
        assert victim is not None
        self.forget(victim.key)

    def _has_expired(self, entry: CacheEntry) -> bool:
        return self._clock.now() >= entry.expires
