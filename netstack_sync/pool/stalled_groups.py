"""StalledGroups: the groups that only the pool's total limit keeps from a job."""

from __future__ import annotations

from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId


class StalledGroups:
    """Kept up to date at every change of a group, so that a free slot needs no scan of all groups."""

    __slots__ = ("_groups", "_per_group")

    def __init__(self, per_group: int) -> None:
        self._groups: dict[GroupId, Group] = {}
        self._per_group = per_group

    def note(self, group: Group) -> None:
        """Takes the group in or out after a change; one at its own limit could not use a slot."""
        if group.needs_job and group.slots < self._per_group:
            self._groups.setdefault(group.group_id, group)
        elif self._groups:
            self._groups.pop(group.group_id, None)

    def take_most_urgent(self) -> Group:
        """Removes the group whose first request has the highest priority; among equals the longest stalled."""
        group = max(self._groups.values(), key=lambda stalled: stalled.top_priority)
        del self._groups[group.group_id]
        return group

    def clear(self) -> None:
        """Forgets all."""
        self._groups.clear()

    def __len__(self) -> int:
        return len(self._groups)
