"""PriorityQueue: first come, first served within a priority, and whoever leaves costs no search."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class PriorityQueue(Generic[T]):
    """Values by priority, of which a bigger one is more urgent; each value once. Owned by one thread.

    Who takes a value out knows the priority with which it came: nothing is kept for it but its place. Not to be
    changed while it is iterated over.
    """

    __slots__ = ("_levels", "size")

    def __init__(self) -> None:
        # Only priorities for which somebody waits. Ordered: the first of a plain dictionary is found by walking over
        # all that were taken before.
        self._levels: dict[int, OrderedDict[T, None]] = {}
        self.size = 0
        """How many wait."""

    def push(self, value: T, priority: int) -> None:
        """Puts a value behind all others of its priority."""
        level = self._levels.get(priority)
        if level is None:
            level = self._levels[priority] = OrderedDict()
        level[value] = None
        self.size += 1

    def push_front(self, value: T, priority: int) -> None:
        """Puts a value before all others of its priority, such as one that had its turn and lost it."""
        self.push(value, priority)
        self._levels[priority].move_to_end(value, last=False)

    def remove(self, value: T, priority: int) -> None:
        """Takes a value out that waits, under the priority with which it came."""
        level = self._levels[priority]
        del level[value]
        if not level:
            del self._levels[priority]
        self.size -= 1

    def pop_first(self) -> T:
        """Takes out whose turn it is; there must be one."""
        priority = max(self._levels)
        level = self._levels[priority]
        value = level.popitem(last=False)[0]
        if not level:
            del self._levels[priority]
        self.size -= 1
        return value

    def pop_least(self) -> T:
        """Takes out whom a full queue gives up, the oldest of the lowest priority; there must be one."""
        priority = min(self._levels)
        value = next(iter(self._levels[priority]))
        self.remove(value, priority)
        return value

    def first(self) -> T | None:
        """Whose turn it is."""
        return next(iter(self._levels[max(self._levels)])) if self.size else None

    @property
    def top_priority(self) -> int:
        """The priority of whose turn it is; there must be one."""
        return max(self._levels)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[T]:
        """In the order of their turns."""
        for priority in sorted(self._levels, reverse=True):
            yield from self._levels[priority]

    def __repr__(self) -> str:
        return f"<PriorityQueue {list(self)!r}>"
