"""StreamRequest: one wait for an HttpStream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netstack_sync.auth.identity import owner_of_connections
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle

_new_tuple: Final = tuple.__new__  # what a NamedTuple's own constructor does, one call less

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.http.stream import HttpStream
    from netstack_sync.pool.proxy_route import ProxyRoute


class StreamRequest:
    """A wait for a socket, to make a stream of. Network thread only; owned by the transaction.

    Who finds an idle socket by ClientSocketPool.take_idle() needs none.
    """

    __slots__ = ("_handle", "_info", "_net_log", "stream")

    def __init__(self, handle: ClientSocketHandle, info: HttpRequestInfo, net_log: NetLogWithSource) -> None:
        """`handle` is the request's from now on; it may hold a connection already."""
        self._handle = handle
        self._info = info
        self._net_log = net_log
        self.stream: HttpStream | None = None
        """See finish(); the owner's from then on."""

    def start(self, on_done: Completion) -> int:
        """OK, the connect job's error, or ERR_IO_PENDING and one later callback; finish() is the owner's next word."""
        handle = self._handle
        if self._net_log.net_log.is_capturing:
            self._net_log.begin(NetLogEventType.HTTP_STREAM_REQUEST)
        return handle.init(on_done) if handle.socket is None else OK

    def finish(self, result: int) -> HttpStream | None:
        """Takes what start(), or its callback, said: with OK there is a stream."""
        if self._net_log.net_log.is_capturing:
            self._net_log.end_with_net_error(NetLogEventType.HTTP_STREAM_REQUEST, result)
        if result != OK:
            return None
        self.stream = stream = HttpBasicStream(self._handle, self._info.method, self._info.url.is_secure)
        return stream

    def cancel(self) -> None:
        """Gives the claim up unless the stream has been taken; idempotent."""
        if self._handle.is_pending:
            self._net_log.event(NetLogEventType.CANCELLED)
            self._net_log.end(NetLogEventType.HTTP_STREAM_REQUEST)
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


def group_id_for(info: HttpRequestInfo, route: ProxyRoute | None = None) -> GroupId:
    """The group whose sockets may carry a request over `route`."""
    url, auth = info.url, info.auth
    owner = owner_of_connections(auth) if auth is not None else None
    tls = info.tls if url.is_secure else None
    return _new_tuple(GroupId, (url.origin, tls, info.partition, info.privacy_mode, owner, route))
