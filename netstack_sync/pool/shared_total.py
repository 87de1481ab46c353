"""SharedTotal: the sockets of several pools against one limit, and whose turn it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Task
from netstack_sync.pool.layered import HigherLayeredPool


class SharingPool(HigherLayeredPool, Protocol):
    """One of the pools."""

    def close_idle_sockets(self, reason: str) -> bool:
        """Closes what nobody uses; False when there was nothing."""

    def stalled_priority(self) -> RequestPriority | None:
        """Of the most urgent request that has no slot only because of the total; None without one."""

    def serve_one_stalled(self) -> None:
        """Connects for that request."""


class SharedTotal:
    """Network thread only.

    While a pool waits, what there is belongs to those who wait: to the one with the most urgent request, to equals in
    turns. So no pool lives on what another one gives back. Slots are passed on, and those that wait have the others
    asked for sockets that nobody uses, in a posted task: a change of one pool never runs inside that of another.
    """

    __slots__ = ("_is_posted", "_limit", "_pools", "_post", "_turn", "used", "waiting")

    def __init__(self, limit: int, post: Callable[[Task], object]) -> None:
        self._limit = limit
        self._post = post
        self._pools: dict[SharingPool, None] = {}
        self._turn: SharingPool | None = None
        self._is_posted = False
        self.used = 0
        self.waiting: OrderedDict[SharingPool, None] = OrderedDict()
        """Pools that may have a request that waits for the total. Empty while all goes well."""

    def add(self, pool: SharingPool) -> None:
        """The pool's sockets count."""
        self._pools[pool] = None

    def remove(self, pool: SharingPool) -> None:
        """The pool is empty and not used any more."""
        del self._pools[pool]
        self.waiting.pop(pool, None)

    def has_slot_for(self, pool: SharingPool) -> bool:
        """True when there is a slot and no other pool comes first."""
        if self.used >= self._limit:
            return False
        waiting = self.waiting
        return not waiting or self._turn is pool or (len(waiting) == 1 and pool in waiting)

    def take(self) -> None:
        """One socket more."""
        self.used += 1

    def give_back(self) -> None:
        """One socket less."""
        self.used -= 1
        assert self.used >= 0
        if self.waiting:
            self.serve_later()

    def wait(self, pool: SharingPool) -> None:
        """A request of the pool has no slot only because of the total. A pool that is alone serves itself."""
        if len(self._pools) > 1:
            self.waiting.setdefault(pool)
            self.serve_later()

    def serve_later(self) -> None:
        """There may be something now for those who wait."""
        if not self._is_posted:
            self._is_posted = True
            self._post(self._serve)

    def close_idle_sockets(self, reason: str) -> bool:
        """Closes what nobody uses in any pool; False when there was nothing."""
        return any([pool.close_idle_sockets(reason) for pool in tuple(self._pools)])

    def _serve(self) -> None:
        self._is_posted = False
        while (pool := self._most_urgent()) is not None and self._make_room():
            self.waiting.move_to_end(pool)
            self._turn = pool
            pool.serve_one_stalled()
            self._turn = None

    def _most_urgent(self) -> SharingPool | None:
        best, best_priority = None, -1
        for pool in tuple(self.waiting):
            priority = pool.stalled_priority()
            if priority is None:
                del self.waiting[pool]
            elif priority > best_priority:
                best, best_priority = pool, priority
        return best

    def _make_room(self) -> bool:
        if self.used < self._limit:
            return True
        return any(pool.close_one_idle_connection() for pool in tuple(self._pools)) and self.used < self._limit
