"""PoolJobs: the connect jobs of a pool's groups, from their start to the socket they bring."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import ConnectJobFactory
from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_log import log_job_created
from netstack_sync.pool.pool_slots import PoolSlots
from netstack_sync.pool.pooled_socket import PooledSocket

BACKUP_JOB_DELAY_S = 0.25
"""Shorter than the second after which a lost SYN is sent again (kMaxConnectRetryIntervalMs)."""


class PoolJobs:
    """Books each job in and out: one slot of the pool, one entry of its group. Network thread only."""

    __slots__ = ("_factory", "_group_of", "_limits", "_on_backup", "_on_done", "_slots", "_thread", "sockets_opened")

    def __init__(
        self,
        thread: NetworkThread,
        factory: ConnectJobFactory,
        limits: PoolLimits,
        slots: PoolSlots,
        on_done: Callable[[Group, ConnectJob, int], None],
        on_backup: Callable[[Group], None],
    ) -> None:
        """`on_done` is told of each job that was pending and ended, and calls end(); `on_backup` of a group that has
        got a backup job.
        """
        self._thread = thread
        self._factory = factory
        self._limits = limits
        self._slots = slots
        self._on_done = on_done
        self._on_backup = on_backup
        self._group_of: dict[ConnectJob, Group] = {}
        self.sockets_opened = 0  # connections made so far

    def start(self, group: Group, priority: RequestPriority, *, in_advance: bool = False) -> tuple[ConnectJob, int]:
        """A job that connects, and what connect() says: unless it is pending, end() is the caller's next word."""
        job = self._factory.create_job(group.group_id, priority, self)
        self._slots.take()
        group.add_job(job, in_advance=in_advance)
        self._group_of[job] = group
        return job, job.connect()

    def end(self, group: Group, job: ConnectJob, result: int) -> GroupSocket | None:
        """Books a job out and its socket in, which has the slot from now on; None when it failed."""
        group.remove_job(job)
        del self._group_of[job]
        socket = job.take_socket()
        if result == OK:
            assert socket is not None
            self.sockets_opened += 1
            pooled = PooledSocket(group, socket)
            group.sockets.add(pooled)
            return pooled
        self._slots.give_back()
        if socket is not None:
            socket.disconnect()
        return None

    def cancel_all(self, group: Group) -> None:
        """Drops every job of a group."""
        for job in list(group.jobs):
            self._cancel(group, job)

    def cancel_unwanted(self, group: Group) -> bool:
        """Drops the youngest job that no request waits for; False when there is none."""
        return self._cancel(group, group.find_unwanted_job())

    def cancel_slow(self, group: Group) -> bool:
        """Drops a slow job that no request waits for, so that a fresh one may start; False when there is none."""
        slow = (job for job, owner in group.jobs.items() if owner is None and job.is_slow)
        return self._cancel(group, next(slow, None))

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """See ConnectJobDelegate."""
        self._on_done(self._group_of[job], job, result)

    def _cancel(self, group: Group, job: ConnectJob | None) -> bool:
        if job is None:
            return False
        group.remove_job(job)
        del self._group_of[job]
        self._slots.give_back()
        job.cancel()
        return True

    # --- backup jobs

    def maybe_start_backup_timer(self, group: Group) -> None:
        """For a group's first job: should its SYN be lost, a second one may well be faster than the system's."""
        if group.jobs and self._limits.per_group > 1:
            group.backup_timer = self._thread.timers.call_later(
                BACKUP_JOB_DELAY_S, lambda: self._on_backup_timer(group)
            )

    def _on_backup_timer(self, group: Group) -> None:
        group.backup_timer = None
        job = next(iter(group.jobs))  # the timer stops with the last one
        if job.has_established_connection or not group.pending.size:
            return  # what takes so long now is no lost packet of the connect, or nobody is in a hurry
        is_full = self._slots.is_full or group.slots >= self._limits.per_group
        if is_full or job.load_state == LoadState.RESOLVING_HOST:
            self.maybe_start_backup_timer(group)
        else:
            self._start_backup_job(group)

    def _start_backup_job(self, group: Group) -> None:
        first = group.pending.first()
        assert first is not None
        job, result = self.start(group, group.top_priority)
        log_job_created(first, job, is_backup=True)
        if result == ERR_IO_PENDING:
            self._on_backup(group)
        else:
            self._on_done(group, job, result)
