"""RequestQueue: the handles of a group that wait, by priority, then first come, first served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.handle import ClientSocketHandle


class RequestQueue:
    """A handle stands where its priority puts it. Whichever leaves, it costs no search. Network thread only."""

    __slots__ = ("_levels", "size")

    def __init__(self) -> None:
        # Only priorities for which somebody waits. Ordered: the first of a plain dictionary is found by walking over
        # all that were taken before.
        self._levels: dict[RequestPriority, OrderedDict[ClientSocketHandle, None]] = {}
        self.size = 0
        """How many wait."""

    def push(self, handle: ClientSocketHandle) -> None:
        """Puts a handle behind all others of its priority."""
        level = self._levels.get(handle.priority)
        if level is None:
            level = self._levels[handle.priority] = OrderedDict()
        level[handle] = None
        self.size += 1

    def remove(self, handle: ClientSocketHandle) -> None:
        """Takes a handle out that waits, under the priority with which it came."""
        level = self._levels[handle.priority]
        del level[handle]
        if not level:
            del self._levels[handle.priority]
        self.size -= 1

    def pop_first(self) -> ClientSocketHandle:
        """Takes out whose turn it is; there must be one."""
        priority = max(self._levels)
        level = self._levels[priority]
        handle = level.popitem(last=False)[0]
        if not level:
            del self._levels[priority]
        self.size -= 1
        return handle

    def first(self) -> ClientSocketHandle | None:
        """Whose turn it is."""
        return next(iter(self), None)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[ClientSocketHandle]:
        """In the order of their turns."""
        for priority in sorted(self._levels, reverse=True):
            yield from self._levels[priority]
