"""StalledGroups: the groups that only the pool's total limit keeps from a job."""

from __future__ import annotations

from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.priority_queue import PriorityQueue
from netstack_sync.pool.group import Group


class StalledGroups:
    """Kept up to date at every change of a group, so that a free slot needs no scan of all groups.

    A group stands where its first request's priority puts it; among equals the one that stalled first comes first.
    """

    __slots__ = ("_per_group", "_queue", "places")

    def __init__(self, per_group: int) -> None:
        self._queue: PriorityQueue[Group] = PriorityQueue()
        self.places: dict[Group, RequestPriority] = {}
        """All of them, and by which priority they stand; empty while all goes well."""
        self._per_group = per_group

    def note(self, group: Group) -> None:
        """Takes the group in, out, or elsewhere after a change; one at its own limit could not use a slot."""
        is_stalled = group.needs_job and group.slots < self._per_group
        place = group.top_priority if is_stalled else None
        old = self.places.get(group)
        if place == old:
            return
        if old is not None:
            del self.places[group]
            self._queue.remove(group, old)
        if place is not None:
            self.places[group] = place
            self._queue.push(group, place)

    @property
    def top_priority(self) -> RequestPriority | None:
        """That of the most urgent group; None without one."""
        first = self._queue.first()
        return None if first is None else self.places[first]

    def take_most_urgent(self) -> Group:
        """Removes the group whose first request has the highest priority; there must be one.

        If it is still stalled when it is noted again, it stands behind its equals: they take turns.
        """
        group = self._queue.pop_first()
        del self.places[group]
        return group

    def __len__(self) -> int:
        return len(self.places)
