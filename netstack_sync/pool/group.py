"""Group: the requests, jobs and sockets of one key, and which job is whose."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TypeAlias

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_ABORTED
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.pooled_socket import PooledSocket
from netstack_sync.pool.request import SocketRequest
from netstack_sync.pool.request_queue import RequestQueue


class Group:
    """Owned by the pool, which makes every change. Network thread only.

    Whichever job is done first serves the first request of the queue (late binding). Until then the first requests
    own one job each: its state is what they wait for, and it is as urgent as they are. A job that outlives its
    request, or was started in advance, has no owner (Group in net/socket/transport_client_socket_pool.h).
    """

    __slots__ = (
        "_on_idle_lost",
        "backup_timer",
        "group_id",
        "idle",
        "jobs",
        "never_assigned",
        "pending",
        "sockets",
    )

    def __init__(self, group_id: GroupId, on_idle_lost: Callable[[PooledSocket[Group]], None]) -> None:
        """`on_idle_lost` is told of a socket that became unusable while it idled."""
        self.group_id = group_id
        self.pending = RequestQueue()
        self.jobs: dict[ConnectJob, ClientSocketHandle | None] = {}
        """Jobs under way, the oldest first, and who owns them."""
        self.never_assigned = 0
        """Jobs started in advance that no request has counted on so far."""
        self.sockets: set[PooledSocket[Group]] = set()
        """All connections, in use and idle."""
        self.idle: list[PooledSocket[Group]] = []
        """In the order in which they are taken, from the end: used ones are warm, the newest first; unused ones should
        not grow old, the oldest first.
        """
        self._on_idle_lost = on_idle_lost
        self.backup_timer: DelayedTask | None = None

    @property
    def active(self) -> int:
        """Sockets handed out."""
        return len(self.sockets) - len(self.idle)

    @property
    def slots(self) -> int:
        """Sockets that count against the group's limit."""
        return len(self.sockets) + len(self.jobs)

    @property
    def needs_job(self) -> bool:
        """True when a request waits that no job is under way for."""
        return self.pending.size > len(self.jobs)

    @property
    def is_empty(self) -> bool:
        """True when nothing is left to remember."""
        return not (self.sockets or self.jobs or self.pending.size)

    @property
    def top_priority(self) -> RequestPriority:
        """The priority of the first request; there must be one."""
        first = self.pending.first()
        assert first is not None
        return first.priority

    def push(self, handle: ClientSocketHandle) -> None:
        """Puts a request behind all others of its priority."""
        self.pending.push(handle)
        if self.jobs:
            self._assign_jobs()

    def remove(self, handle: ClientSocketHandle) -> None:
        """Takes a waiting request out; its job is the next one's."""
        self.pending.remove(handle)
        request = handle.request
        request.result = ERR_ABORTED
        if request.job is not None:
            self._give_up_job(request)

    def requeue(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        self.pending.remove(handle)
        handle.priority = priority
        self.pending.push(handle)
        if handle.request.job is not None:
            handle.request.job.change_priority(priority)
        self._assign_jobs()

    def take_first(self) -> ClientSocketHandle:
        """Removes the request whose turn it is, to be answered; there must be one."""
        handle = self.pending.pop_first()
        request = handle.request
        if request.job is not None:
            self._give_up_job(request)
        return handle

    def _give_up_job(self, request: SocketRequest) -> None:
        job, request.job = request.job, None
        assert job is not None
        self.jobs[job] = None
        self._assign_jobs()
        if self.jobs[job] is None:
            job.change_priority(RequestPriority.IDLE)  # names that somebody waits for are looked up before its own

    def add_job(self, job: ConnectJob, *, in_advance: bool = False) -> None:
        """A job that starts; in advance: before any request has need of it."""
        self.jobs[job] = None
        if in_advance:
            self.never_assigned += 1
        self._assign_jobs()

    def remove_job(self, job: ConnectJob) -> None:
        """A job that ended."""
        owner = self.jobs.pop(job)
        if owner is not None:
            owner.request.job = None
            self._assign_jobs()
        self._count_never_assigned()
        if not self.jobs:
            self.stop_backup_timer()

    def adopt_job(self) -> bool:
        """Gives the next request a job that was started in advance, if there is one."""
        if not self.never_assigned:
            return False
        self.never_assigned -= 1
        return True

    def find_unwanted_job(self) -> ConnectJob | None:
        """The youngest job that no request waits for."""
        if len(self.jobs) <= self.pending.size:
            return None
        return next(job for job, owner in reversed(self.jobs.items()) if owner is None)

    def load_state_of(self, handle: ClientSocketHandle, limit: int) -> LoadState:
        """What a waiting request waits for: the job it owns, or a slot of the pool, or one of the group."""
        job = handle.request.job
        if job is not None:
            return job.load_state
        if self.slots < limit:
            return LoadState.WAITING_FOR_STALLED_SOCKET_POOL
        return LoadState.WAITING_FOR_AVAILABLE_SOCKET

    def check_idle(self, pooled: PooledSocket[Group]) -> None:
        """Bytes or the end have come on a socket that idles, unless somebody has taken it meanwhile: then it is
        theirs.
        """
        if pooled not in self.idle:
            return
        if pooled.socket.is_connected_and_idle():
            pooled.socket.notify_readable(pooled.on_readable)  # only a TLS record without user data
        elif not pooled.is_usable():
            self._on_idle_lost(pooled)

    def disown_sockets(self) -> None:
        """Lets no connection in use serve another request; the idle ones are left to the pool."""
        for pooled in self._in_use():
            pooled.spoil(close_reasons.OUT_OF_DATE)

    def abort_lost_sockets(self, error: int, is_lost: Callable[[str], bool]) -> None:
        """Breaks the connections in use that begin at an address for which `is_lost` holds."""
        for pooled in self._in_use():
            endpoint = pooled.socket.local_address
            if endpoint is not None and is_lost(endpoint.address):
                pooled.socket.abort(error)

    def disown_sockets_to(self, endpoint: IPEndPoint) -> None:
        """Lets no connection in use to an endpoint serve another request, nor others of the group."""
        if any(pooled.socket.remote_address == endpoint for pooled in self._in_use()):
            self.disown_sockets()

    def _in_use(self) -> list[PooledSocket[Group]]:
        return [pooled for pooled in self.sockets if pooled not in self.idle]

    def stop_backup_timer(self) -> None:
        """No backup job will be started; idempotent."""
        if self.backup_timer is not None:
            self.backup_timer.cancel()
            self.backup_timer = None

    def retire(self) -> None:
        """The pool has forgotten the group, which is empty: lets go of whoever was to be told."""
        self._on_idle_lost = _nobody

    def _assign_jobs(self) -> None:
        """Lets the first requests own the jobs, one each; those further back give theirs up.

        Looks at no more requests than there are jobs, however long the queue is.
        """
        if not self.jobs:
            return
        owners = dict.fromkeys(islice(self.pending, len(self.jobs)))
        without = [handle for handle in owners if handle.request.job is None]
        if not without:
            return
        # Those that nobody owns before those of requests that are not among the first any more.
        free = [job for job, owner in self.jobs.items() if owner is None]
        free += [job for job, owner in self.jobs.items() if owner is not None and owner not in owners]
        for handle, job in zip(without, free):  # noqa: B905 - jobs may be left over
            loser = self.jobs[job]
            if loser is not None:
                loser.request.job = None
            self.jobs[job] = handle
            handle.request.job, handle.request.job_since = job, job.clock.now()
            job.change_priority(handle.priority)
        self._count_never_assigned()

    def _count_never_assigned(self) -> None:
        if self.never_assigned:
            unowned = sum(owner is None for owner in self.jobs.values())
            self.never_assigned = min(self.never_assigned, unowned)

    def __repr__(self) -> str:
        return (
            f"<Group {self.group_id} active={self.active} jobs={len(self.jobs)}"
            f" idle={len(self.idle)} pending={len(self.pending)}>"
        )


GroupSocket: TypeAlias = PooledSocket[Group]
"""A socket of the pool."""


def _nobody(_: GroupSocket) -> None:
    """Is told when nobody listens."""
