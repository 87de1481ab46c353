"""IdleCloser: which idle sockets of a pool are closed, and when: too old, in the way, or all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.idle_sockets import IdleSocket

_SWEEP_S = 10.0  # how late a socket may be closed that has idled too long


class IdleCloser:
    """Sweeps while there is something to sweep. Network thread only; looks at the groups, which stay the pool's."""

    __slots__ = ("_drop", "_groups", "_sweep", "_timers")

    def __init__(
        self,
        timers: TimerQueue,
        groups: Mapping[GroupId, Group],
        drop: Callable[[Group, list[IdleSocket]], None],
    ) -> None:
        """`drop` closes sockets that were taken out of a group, and may forget the group."""
        self._timers = timers
        self._groups = groups
        self._drop = drop
        self._sweep = OneShotTimer(timers, self._on_sweep)

    def note_idle(self) -> None:
        """A socket has begun to idle."""
        if not self._sweep.is_running:
            self._sweep.start(_SWEEP_S)

    def close_one(self) -> bool:
        """Makes room: closes the oldest idle socket of some group; False when there is none."""
        for group in self._groups.values():
            if len(group.idle):
                self._drop(group, [group.idle.take_oldest()])
                return True
        return False

    def close_all(self) -> None:
        """Closes what nobody uses."""
        for group in list(self._groups.values()):
            self._drop(group, group.idle.take_all())
        self._sweep.stop()

    def _on_sweep(self) -> None:
        now = self._timers.clock.now()
        for group in list(self._groups.values()):
            self._drop(group, group.idle.take_expired(now))
        if any(len(group.idle) for group in self._groups.values()):
            self._sweep.start(_SWEEP_S)
