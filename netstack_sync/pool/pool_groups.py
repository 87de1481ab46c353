"""PoolGroups: the groups of a pool by their key, and those among them that need its attention."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.stalled_groups import StalledGroups


class PoolGroups:
    """Told of every change of a group, so that nothing needs a scan of all of them. Network thread only."""

    __slots__ = ("_on_idle_lost", "_surplus", "by_id", "stalled")

    def __init__(self, per_group: int, on_idle_lost: Callable[[GroupSocket], None]) -> None:
        self._on_idle_lost = on_idle_lost
        self.by_id: dict[GroupId, Group] = {}
        self._surplus: OrderedDict[Group, None] = OrderedDict()
        """Groups with jobs that nobody waits for."""
        self.stalled = StalledGroups(per_group)

    def find_or_make(self, group_id: GroupId) -> Group:
        """The group of a key, at need a new one."""
        group = self.by_id.get(group_id)
        if group is None:
            group = self.by_id[group_id] = Group(group_id, self._on_idle_lost)
        return group

    def note(self, group: Group) -> None:
        """Keeps up with a change of the group's requests, jobs or sockets."""
        self.stalled.note(group)
        if len(group.jobs) > group.pending.size:
            self._surplus[group] = None
        elif self._surplus:
            self._surplus.pop(group, None)

    def forget_if_empty(self, group: Group) -> None:
        """A group lives as long as there is something in it."""
        if group.is_empty and self.by_id.pop(group.group_id, None) is not None:
            group.retire()

    def surplus_other_than(self, asking: Group | None) -> Group | None:
        """A group with a job that nobody waits for."""
        return next((group for group in self._surplus if group is not asking), None)

    def __iter__(self) -> Iterator[Group]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)
