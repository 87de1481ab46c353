"""StalledGroups: the groups that only the pool's total limit keeps from a job."""

from __future__ import annotations

from collections import OrderedDict

from netstack_sync.base.priority import NUM_PRIORITIES, RequestPriority
from netstack_sync.pool.group import Group


class StalledGroups:
    """Kept up to date at every change of a group, so that a free slot needs no scan of all groups.

    A group stands where its first request's priority puts it; among equals the one that stalled first comes first.
    """

    __slots__ = ("_by_priority", "_per_group", "places")

    def __init__(self, per_group: int) -> None:
        # Ordered dictionaries: taking the first of a plain one walks over all that were taken before.
        self._by_priority: list[OrderedDict[Group, None]] = [OrderedDict() for _ in range(NUM_PRIORITIES)]
        self.places: dict[Group, RequestPriority] = {}
        """All of them, and by which priority they stand; empty while all goes well."""
        self._per_group = per_group

    def note(self, group: Group) -> None:
        """Takes the group in, out, or elsewhere after a change; one at its own limit could not use a slot."""
        is_stalled = group.needs_job and group.slots < self._per_group
        place = group.top_priority if is_stalled else None
        if place == self.places.get(group):
            return
        self._remove(group)
        if place is not None:
            self._by_priority[place][group] = None
            self.places[group] = place

    @property
    def top_priority(self) -> RequestPriority | None:
        """That of the most urgent group; None without one."""
        return next((priority for priority in reversed(RequestPriority) if self._by_priority[priority]), None)

    def take_most_urgent(self) -> Group:
        """Removes the group whose first request has the highest priority; there must be one.

        If it is still stalled when it is noted again, it stands behind its equals: they take turns.
        """
        group = next(iter(next(groups for groups in reversed(self._by_priority) if groups)))
        self._remove(group)
        return group

    def _remove(self, group: Group) -> None:
        place = self.places.pop(group, None)
        if place is not None:
            del self._by_priority[place][group]

    def __len__(self) -> int:
        return len(self.places)
