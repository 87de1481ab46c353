"""ClientSocketHandle: asks the pool for a socket, holds it, gives it back."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.pooled_socket import PooledSocket
from netstack_sync.pool.request import NOT_ASKED, SocketRequest
from netstack_sync.sockets.stream_socket import StreamSocket

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo


class ReuseType(IntEnum):
    """What the socket of a handle was before."""

    UNUSED = 0  # just connected for this request
    UNUSED_IDLE = 1  # connected earlier, never used
    REUSED_IDLE = 2  # another request was through with it


class SocketPool(Protocol):
    """What a handle needs of the pool."""

    def request_socket(self, handle: ClientSocketHandle) -> int: ...

    def cancel_request(self, handle: ClientSocketHandle) -> None: ...

    def release_socket(self, pooled: PooledSocket[Any], keep_alive_s: float | None) -> None: ...

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None: ...

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState: ...


class ClientSocketHandle:
    """One holder's claim to a socket of a group; network thread only.

    `reset()` ends the claim in every state: a pending request is cancelled, a held socket goes back to the pool,
    which closes it unless it is connected, idle, and as new as what changed since (net/socket/client_socket_handle.h).
    """

    __slots__ = (
        "_pool",
        "connect_timing",
        "group_id",
        "is_reused",
        "net_log",
        "pooled",
        "priority",
        "request",
        "socket",
    )

    # What of them is known only with a socket the pool sets together with it; set twice, they would cost a warm
    # request a tenth of its way through the pool.
    pooled: PooledSocket[Any]
    """The socket as the pool knows it."""
    is_reused: bool
    """True when the peer may have closed the connection before this request: a failure is worth a resend."""
    connect_timing: ConnectTiming | None
    """How the connection was made; only for the request it was made for."""

    def __init__(
        self, pool: SocketPool, group_id: GroupId, priority: RequestPriority, net_log: NetLogWithSource
    ) -> None:
        self._pool = pool
        self.group_id = group_id
        self.priority = priority
        self.net_log = net_log
        self.socket: StreamSocket | None = None
        self.request: SocketRequest = NOT_ASKED
        """What no idle socket answered; the pool's."""

    def init(self, on_done: Completion) -> int:
        """Asks for a socket: OK and `socket` is there, an error, or ERR_IO_PENDING and one later callback."""
        assert self.socket is None and self.request.on_done is None
        self.request = request = SocketRequest(on_done)
        result = self._pool.request_socket(self)
        if result != ERR_IO_PENDING:
            request.on_done, request.result = None, result
        return result

    def reset(self) -> None:
        """Ends the claim; idempotent. A pending request's callback never comes."""
        if self.socket is not None:
            self.request.on_done = None  # the answer may be on its way
            self.give_back()
        elif self.request.on_done is not None:
            self.request.on_done = None
            self._pool.cancel_request(self)

    def give_back(self, keep_alive_s: float | None = None) -> None:
        """Ends the claim of whoever has got a socket, whose server may have said how long it will keep it."""
        self.socket = None
        self._pool.release_socket(self.pooled, keep_alive_s)

    def reset_and_close(self) -> None:
        """Ends the claim, and the socket is not used again."""
        if self.socket is not None:
            self.socket.disconnect()
            self.pooled.spoil(close_reasons.NOT_REUSABLE)  # the pool needs no system call to see it
        self.reset()

    def hold(self, pooled: PooledSocket[Any]) -> None:
        """Pool: a socket that was there already."""
        self.pooled = pooled
        self.socket = pooled.socket
        self.is_reused = True
        self.connect_timing = None

    def keep(self) -> None:
        """The next request goes over the same socket."""
        self.is_reused, self.connect_timing = True, None
        self.pooled.is_used = True

    def take_outcome(self, job: ConnectJob, pooled: PooledSocket[Any] | None) -> None:
        """Pool: what a job brought, a socket or the reason why there is none."""
        if pooled is None:
            self.request.failed_job = job
        else:
            self.hold(pooled)
            self.is_reused, self.connect_timing = False, job.timing

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves a waiting request to the tail of another priority."""
        if self.request.on_done is not None and priority != self.priority:
            self._pool.set_priority(self, priority)
        self.priority = priority

    @property
    def reuse_type(self) -> ReuseType:
        """What the socket was before."""
        if not self.is_reused:
            return ReuseType.UNUSED
        return ReuseType.REUSED_IDLE if self.pooled.is_used else ReuseType.UNUSED_IDLE

    @property
    def is_pending(self) -> bool:
        """True while init() has still to call back."""
        return self.request.on_done is not None

    @property
    def load_state(self) -> LoadState:
        """What a pending request waits for."""
        return self._pool.load_state_of(self)

    @property
    def connecting_since(self) -> float | None:
        """Since when a pending request has had a job (clock seconds); None while it waits for a slot."""
        request = self.request
        return None if request.is_queued and request.job is None else request.job_since

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        job = self.request.failed_job
        return job.error_detail if job is not None else ""

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server when TLS was why no socket came; a socket has its own."""
        job = self.request.failed_job
        return job.ssl_info if job is not None else None

    @property
    def has_reached_server(self) -> bool:
        """No socket came, and that is no fault of the proxies on the way."""
        job = self.request.failed_job
        return job is not None and job.has_reached_server
