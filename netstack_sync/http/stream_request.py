"""StreamRequest: one wait for an HttpStream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.auth.identity import owner_of_connections
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.socket_pool import ClientSocketPool

if TYPE_CHECKING:
    from netstack_sync.http.stream import HttpStream
    from netstack_sync.pool.proxy_route import ProxyRoute


class StreamRequest(StepMachine):
    """Steps: get a socket, make a stream of it. Network thread only; owned by the transaction."""

    __slots__ = ("_handle", "_info", "_net_log", "stream")

    def __init__(
        self,
        pool: ClientSocketPool,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        connection: ClientSocketHandle | None = None,
    ) -> None:
        """With the claim to a `connection` it is that one, which is the request's from now on."""
        super().__init__()
        self._info = info
        self._net_log = net_log
        self._handle = connection or ClientSocketHandle(pool, group_id_for(info), info.priority, net_log)
        self.stream: HttpStream | None = None
        """The stream once the request is answered with OK; the owner's from then on."""

    def start(self, on_done: Completion) -> int:
        """OK, the connect job's error, or ERR_IO_PENDING and one later callback."""
        self._net_log.begin(NetLogEventType.HTTP_STREAM_REQUEST)
        return self._begin(self._init_connection, on_done)

    def cancel(self) -> None:
        """Gives the claim up unless the stream has been taken; idempotent."""
        if self.is_pending:
            self._net_log.event(NetLogEventType.CANCELLED)
            self._net_log.end(NetLogEventType.HTTP_STREAM_REQUEST)
        self._stop()
        if self.stream is None:
            self._handle.reset()

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves the wait for a socket."""
        self._handle.set_priority(priority)

    @property
    def load_state(self) -> LoadState:
        """What a pending request waits for."""
        return self._handle.load_state

    @property
    def connecting_since(self) -> float | None:
        """See ClientSocketHandle."""
        return self._handle.connecting_since

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        return self._handle.error_detail

    @property
    def has_reached_server(self) -> bool:
        """See ClientSocketHandle."""
        return self._handle.has_reached_server

    @property
    def ssl_info(self) -> SSLInfo | None:
        """See ClientSocketHandle."""
        return self._handle.ssl_info

    def _init_connection(self, _: int) -> int:
        self._step = self._create_stream
        return OK if self._handle.socket is not None else self._handle.init(self._on_io_complete)

    def _create_stream(self, result: int) -> int:
        assert result != ERR_IO_PENDING
        if result == OK:
            self.stream = HttpBasicStream(self._handle, self._info.method, self._info.url.is_secure)
        self._net_log.end_with_net_error(NetLogEventType.HTTP_STREAM_REQUEST, result)
        return result


def group_id_for(info: HttpRequestInfo, route: ProxyRoute | None = None) -> GroupId:
    """The group whose sockets may carry a request over `route`."""
    tls, owner = info.tls if info.url.is_secure else None, owner_of_connections(info.auth)
    return GroupId(info.url.origin, tls, info.partition, info.privacy_mode, owner, route)
