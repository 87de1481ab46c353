"""ClientSocketPool: hands out sockets under limits, in the order of priority, used ones first."""

from __future__ import annotations

from collections.abc import Iterator

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_INSUFFICIENT_RESOURCES, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons, pool_log
from netstack_sync.pool.answers import Answers
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import ConnectJobFactory
from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.idle_keeper import IdleKeeper
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_groups import PoolGroups
from netstack_sync.pool.pool_jobs import PoolJobs
from netstack_sync.pool.pool_room import PoolRoom
from netstack_sync.pool.pool_slots import PoolSlots
from netstack_sync.pool.preconnect import Preconnecter
from netstack_sync.pool.shared_total import SharedTotal


class ClientSocketPool:
    """Owner of the groups, and the one place where slots change hands. Network thread only.

    A request is answered at once by an idle socket, or gets a job, or waits. Callbacks are always posted, never
    made from inside a call (net/socket/transport_client_socket_pool.cc).
    """

    __slots__ = (
        "_answers",
        "_by_id",
        "_groups",
        "_idle",
        "_jobs",
        "_limits",
        "_now",
        "_preconnecter",
        "_room",
        "_slots",
        "_stalled",
        "_waiting",
        "higher_pools",
        "sockets_reused",
    )

    def __init__(
        self, thread: NetworkThread, factory: ConnectJobFactory, limits: PoolLimits, total: SharedTotal | None = None
    ) -> None:
        """`total` counts the sockets of several pools, of which this is one from now on; alone it needs none."""
        if total is None:
            total = SharedTotal(limits.total, thread.post)
        total.add(self)
        self._waiting = total.waiting
        self._limits = limits
        self._now = thread.clock.now
        self._answers = Answers(thread.post)
        self._idle = IdleKeeper(thread, self._close, lambda group: self._groups.forget_if_empty(group))
        self._groups = PoolGroups(limits.per_group, self._idle.on_lost)
        self._by_id, self._stalled = self._groups.by_id, self._groups.stalled.places  # to be looked at
        self._slots = PoolSlots(limits.total, self, total)
        self._jobs = PoolJobs(thread, factory, limits, self._slots, self._on_job_done, self._serve)
        self._preconnecter = Preconnecter(self._slots, self._idle, self._jobs, self._offer)
        self._room = PoolRoom(self._slots, self._idle, self._groups, self._jobs, thread.post)
        self.higher_pools = self._room.higher_pools
        self.sockets_reused = 0  # how often a request got a connection that was there already

    # --- what handles ask

    def take_idle(self, handle: ClientSocketHandle) -> bool:
        """Gives a new handle an idle socket, if there is one that may be used now; else nothing has happened.

        Only request_socket() tells the log. Nobody is stalled while sockets idle.
        """
        group = self._by_id.get(handle.group_id)
        if group is None or not group.idle:
            return False
        pooled = self._idle.take(group.idle)
        if pooled is None:
            self._groups.forget_if_empty(group)
            return False
        handle.hold(pooled)
        self.sockets_reused += 1
        return True

    def request_socket(self, handle: ClientSocketHandle) -> int:
        """See ClientSocketHandle.init."""
        is_capturing = handle.net_log.net_log.is_capturing
        group = self._by_id.get(handle.group_id)
        if group is None or group.idle:
            if self.take_idle(handle):
                if is_capturing:
                    pool_log.log_taken(handle, self._now())
                return OK
            group = self._groups.find_or_make(handle.group_id)  # what was no good may have been all there was
        if is_capturing:
            pool_log.log_requested(handle)
        if len(group.sockets) >= self._limits.per_group and not group.jobs:  # fast path: all are in use
            if is_capturing:
                handle.net_log.event(NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP)
            group.pending.push(handle, handle.priority)
            return ERR_IO_PENDING
        was_empty = group.is_empty
        result = ERR_IO_PENDING if group.adopt_job() else self._start_job(group, handle)
        if was_empty:
            self._jobs.maybe_start_backup_timer(group)
        if result == ERR_IO_PENDING:
            group.push(handle)
            self._groups.note(group)
            return ERR_IO_PENDING
        if is_capturing:
            pool_log.log_answered(handle, result)
        self._serve(group)
        return result

    def cancel_request(self, handle: ClientSocketHandle) -> None:
        """Takes a waiting request out. Its job goes on, to end as an idle socket, unless the pool is full."""
        handle.net_log.event(NetLogEventType.CANCELLED)
        if not handle.request.is_queued:
            return  # its error is on the way
        handle.net_log.end(NetLogEventType.SOCKET_POOL)
        group = self._by_id[handle.group_id]
        group.remove(handle)
        if self._slots.is_full:
            self._jobs.cancel_unwanted(group)
        self._serve(group)

    def release_socket(self, pooled: GroupSocket, keep_alive_s: float | None) -> None:
        """Takes a socket back: the first request of its group gets it, else it idles, else it is closed."""
        group = pooled.group
        is_waited_for = group.pending.size > 0
        if pooled.is_sound and not is_waited_for:  # fast path
            self._idle.add(pooled, keep_alive_s)
            if self._stalled or self._waiting:
                self._serve_others(group)
        elif pooled.is_fit(is_waited_for):
            self._offer(pooled, keep_alive_s)
        else:
            self._close(pooled, pooled.why_spoiled or close_reasons.NOT_REUSABLE)
            self._serve(group)

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        if handle.request.is_queued:
            group = self._by_id[handle.group_id]
            group.requeue(handle, priority)
            self._serve(group)

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState:
        """What a request waits for: the job it owns, or a slot."""
        if not handle.request.is_queued:
            return LoadState.CONNECTING  # the callback is on the way
        return self._by_id[handle.group_id].load_state_of(handle, self._limits.per_group)

    # --- what the owner asks

    def preconnect(self, group_id: GroupId, count: int, net_log: NetLogWithSource) -> None:
        """Opens connections until the group has `count`, those in use and under way included; failures are silent.

        The next requests adopt the jobs. A full pool gives up idle sockets of other groups for them, nothing more.
        """
        pool_log.log_preconnect(net_log, group_id, count)
        group = self._groups.find_or_make(group_id)
        self._preconnecter.fill(group, min(count, self._limits.per_group))
        self._serve(group)

    def flush_with_error(self, error: int, reason: str) -> None:
        """Fails every waiting request, drops jobs and idle sockets; sockets handed out are not used again."""
        for group in list(self._groups):
            group.disown_sockets()
            self._jobs.cancel_all(group)
            while group.pending.size:
                self._answers.add(group.take_first(), error)
            self._groups.note(group)
            self._groups.forget_if_empty(group)
        self._idle.close_all(reason)

    def refresh(self, reason: str) -> None:
        """No present socket is used for another request; those that wait get new jobs."""
        groups = list(self._groups)
        for group in groups:
            group.disown_sockets()
            self._jobs.cancel_all(group)
        self._idle.close_all(reason)
        for group in groups:
            self._groups.note(group)  # all of them first: the most urgent request gets the first slot
        for group in groups:
            self._serve(group)

    def close_idle_sockets(self, reason: str, endpoint: IPEndPoint | None = None) -> bool:
        """Closes what nobody uses, of one endpoint or of all; False when there was nothing."""
        return self._idle.close_all(reason, endpoint)

    def groups(self) -> Iterator[Group]:
        """The groups, to be looked at."""
        return iter(self._groups)

    @property
    def slots(self) -> int:
        """Sockets handed out, connecting and idle."""
        return self._slots.used

    @property
    def sockets_opened(self) -> int:
        """Connections made so far."""
        return self._jobs.sockets_opened

    # --- what the other pools of its total ask; see SharingPool

    def close_one_idle_connection(self) -> bool:
        """See HigherLayeredPool."""
        return self._room.give_up_one()

    def stalled_priority(self) -> RequestPriority | None:
        """See SharingPool."""
        return None if self._slots.is_at_limit else self._groups.stalled.top_priority

    def serve_one_stalled(self) -> None:
        """Starts a job for the most urgent request, or answers it if that needs no waiting; there is a slot."""
        group = self._groups.stalled.take_most_urgent()
        first = group.pending.first()
        assert first is not None
        result = self._start_job(group, first)
        if result != ERR_IO_PENDING:
            self._answers.add(group.take_first(), result)
        self._groups.note(group)
        self._groups.forget_if_empty(group)

    # --- the transitions

    def _on_job_done(self, group: Group, job: ConnectJob, result: int) -> None:
        """Late binding: the socket serves the first request, or the error fails it."""
        pooled = self._jobs.end(group, job, result)
        first = group.pending.first()
        if first is None:
            if pooled is not None:
                self._offer(pooled, None)
        elif result != ERR_INSUFFICIENT_RESOURCES or not self._room.free_descriptors(first):
            handle = group.take_first()
            handle.take_outcome(job, pooled)
            self._answers.add(handle, result)
        self._serve(group)

    def _serve(self, group: Group) -> None:
        """After a change of the group: uses the slots there are now, its own requests have no precedence."""
        self._groups.note(group)
        self._groups.forget_if_empty(group)
        while self._stalled and self._room.make():
            self.serve_one_stalled()

    def _start_job(self, group: Group, handle: ClientSocketHandle) -> int:
        """Connects for a request: OK, an error, or ERR_IO_PENDING, then a job runs or there is no slot."""
        if group.slots >= self._limits.per_group and not self._jobs.cancel_slow(group):
            handle.net_log.event(NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP)
            return ERR_IO_PENDING
        if not self._room.make(group):
            handle.net_log.event(NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS)
            return ERR_IO_PENDING
        job, result = self._jobs.start(group, handle.priority)
        pool_log.log_job_created(handle, job)
        if result == ERR_IO_PENDING:
            return result
        pooled = self._jobs.end(group, job, result)
        if result == ERR_INSUFFICIENT_RESOURCES and self._room.free_descriptors(handle):
            return self._start_job(group, handle)
        handle.take_outcome(job, pooled)
        return result

    def _offer(self, pooled: GroupSocket, keep_alive_s: float | None) -> None:
        """Gives a good socket to the first request of its group, or lets it idle."""
        group = pooled.group
        if group.pending.size:
            handle = group.take_first()
            handle.hold(pooled)
            self.sockets_reused += 1
            self._answers.add(handle, OK)
        else:
            self._idle.add(pooled, keep_alive_s)
        if self._stalled or self._waiting or group.jobs:
            self._serve_others(group)

    def _serve_others(self, group: Group) -> None:
        """A socket idles, or the job that a request owned is nobody's now: its place may be somebody else's."""
        self._serve(group)
        if self._waiting:
            self._slots.on_idle()

    def _close(self, pooled: GroupSocket, reason: str) -> None:
        pool_log.log_closed(pooled.socket, reason)
        pooled.socket.disconnect()
        pooled.group.sockets.remove(pooled)
        self._slots.give_back()
