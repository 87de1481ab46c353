"""PoolSlots: counts the sockets of a pool against its limit, and against the one that it shares with others."""

from __future__ import annotations

from netstack_sync.pool.shared_total import SharedTotal, SharingPool


class PoolSlots:
    """One slot for each socket handed out, connecting or idle. Owned by the pool; network thread only."""

    __slots__ = ("_limit", "_pool", "_total", "used")

    def __init__(self, limit: int, pool: SharingPool, total: SharedTotal) -> None:
        self._limit = limit
        self._pool = pool
        self._total = total
        self.used = 0

    @property
    def is_full(self) -> bool:
        """True when one more needs another to go, or is another pool's to have."""
        return self.used >= self._limit or not self._total.has_slot_for(self._pool)

    @property
    def is_at_limit(self) -> bool:
        """True when it is the pool's own limit that counts, whatever there is for others."""
        return self.used >= self._limit

    def wait(self) -> None:
        """A request of the pool has no slot. If only others can help they are asked, and it gets its turn."""
        if not self.is_at_limit:
            self._total.wait(self._pool)

    def on_idle(self) -> None:
        """A socket of the pool has nothing to do, while a pool waits."""
        self._total.serve_later()

    def close_idle_everywhere(self, reason: str) -> bool:
        """See SharedTotal.close_idle_sockets."""
        return self._total.close_idle_sockets(reason)

    def take(self) -> None:
        """One socket more."""
        self.used += 1
        self._total.take()

    def give_back(self) -> None:
        """One socket less."""
        self.used -= 1
        assert self.used >= 0
        self._total.give_back()
