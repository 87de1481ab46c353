"""Preconnecter: opens connections of a pool before anybody asks for them."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.idle_keeper import IdleKeeper
from netstack_sync.pool.pool_jobs import PoolJobs
from netstack_sync.pool.pool_slots import PoolSlots


class Preconnecter:
    """Owned by the pool; network thread only."""

    __slots__ = ("_idle", "_jobs", "_offer", "_slots")

    def __init__(
        self,
        slots: PoolSlots,
        idle: IdleKeeper,
        jobs: PoolJobs,
        offer: Callable[[GroupSocket, float | None], None],
    ) -> None:
        """`offer` is given a socket that is there at once."""
        self._slots = slots
        self._idle = idle
        self._jobs = jobs
        self._offer = offer

    def fill(self, group: Group, count: int) -> None:
        """Opens connections until the group has `count`; see ClientSocketPool.preconnect."""
        was_empty = group.is_empty
        while group.slots < count and self._open_one(group):
            continue
        if was_empty:
            self._jobs.maybe_start_backup_timer(group)

    def _open_one(self, group: Group) -> bool:
        """Starts one job that no request has asked for; False when there is no slot or it fails at once."""
        if self._slots.is_full and not self._idle.close_one(spared=group):
            return False
        job, result = self._jobs.start(group, RequestPriority.IDLE, in_advance=True)
        if result == ERR_IO_PENDING:
            return True
        pooled = self._jobs.end(group, job, result)
        if pooled is not None:
            self._offer(pooled, None)
        return pooled is not None
