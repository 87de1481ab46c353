"""PoolSlots: counts the sockets of a pool against its limit."""

from __future__ import annotations


class PoolSlots:
    """One slot for each socket handed out, connecting or idle. Owned by the pool; network thread only."""

    __slots__ = ("_limit", "used")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.used = 0

    @property
    def is_full(self) -> bool:
        """True when one more needs another to go."""
        return self.used >= self._limit

    def take(self) -> None:
        """One socket more."""
        self.used += 1

    def give_back(self) -> None:
        """One socket less."""
        self.used -= 1
        assert self.used >= 0
