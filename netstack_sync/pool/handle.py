"""ClientSocketHandle: asks the pool for a socket, holds it, gives it back."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.priority_queue import Pointer
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.sockets.stream_socket import StreamSocket

NO_GENERATION = -1  # tells the pool without a system call that the socket is closed


class ReuseType(IntEnum):
    """What the socket of a handle was before."""

    UNUSED = 0  # just connected for this request
    UNUSED_IDLE = 1  # connected earlier, never used
    REUSED_IDLE = 2  # another request was through with it


class SocketPool(Protocol):
    """What a handle needs of the pool."""

    def take_idle(self, handle: ClientSocketHandle) -> bool: ...

    def request_socket(self, handle: ClientSocketHandle) -> int: ...

    def cancel_request(self, handle: ClientSocketHandle) -> None: ...

    def release_socket(self, handle: ClientSocketHandle, socket: StreamSocket) -> None: ...

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None: ...

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState: ...


class ClientSocketHandle:
    """One holder's claim to a socket of a group; network thread only.

    `reset()` ends the claim in every state: a pending request is cancelled, a held socket goes back to the pool,
    which closes it unless it is of the group's present generation, connected and idle
    (net/socket/client_socket_handle.h).
    """

    __slots__ = (
        "_on_done",
        "_pool",
        "_result",
        "connect_timing",
        "error_detail",
        "generation",
        "group_id",
        "has_freed_descriptors",
        "has_reached_server",
        "idle_time_s",
        "job",
        "job_since",
        "keep_alive_s",
        "net_log",
        "pointer",
        "priority",
        "reuse_type",
        "socket",
        "ssl_info",
    )

    def __init__(
        self, pool: SocketPool, group_id: GroupId, priority: RequestPriority, net_log: NetLogWithSource
    ) -> None:
        self._pool = pool
        self._on_done: Completion | None = None
        self._result = ERR_IO_PENDING
        self.group_id = group_id
        self.priority = priority
        self.net_log = net_log
        self.pointer: Pointer[ClientSocketHandle] | None = None
        """The place in the group's queue; the pool's."""
        self.job: ConnectJob | None = None
        """The job that a waiting request owns; the group's."""
        self.job_since: float | None = None
        """When it came to own a job last (clock seconds)."""
        self.has_freed_descriptors = False
        """Pool: idle sockets were closed for this request because there were no more descriptors."""
        self.socket: StreamSocket | None = None
        self.keep_alive_s: float | None = None
        """How long the server said it will keep the connection, for when the socket comes back."""
        self.reuse_type = ReuseType.UNUSED
        self.idle_time_s = 0.0
        self.generation = 0
        self.connect_timing: ConnectTiming | None = None
        """How the connection was made; only for the request it was made for."""
        self.error_detail = ""
        """What went wrong, in words; may be empty."""
        self.ssl_info: SSLInfo | None = None
        """What is known of the server when TLS was why no socket came; a socket has its own."""
        self.has_reached_server = False
        """No socket came, and that is no fault of the proxies on the way."""

    def take_idle(self) -> bool:
        """An idle socket, if there is one that may be used now; else nothing has happened, and init() asks for one.

        Only for a handle that has asked for nothing yet.
        """
        return self._pool.take_idle(self)

    def init(self, on_done: Completion) -> int:
        """Asks for a socket: OK and `socket` is there, an error, or ERR_IO_PENDING and one later callback."""
        assert self.socket is None and self._on_done is None
        self.has_freed_descriptors = False
        self.job_since = None
        self.keep_alive_s = None
        self.reuse_type = ReuseType.UNUSED
        self.idle_time_s = 0.0
        self.connect_timing = None
        self.error_detail = ""
        self.ssl_info = None
        self.has_reached_server = False
        result = self._pool.request_socket(self)
        if result == ERR_IO_PENDING:
            self._on_done = on_done
        return result

    def reset(self) -> None:
        """Ends the claim; idempotent. A pending request's callback never comes."""
        is_pending, self._on_done = self._on_done is not None, None
        self._result = ERR_IO_PENDING  # an answer that is on the way must not reach the next request
        socket, self.socket = self.socket, None
        if socket is not None:
            self._pool.release_socket(self, socket)
        elif is_pending:
            self._pool.cancel_request(self)

    def reset_and_close(self) -> None:
        """Ends the claim, and the socket is not used again."""
        if self.socket is not None:
            self.socket.disconnect()
            self.generation = NO_GENERATION
        self.reset()

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        if self._on_done is not None and priority != self.priority:
            self._pool.set_priority(self, priority)
        self.priority = priority

    @property
    def is_reused(self) -> bool:
        """True when the peer may have closed the connection before this request: a failure is worth a resend."""
        return self.reuse_type != ReuseType.UNUSED

    @property
    def load_state(self) -> LoadState:
        """What a pending request waits for."""
        return self._pool.load_state_of(self)

    @property
    def connecting_since(self) -> float | None:
        """Since when a pending request has had a job (clock seconds); None while it waits for a slot."""
        return None if self.pointer is not None and self.job is None else self.job_since

    def set_result(self, result: int) -> None:
        """Pool: the outcome, which deliver() will report."""
        self._result = result
        self.net_log.end_with_net_error(NetLogEventType.SOCKET_POOL, result)

    def deliver(self) -> None:
        """Pool, from a posted task: reports the outcome unless the request was cancelled meanwhile."""
        result, on_done = self._result, self._on_done
        if result != ERR_IO_PENDING and on_done is not None:
            self._result = ERR_IO_PENDING
            self._on_done = None
            on_done(result)
