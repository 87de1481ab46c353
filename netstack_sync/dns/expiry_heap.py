"""ExpiryHeap: entries of a cache by the time when they expire.

Lazy deletion, as in loop/timers.py: an entry that was replaced is marked, and the heap is rebuilt when more than
half of it is marked. Every operation costs O(log n) amortised.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count

from netstack_sync.dns.cache_entry import CacheEntry

_MIN_GARBAGE = 64  # below this a rebuild costs more than it frees


class ExpiryHeap:
    """Entries that live; whoever marks one as dead tells note_dead() of the heap it is in."""

    __slots__ = ("_dead", "_heap", "_sequence")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, CacheEntry]] = []
        self._sequence = count()  # so that entries are never compared
        self._dead = 0

    def push(self, entry: CacheEntry) -> None:
        """Adds an entry."""
        heappush(self._heap, (entry.expires, next(self._sequence), entry))

    def first(self) -> CacheEntry | None:
        """The living entry that expires first."""
        while self._heap:
            entry = self._heap[0][2]
            if entry.is_alive:
                return entry
            heappop(self._heap)
            self._dead -= 1
        return None

    def note_dead(self) -> None:
        """One of the entries died."""
        self._dead += 1
        if self._dead > _MIN_GARBAGE and self._dead * 2 > len(self._heap):
            self._rebuild([])

    def take_all(self, other: ExpiryHeap) -> None:
        """Moves the entries of another heap to this one; O(n)."""
        self._rebuild(other._heap)
        other.clear()

    def clear(self) -> None:
        """Forgets everything."""
        self._heap = []
        self._dead = 0

    def _rebuild(self, more: list[tuple[float, int, CacheEntry]]) -> None:
        living = [entry for _, _, entry in self._heap + more if entry.is_alive]
        self._heap = [(entry.expires, next(self._sequence), entry) for entry in living]
        heapify(self._heap)
        self._dead = 0
