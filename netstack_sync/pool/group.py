"""Group: the requests, jobs and sockets of one key."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.priority_queue import PriorityQueue
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.idle_sockets import IdleSocket, IdleSockets
from netstack_sync.sockets.stream_socket import StreamSocket


class Group:
    """Owned by the pool, which makes every change. A job belongs to no request: whichever is done first serves
    the first request of the queue (late binding). Network thread only.
    """

    __slots__ = ("active", "generation", "group_id", "idle", "jobs", "pending")

    def __init__(self, group_id: GroupId, on_idle_lost: Callable[[Group, IdleSocket], None]) -> None:
        self.group_id = group_id
        self.pending: PriorityQueue[ClientSocketHandle] = PriorityQueue()
        self.jobs: list[ConnectJob] = []
        self.idle = IdleSockets(lambda idle: on_idle_lost(self, idle))
        self.active = 0
        """Sockets handed out."""
        self.generation = 0
        """Sockets handed out under an older generation are closed when they come back."""

    @property
    def slots(self) -> int:
        """Sockets that count against the group's limit."""
        return self.active + len(self.jobs) + len(self.idle)

    @property
    def needs_job(self) -> bool:
        """True when a request waits that no job is under way for."""
        return len(self.pending) > len(self.jobs)

    @property
    def is_empty(self) -> bool:
        """True when nothing is left to remember."""
        return not (self.active or self.jobs or self.pending or len(self.idle))

    @property
    def top_priority(self) -> RequestPriority:
        """The priority of the first request; there must be one."""
        first = self.pending.first_max()
        assert first is not None
        return RequestPriority(first.priority)

    def take_first(self) -> ClientSocketHandle:
        """Removes the request whose turn it is; there must be one."""
        first = self.pending.first_max()
        assert first is not None
        handle = self.pending.erase(first)
        handle.pointer = None
        return handle

    def can_reuse(self, handle: ClientSocketHandle, socket: StreamSocket) -> bool:
        """False for what a handle gives back closed, flushed or with bytes that nobody asked for.

        A used socket that goes to nobody now costs no system call: while it idles it is watched, so that it goes
        as soon as the loop turns, and it is looked at before it is handed out.
        """
        if handle.generation != self.generation:
            return False
        return (socket.was_ever_used and not self.pending) or socket.is_connected_and_idle()

    def retire(self) -> None:
        """The pool has forgotten the group, which is empty; its idle list holds it no longer."""
        self.idle.retire()

    def __repr__(self) -> str:
        return (
            f"<Group {self.group_id} active={self.active} jobs={len(self.jobs)}"
            f" idle={len(self.idle)} pending={len(self.pending)}>"
        )
