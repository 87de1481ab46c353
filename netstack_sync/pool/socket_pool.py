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
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import ConnectJobFactory
from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.pool.idle_keeper import IdleKeeper
from netstack_sync.pool.idle_sockets import IdleSocket
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_groups import PoolGroups
from netstack_sync.pool.pool_jobs import PoolJobs
from netstack_sync.pool.pool_log import log_bound, log_closed, log_job_created, log_preconnect, log_requested
from netstack_sync.pool.pool_room import PoolRoom
from netstack_sync.pool.pool_slots import PoolSlots
from netstack_sync.pool.preconnect import Preconnecter
from netstack_sync.pool.shared_total import SharedTotal
from netstack_sync.sockets.stream_socket import StreamSocket


class ClientSocketPool:
    """Owner of the groups, and the one place where slots change hands. Network thread only.

    A request is answered at once by an idle socket, or gets a job, or waits. Callbacks are always posted, never
    made from inside a call (net/socket/transport_client_socket_pool.cc).
    """

    __slots__ = (
        "_groups",
        "_idle",
        "_jobs",
        "_limits",
        "_preconnecter",
        "_room",
        "_slots",
        "_thread",
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
        self._thread = thread
        self._limits = limits
        self._idle = IdleKeeper(thread.timers, self._close, lambda group: self._groups.forget_if_empty(group))
        self._groups = PoolGroups(limits.per_group, self._idle.on_lost)
        self._slots = PoolSlots(limits.total, self, total)
        self._jobs = PoolJobs(thread, factory, limits, self._slots, self._on_job_done, self._serve)
        self._preconnecter = Preconnecter(self._slots, self._idle, self._jobs, self._offer)
        self._room = PoolRoom(self._slots, self._idle, self._groups, self._jobs, thread.post)
        self.higher_pools = self._room.higher_pools
        self.sockets_reused = 0  # how often a request got a connection that was there already

    # --- what handles ask

    def take_idle(self, handle: ClientSocketHandle) -> bool:
        """See ClientSocketHandle.take_idle. Nobody is stalled while sockets idle."""
        group = self._groups.find(handle.group_id)
        if group is None or not len(group.idle):
            return False
        now = self._thread.clock.now()
        idle = self._idle.take(group, now)
        if idle is None:
            self._groups.forget_if_empty(group)
            return False
        log_requested(handle)
        self._assign_idle(group, handle, idle, now)
        return True

    def request_socket(self, handle: ClientSocketHandle) -> int:
        """See ClientSocketHandle.init."""
        group = self._groups.find_or_make(handle.group_id)
        log_requested(handle)
        if len(group.idle):
            now = self._thread.clock.now()
            idle = self._idle.take(group, now)
            if idle is not None:
                self._assign_idle(group, handle, idle, now)
                return OK  # nobody is stalled while sockets idle
        if group.adopt_job():
            result = ERR_IO_PENDING
        else:
            was_empty = group.is_empty
            result = self._start_job(group, handle)
            if was_empty:
                self._jobs.maybe_start_backup_timer(group)
        if result == ERR_IO_PENDING:
            group.push(handle, handle.priority)
            self._groups.note(group)
            return ERR_IO_PENDING
        handle.net_log.end_with_net_error(NetLogEventType.SOCKET_POOL, result)
        self._serve(group)
        return result

    def cancel_request(self, handle: ClientSocketHandle) -> None:
        """Takes a waiting request out. Its job goes on, to end as an idle socket, unless the pool is full."""
        handle.net_log.event(NetLogEventType.CANCELLED)
        if handle.pointer is None:
            return  # its error is on the way
        handle.net_log.end(NetLogEventType.SOCKET_POOL)
        group = self._groups[handle.group_id]
        group.remove(handle)
        if self._slots.is_full:
            self._jobs.cancel_unwanted(group)
        self._serve(group)

    def release_socket(self, handle: ClientSocketHandle, socket: StreamSocket) -> None:
        """Takes a socket back: the first request of its group gets it, else it idles, else it is closed."""
        group = self._groups[handle.group_id]
        group.holders.remove(handle)
        if group.can_reuse(handle, socket):
            self._offer(group, socket, handle.keep_alive_s)
            return
        self._close(socket, close_reasons.of_returned(handle.generation, group.generation))
        self._serve(group)

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        if handle.pointer is not None:
            group = self._groups[handle.group_id]
            group.requeue(handle, priority)
            self._serve(group)

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState:
        """What a request waits for: the job it owns, or a slot."""
        if handle.pointer is None:
            return LoadState.CONNECTING  # the callback is on the way
        return self._groups[handle.group_id].load_state_of(handle, self._limits.per_group)

    # --- what the owner asks

    def preconnect(self, group_id: GroupId, count: int, net_log: NetLogWithSource) -> None:
        """Opens connections until the group has `count`, those in use and under way included; failures are silent.

        The next requests adopt the jobs. A full pool gives up idle sockets of other groups for them, nothing more.
        """
        log_preconnect(net_log, group_id, count)
        group = self._groups.find_or_make(group_id)
        self._preconnecter.fill(group, min(count, self._limits.per_group))
        self._serve(group)

    def flush_with_error(self, error: int, reason: str) -> None:
        """Fails every waiting request, drops jobs and idle sockets; sockets handed out are not used again."""
        for group in list(self._groups):
            group.generation += 1
            self._jobs.cancel_all(group)
            while group.pending:
                self._answer_later(group.take_first(), error)
            self._groups.note(group)
            self._groups.forget_if_empty(group)
        self._idle.close_all(reason)

    def refresh(self, reason: str) -> None:
        """No present socket is used for another request; those that wait get new jobs."""
        groups = list(self._groups)
        for group in groups:
            group.generation += 1
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
    def is_empty(self) -> bool:
        """True when nothing is left to remember."""
        return not len(self._groups)

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
        first = group.pending.first_max()
        assert first is not None
        result = self._start_job(group, first.value)
        if result != ERR_IO_PENDING:
            self._answer_later(group.take_first(), result)
        self._groups.note(group)
        self._groups.forget_if_empty(group)

    # --- the transitions

    def _on_job_done(self, group: Group, job: ConnectJob, result: int) -> None:
        """Late binding: the socket serves the first request, or the error fails it."""
        socket = self._jobs.end(group, job, result)
        first = group.pending.first_max()
        if first is None:
            if socket is not None:
                self._offer(group, socket, None)
        elif result != ERR_INSUFFICIENT_RESOURCES or not self._room.free_descriptors(first.value):
            handle = group.take_first()
            self._hand_out(group, handle, job, socket)
            self._answer_later(handle, result)
        self._serve(group)

    def _serve(self, group: Group) -> None:
        """After a change of the group: uses the slots there are now, its own requests have no precedence."""
        self._groups.note(group)
        self._groups.forget_if_empty(group)
        while len(self._groups.stalled) and self._room.make():
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
        log_job_created(handle, job)
        if result == ERR_IO_PENDING:
            return result
        socket = self._jobs.end(group, job, result)
        if result == ERR_INSUFFICIENT_RESOURCES and self._room.free_descriptors(handle):
            return self._start_job(group, handle)
        self._hand_out(group, handle, job, socket)
        return result

    def _hand_out(self, group: Group, handle: ClientSocketHandle, job: ConnectJob, socket: StreamSocket | None) -> None:
        """Gives a handle what a job brought: a socket, or the reason why there is none."""
        if socket is None:
            handle.error_detail, handle.ssl_info = job.error_detail, job.ssl_info
            handle.has_reached_server = job.has_reached_server
        else:
            self._bind(group, handle, socket, ReuseType.UNUSED)
            handle.connect_timing = job.timing

    def _assign_idle(self, group: Group, handle: ClientSocketHandle, idle: IdleSocket, now: float) -> None:
        handle.idle_time_s = now - idle.since
        self._bind(group, handle, idle.socket, ReuseType.REUSED_IDLE if idle.is_used else ReuseType.UNUSED_IDLE)
        handle.net_log.end(NetLogEventType.SOCKET_POOL)

    def _offer(self, group: Group, socket: StreamSocket, keep_alive_s: float | None) -> None:
        """Gives a good socket to the first request of its group, or lets it idle."""
        if group.pending:
            handle = group.take_first()
            reuse = ReuseType.REUSED_IDLE if socket.was_ever_used else ReuseType.UNUSED_IDLE
            self._bind(group, handle, socket, reuse)
            self._answer_later(handle, OK)
            self._serve(group)  # the job that the request owned may be nobody's now
        else:
            self._idle.add(group, socket, keep_alive_s)
            if len(self._groups.stalled):
                self._serve(group)
        if self._waiting:
            self._slots.on_idle()  # a pool that waits may have the place of that job, or of this socket

    def _bind(self, group: Group, handle: ClientSocketHandle, socket: StreamSocket, reuse: ReuseType) -> None:
        group.holders.add(handle)
        handle.socket = socket
        handle.reuse_type = reuse
        handle.generation = group.generation
        if reuse != ReuseType.UNUSED:
            self.sockets_reused += 1
        log_bound(handle)

    def _answer_later(self, handle: ClientSocketHandle, result: int) -> None:
        handle.set_result(result)
        self._thread.task_runner.post_task(handle.deliver)

    def _close(self, socket: StreamSocket, reason: str) -> None:
        log_closed(socket, reason)
        socket.disconnect()
        self._slots.give_back()
