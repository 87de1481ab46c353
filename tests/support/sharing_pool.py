"""Pools as a SharedTotal sees them, and what it posts."""

from __future__ import annotations

from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Task
from netstack_sync.pool.shared_total import SharedTotal


class SharingRig:
    """A total whose posted tasks the test runs."""

    def __init__(self, limit: int) -> None:
        self.posted: list[Task] = []
        self.total = SharedTotal(limit, self.posted.append)

    def run(self) -> None:
        """What is posted, and what that posts."""
        while self.posted:
            self.posted.pop(0)()


class ScriptedSharingPool:
    """See SharingPool: `stalled` are the priorities of its requests that wait, `idle` counts its idle sockets."""

    def __init__(self, total: SharedTotal, *, name: str = "", idle: int = 0, log: list[str] | None = None) -> None:
        self._total = total
        self._log = log if log is not None else []
        self.name = name
        self.idle = idle
        self.stalled: list[RequestPriority] = []
        self.reasons: list[str] = []
        self.saw_slots: list[bool] = []
        """Whether there was a slot for it, each time that it was served."""
        total.add(self)

    def wants(self, *priorities: RequestPriority) -> None:
        """Requests that find no slot."""
        self.stalled += priorities
        self._total.wait(self)

    def close_one_idle_connection(self) -> bool:
        """See HigherLayeredPool."""
        if not self.idle:
            return False
        self.idle -= 1
        self._total.give_back()
        return True

    def close_idle_sockets(self, reason: str) -> bool:
        """See SharingPool."""
        self.reasons.append(reason)
        had, self.idle = self.idle, 0
        return had > 0

    def stalled_priority(self) -> RequestPriority | None:
        """See SharingPool."""
        return max(self.stalled, default=None)

    def serve_one_stalled(self) -> None:
        """See SharingPool."""
        self.stalled.remove(max(self.stalled))
        self.saw_slots.append(self._total.has_slot_for(self))
        self._total.take()
        self._log.append(self.name)
