"""Group: the requests, jobs and sockets of one key, and which job is whose."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.priority_queue import PriorityQueue
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.idle_sockets import IdleSocket, IdleSockets
from netstack_sync.sockets.stream_socket import StreamSocket


class Group:
    """Owned by the pool, which makes every change. Network thread only.

    Whichever job is done first serves the first request of the queue (late binding). Until then the first requests
    own one job each: its state is what they wait for, and it is as urgent as they are. A job that outlives its
    request, or was started in advance, has no owner (Group in net/socket/transport_client_socket_pool.h).
    """

    __slots__ = (
        "backup_timer",
        "generation",
        "group_id",
        "holders",
        "idle",
        "jobs",
        "never_assigned",
        "pending",
    )

    def __init__(self, group_id: GroupId, on_idle_lost: Callable[[Group, IdleSocket], None]) -> None:
        self.group_id = group_id
        self.pending: PriorityQueue[ClientSocketHandle] = PriorityQueue()
        self.jobs: dict[ConnectJob, ClientSocketHandle | None] = {}
        """Jobs under way, the oldest first, and who owns them."""
        self.never_assigned = 0
        """Jobs started in advance that no request has counted on so far."""
        self.idle = IdleSockets(lambda idle: on_idle_lost(self, idle))
        self.holders: set[ClientSocketHandle] = set()
        """Those who have a socket."""
        self.generation = 0
        """Sockets handed out under an older generation are closed when they come back."""
        self.backup_timer: DelayedTask | None = None

    @property
    def active(self) -> int:
        """Sockets handed out."""
        return len(self.holders)

    @property
    def slots(self) -> int:
        """Sockets that count against the group's limit."""
        return len(self.holders) + len(self.jobs) + len(self.idle)

    @property
    def needs_job(self) -> bool:
        """True when a request waits that no job is under way for."""
        return len(self.pending) > len(self.jobs)

    @property
    def is_empty(self) -> bool:
        """True when nothing is left to remember."""
        return not (self.holders or self.jobs or self.pending or len(self.idle))

    @property
    def top_priority(self) -> RequestPriority:
        """The priority of the first request; there must be one."""
        first = self.pending.first_max()
        assert first is not None
        return RequestPriority(first.priority)

    def push(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Puts a request behind all others of its priority."""
        handle.pointer = self.pending.insert(handle, priority)
        self._assign_jobs()

    def remove(self, handle: ClientSocketHandle) -> None:
        """Takes a waiting request out; its job is the next one's."""
        assert handle.pointer is not None
        self.pending.erase(handle.pointer)
        handle.pointer = None
        job, handle.job = handle.job, None
        if job is not None:
            self.jobs[job] = None
            self._assign_jobs()
            if self.jobs[job] is None:
                job.change_priority(RequestPriority.IDLE)  # names that somebody waits for are looked up before its own

    def requeue(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        assert handle.pointer is not None
        self.pending.erase(handle.pointer)
        handle.pointer = self.pending.insert(handle, priority)
        if handle.job is not None:
            handle.job.change_priority(priority)
        self._assign_jobs()

    def take_first(self) -> ClientSocketHandle:
        """Removes the request whose turn it is; there must be one."""
        first = self.pending.first_max()
        assert first is not None
        self.remove(first.value)
        return first.value

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
            owner.job = None
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
        if len(self.jobs) <= len(self.pending):
            return None
        return next(job for job, owner in reversed(self.jobs.items()) if owner is None)

    def load_state_of(self, handle: ClientSocketHandle, limit: int) -> LoadState:
        """What a waiting request waits for: the job it owns, or a slot of the pool, or one of the group."""
        if handle.job is not None:
            return handle.job.load_state
        if self.slots < limit:
            return LoadState.WAITING_FOR_STALLED_SOCKET_POOL
        return LoadState.WAITING_FOR_AVAILABLE_SOCKET

    def can_reuse(self, handle: ClientSocketHandle, socket: StreamSocket) -> bool:
        """False for what a handle gives back closed, flushed or with bytes that nobody asked for.

        A used socket that goes to nobody now costs no system call: while it idles it is watched, so that it goes
        as soon as the loop turns, and it is looked at before it is handed out.
        """
        if handle.generation != self.generation:
            return False
        return (socket.was_ever_used and not self.pending) or socket.is_connected_and_idle()

    def abort_lost_sockets(self, error: int, is_lost: Callable[[str], bool]) -> None:
        """Breaks the connections in use that begin at an address for which `is_lost` holds."""
        for handle in self.holders:
            socket = handle.socket
            assert socket is not None
            endpoint = socket.local_address
            if endpoint is not None and is_lost(endpoint.address):
                socket.abort(error)

    def disown_sockets_to(self, endpoint: IPEndPoint) -> None:
        """Lets no connection in use to an endpoint serve another request, nor others of the group."""
        if any(handle.socket is not None and handle.socket.remote_address == endpoint for handle in self.holders):
            self.generation += 1

    def stop_backup_timer(self) -> None:
        """No backup job will be started; idempotent."""
        if self.backup_timer is not None:
            self.backup_timer.cancel()
            self.backup_timer = None

    def retire(self) -> None:
        """The pool has forgotten the group, which is empty; its idle list holds it no longer."""
        self.idle.retire()

    def _assign_jobs(self) -> None:
        """Lets the first requests own the jobs, one each; those further back give theirs up.

        Looks at no more requests than there are jobs, however long the queue is.
        """
        if not self.jobs:
            return
        owners = dict.fromkeys(islice(self.pending, len(self.jobs)))
        without = [handle for handle in owners if handle.job is None]
        if not without:
            return
        # Those that nobody owns before those of requests that are not among the first any more.
        free = [job for job, owner in self.jobs.items() if owner is None]
        free += [job for job, owner in self.jobs.items() if owner is not None and owner not in owners]
        for handle, job in zip(without, free):  # noqa: B905 - jobs may be left over
            loser = self.jobs[job]
            if loser is not None:
                loser.job = None
            self.jobs[job] = handle
            handle.job, handle.job_since = job, job.clock.now()
            assert handle.pointer is not None
            job.change_priority(RequestPriority(handle.pointer.priority))
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
