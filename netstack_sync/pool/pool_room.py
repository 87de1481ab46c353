"""PoolRoom: finds a slot for one more connection."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.loop.completion import Task
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group import Group
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.idle_keeper import IdleKeeper
from netstack_sync.pool.layered import HigherPools
from netstack_sync.pool.pool_groups import PoolGroups
from netstack_sync.pool.pool_jobs import PoolJobs
from netstack_sync.pool.pool_slots import PoolSlots


class PoolRoom:
    """What a pool does when it is full: gives up what nobody waits for, its own first. Network thread only."""

    __slots__ = ("_groups", "_idle", "_jobs", "_slots", "higher_pools")

    def __init__(
        self,
        slots: PoolSlots,
        idle: IdleKeeper,
        groups: PoolGroups,
        jobs: PoolJobs,
        post: Callable[[Task], object],
    ) -> None:
        self._slots = slots
        self._idle = idle
        self._groups = groups
        self._jobs = jobs
        self.higher_pools = HigherPools(self._is_stalled, post)

    def make(self, asking: Group | None = None) -> bool:
        """True when there is a slot, if need be in place of a socket or job, not of `asking`, that nobody waits for.

        Else others are asked, and the pool is told when they give something.
        """
        if not self._slots.is_full or self._idle.close_one() or self._drop_surplus(asking):
            return True
        self._slots.wait()
        self.higher_pools.ask_later()
        return False

    def give_up_one(self) -> bool:
        """For another pool: lets go of something that nobody waits for; False when all is needed."""
        return self._idle.close_one() or self._drop_surplus(None) or self.higher_pools.close_one()

    def free_descriptors(self, handle: ClientSocketHandle) -> bool:
        """Once for each request that found none: closes the idle sockets of all pools; True when that freed any."""
        request = handle.request
        is_first, request.has_freed_descriptors = not request.has_freed_descriptors, True
        return is_first and self._slots.close_idle_everywhere(close_reasons.NO_DESCRIPTORS)

    def _drop_surplus(self, asking: Group | None) -> bool:
        # Jobs of requests that gave up on dead hosts must not keep the living ones waiting.
        group = self._groups.surplus_other_than(asking)
        if group is None:
            return False
        self._jobs.cancel_unwanted(group)
        self._groups.note(group)
        self._groups.forget_if_empty(group)
        return True

    def _is_stalled(self) -> bool:
        """True when a request waits only because the pool is full of sockets in use."""
        return self._slots.is_full and not len(self._idle) and len(self._groups.stalled) > 0
