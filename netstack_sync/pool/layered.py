"""Pools in layers: sockets of one may carry the connections of another, which can let go of idle ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netstack_sync.loop.completion import Task


class HigherLayeredPool(Protocol):
    """Holds sockets of a pool below, or of a number that it shares; some of them it may be able to do without."""

    def close_one_idle_connection(self) -> bool:
        """Gives a socket back; False when all are needed (net/socket/client_socket_pool.h)."""


class HigherPools:
    """The pools above one, asked for idle sockets when it has no other way to serve a request.

    Network thread only. They are asked from a posted task: what they give back may change anything.
    """

    __slots__ = ("_is_asking", "_is_stalled", "_pools", "_post")

    def __init__(self, is_stalled: Callable[[], bool], post: Callable[[Task], object]) -> None:
        """`is_stalled` tells whether a request waits only because the pool is full of sockets in use."""
        self._is_stalled = is_stalled
        self._post = post
        self._pools: list[HigherLayeredPool] = []
        self._is_asking = False

    def add(self, pool: HigherLayeredPool) -> None:
        """From now on `pool` is asked, in the order of adding."""
        self._pools.append(pool)

    def remove(self, pool: HigherLayeredPool) -> None:
        """`pool` is not asked any more."""
        self._pools.remove(pool)

    def ask_later(self) -> None:
        """Something waits for a slot."""
        if self._pools and not self._is_asking:
            self._is_asking = True
            self._post(self._ask)

    def close_one(self) -> bool:
        """One of them lets go of a socket; False when all are needed."""
        return any(pool.close_one_idle_connection() for pool in tuple(self._pools))

    def _ask(self) -> None:
        self._is_asking = False
        while self._is_stalled() and self.close_one():
            continue  # one socket each time, until nobody waits or nobody can
