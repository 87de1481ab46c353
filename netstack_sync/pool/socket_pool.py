"""ClientSocketPool: hands out sockets under limits, in the order of priority, used ones first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import ConnectJobFactory
from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.pool.idle_closer import IdleCloser
from netstack_sync.pool.idle_sockets import IdleSocket
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_log import log_bound, log_job_created, log_requested
from netstack_sync.pool.stalled_groups import StalledGroups
from netstack_sync.sockets.stream_socket import StreamSocket


class ClientSocketPool:
    """Owner of the groups, and the one place where slots are counted. Network thread only.

    A request is answered at once by an idle socket, or gets a job, or waits. Callbacks are always posted, never
    made from inside a call (net/socket/transport_client_socket_pool.cc).
    """

    __slots__ = (
        "_factory",
        "_group_of_job",
        "_groups",
        "_idle_closer",
        "_limits",
        "_slots",
        "_stalled",
        "_thread",
        "sockets_opened",
        "sockets_reused",
    )

    def __init__(self, thread: NetworkThread, factory: ConnectJobFactory, limits: PoolLimits) -> None:
        self._thread = thread
        self._factory = factory
        self._limits = limits
        self._groups: dict[GroupId, Group] = {}
        self._group_of_job: dict[ConnectJob, Group] = {}
        self._stalled = StalledGroups(limits.per_group)
        self._slots = 0
        """Sockets that count against the total limit: handed out, connecting, idle."""
        self._idle_closer = IdleCloser(thread.timers, self._groups, self._drop_idle)
        self.sockets_opened = 0  # connections made so far
        self.sockets_reused = 0  # how often a request got a connection that was there already

    # --- what handles ask

    def request_socket(self, handle: ClientSocketHandle) -> int:
        """See ClientSocketHandle.init."""
        group = self._groups.get(handle.group_id)
        if group is None:
            group = self._groups[handle.group_id] = Group(handle.group_id, self._on_idle_lost)
        log_requested(handle)
        if len(group.idle) and self._assign_idle(group, handle):
            result = OK
        else:
            result = self._start_job(group, handle)
        if result == ERR_IO_PENDING:
            handle.pointer = group.pending.insert(handle, handle.priority)
            self._stalled.note(group)
            return ERR_IO_PENDING
        handle.net_log.end_with_net_error(NetLogEventType.SOCKET_POOL, result)
        self._forget_if_empty(group)
        return result

    def cancel_request(self, handle: ClientSocketHandle) -> None:
        """Takes a waiting request out. Its job goes on, to end as an idle socket, unless the pool is full."""
        handle.net_log.event(NetLogEventType.CANCELLED)
        if handle.pointer is None:
            return  # its error is on the way
        handle.net_log.end(NetLogEventType.SOCKET_POOL)
        group = self._groups[handle.group_id]
        group.pending.erase(handle.pointer)
        handle.pointer = None
        if self._slots >= self._limits.total:
            self._drop_unwanted_job(group)
        self._serve(group)

    def release_socket(self, handle: ClientSocketHandle, socket: StreamSocket) -> None:
        """Takes a socket back: the first request of its group gets it, else it idles, else it is closed."""
        group = self._groups[handle.group_id]
        group.active -= 1
        assert group.active >= 0, group
        if group.can_reuse(handle, socket):
            self._offer(group, socket)
            return
        self._close(socket)
        self._serve(group)

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        if handle.pointer is not None:
            pending = self._groups[handle.group_id].pending
            pending.erase(handle.pointer)
            handle.pointer = pending.insert(handle, priority)

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState:
        """What a request waits for: the furthest job of its group, unless others will take them all, or a slot."""
        group = self._groups.get(handle.group_id)
        if group is None or handle.pointer is None:
            return LoadState.CONNECTING  # the callback is on the way
        if handle in islice(group.pending, len(group.jobs)):
            return max(job.load_state for job in group.jobs)
        if group.slots < self._limits.per_group:
            return LoadState.WAITING_FOR_STALLED_SOCKET_POOL
        return LoadState.WAITING_FOR_AVAILABLE_SOCKET

    # --- what jobs and idle sockets report

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """A job that was pending is done: its socket serves the first request, or its error fails it."""
        group = self._group_of_job[job]
        socket = self._end_job(group, job, result)
        if group.pending:
            handle = group.take_first()
            self._hand_out(group, handle, job, socket)
            self._answer_later(handle, result)
        elif socket is not None:
            self._offer(group, socket)
        self._serve(group)

    def _on_idle_lost(self, group: Group, idle: IdleSocket) -> None:
        self._drop_idle(group, [idle])

    # --- the whole pool

    def flush_with_error(self, error: int) -> None:
        """Fails every waiting request, drops jobs and idle sockets; sockets handed out are not used again."""
        for group in list(self._groups.values()):
            group.generation += 1
            for job in list(group.jobs):
                self._remove_job(group, job)
                job.cancel()
            while group.pending:
                self._answer_later(group.take_first(), error)
        self._stalled.clear()
        self.close_idle_sockets()

    def close_idle_sockets(self) -> None:
        """Closes what nobody uses."""
        self._idle_closer.close_all()

    def groups(self) -> Iterator[Group]:
        """The groups, to be looked at."""
        return iter(self._groups.values())

    @property
    def slots(self) -> int:
        """Sockets handed out, connecting and idle."""
        return self._slots

    # --- the transitions

    def _serve(self, group: Group) -> None:
        """After a change of the group: uses the slots there are now, its own requests have no precedence."""
        self._stalled.note(group)
        self._forget_if_empty(group)
        while len(self._stalled) and self._make_room():
            group = self._stalled.take_most_urgent()
            self._serve_one(group)
            self._stalled.note(group)
            self._forget_if_empty(group)

    def _serve_one(self, group: Group) -> None:
        """Starts a job for the group's first request, or answers it if that needs no waiting; there is a slot."""
        first = group.pending.first_max()
        assert first is not None
        result = self._start_job(group, first.value)
        if result != ERR_IO_PENDING:
            self._answer_later(group.take_first(), result)

    def _start_job(self, group: Group, handle: ClientSocketHandle) -> int:
        """Connects for a request: OK, an error, or ERR_IO_PENDING, then a job runs or there is no slot."""
        if group.slots >= self._limits.per_group:
            handle.net_log.event(NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP)
            return ERR_IO_PENDING
        if not self._make_room(group):
            handle.net_log.event(NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS)
            return ERR_IO_PENDING
        job = self._factory.create_job(group.group_id, handle.priority, self)
        log_job_created(handle, job)
        self._slots += 1
        group.jobs.append(job)
        self._group_of_job[job] = group
        result = job.connect()
        if result != ERR_IO_PENDING:
            self._hand_out(group, handle, job, self._end_job(group, job, result))
        return result

    def _end_job(self, group: Group, job: ConnectJob, result: int) -> StreamSocket | None:
        """Books a job out and its socket in; None when it failed."""
        self._remove_job(group, job)
        socket = job.take_socket()
        if result == OK:
            assert socket is not None
            self._slots += 1
            self.sockets_opened += 1
            return socket
        if socket is not None:
            socket.disconnect()
        return None

    def _hand_out(self, group: Group, handle: ClientSocketHandle, job: ConnectJob, socket: StreamSocket | None) -> None:
        """Gives a handle what a job brought: a socket, or the reason why there is none."""
        if socket is None:
            handle.error_detail = job.error_detail
            return
        self._bind(group, handle, socket, ReuseType.UNUSED)
        handle.connect_timing = job.timing

    def _make_room(self, asking: Group | None = None) -> bool:
        """True when the total limit allows one more socket, if need be in place of one that nobody waits for."""
        if self._slots < self._limits.total or self._idle_closer.close_one():
            return True
        # Jobs of requests that gave up on dead hosts must not keep the living ones waiting.
        others = [group for group in self._groups.values() if group is not asking]
        return any(self._drop_unwanted_job(group) for group in others)

    def _drop_unwanted_job(self, group: Group) -> bool:
        if len(group.jobs) <= len(group.pending):
            return False
        job = group.jobs[-1]
        self._remove_job(group, job)
        job.cancel()
        self._forget_if_empty(group)
        return True

    def _assign_idle(self, group: Group, handle: ClientSocketHandle) -> bool:
        now = self._thread.clock.now()
        idle, lost = group.idle.take(now)
        for lost_socket in lost:
            self._close(lost_socket.socket)
        if idle is None:
            return False
        handle.idle_time_s = now - idle.since
        self._bind(group, handle, idle.socket, ReuseType.REUSED_IDLE if idle.is_used else ReuseType.UNUSED_IDLE)
        return True

    def _offer(self, group: Group, socket: StreamSocket) -> None:
        """Gives a good socket to the first request of its group, or lets it idle."""
        if group.pending:
            handle = group.take_first()
            reuse = ReuseType.REUSED_IDLE if socket.was_ever_used else ReuseType.UNUSED_IDLE
            self._bind(group, handle, socket, reuse)
            self._answer_later(handle, OK)
            self._stalled.note(group)
            return
        group.idle.add(socket, self._thread.clock.now())
        self._idle_closer.note_idle()
        if len(self._stalled):
            self._serve(group)

    def _bind(self, group: Group, handle: ClientSocketHandle, socket: StreamSocket, reuse: ReuseType) -> None:
        group.active += 1
        handle.socket = socket
        handle.reuse_type = reuse
        handle.generation = group.generation
        if reuse != ReuseType.UNUSED:
            self.sockets_reused += 1
        log_bound(handle)

    def _answer_later(self, handle: ClientSocketHandle, result: int) -> None:
        handle.set_result(result)
        self._thread.task_runner.post_task(handle.deliver)

    def _remove_job(self, group: Group, job: ConnectJob) -> None:
        group.jobs.remove(job)
        del self._group_of_job[job]
        self._slots -= 1
        assert self._slots >= 0, group

    def _drop_idle(self, group: Group, dropped: list[IdleSocket]) -> None:
        """Closes what was taken from the idle sockets. No request waits for a slot while there are any."""
        for idle in dropped:
            self._close(idle.socket)
        self._forget_if_empty(group)

    def _close(self, socket: StreamSocket) -> None:
        socket.net_log.event(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET)
        socket.disconnect()
        self._slots -= 1
        assert self._slots >= 0

    def _forget_if_empty(self, group: Group) -> None:
        if group.is_empty:
            self._groups.pop(group.group_id, None)
            group.retire()
