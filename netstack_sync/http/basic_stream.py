"""HttpBasicStream: an HttpStream over HTTP/1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.http.keep_alive import keep_alive_timeout_s
from netstack_sync.http.stream_parser import HttpStreamParser
from netstack_sync.pool.handle import ClientSocketHandle

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.pool.proxy_route import ProxyRoute


class HttpBasicStream(HttpStreamParser):
    """A parser that holds the claim to its socket, for one request. Network thread only; the contract is HttpStream's.

    One object, because every request makes one.
    """

    __slots__ = ("_handle", "remote_address", "socket_log_id", "ssl_info")

    def __init__(self, handle: ClientSocketHandle, method: str, is_secure: bool) -> None:
        socket = handle.pooled.socket
        HttpStreamParser.__init__(self, socket, method, is_secure, handle.is_reused)  # super() takes half as long again
        self._handle = handle
        self.remote_address: IPEndPoint | None = socket.remote_address
        self.socket_log_id = socket.net_log.id
        """See HttpStream."""
        self.ssl_info: SSLInfo | None = socket.ssl_info if is_secure else None
        """See HttpStream. The TLS to a proxy that a request in clear is sent to says nothing of the server."""

    def close(self, not_reusable: bool = False) -> None:
        """See HttpStream."""
        handle = self._handle
        if handle.socket is None:
            return
        if self._sender is not None or not self.is_body_complete:  # else nothing is pending
            self.cancel()
        if not_reusable or not self.can_reuse_connection:
            handle.reset_and_close()
            return
        assert self.head is not None, "an answer without a head is not complete"
        headers = self.head.headers
        handle.give_back(keep_alive_timeout_s(headers) if b"keep-alive" in headers.noted else None)

    def take_connection(self) -> ClientSocketHandle | None:
        """See HttpStream."""
        handle = self._handle
        if handle.socket is None or not self.can_reuse_connection:
            self.close()
            return None
        self.cancel()
        handle.keep()
        return handle

    def transport_rtt_s(self) -> float | None:
        """See HttpStream."""
        socket = self._handle.socket
        return socket.transport_rtt_s() if socket is not None else None

    @property
    def route(self) -> ProxyRoute | None:
        """See HttpStream."""
        return self._handle.group_id.proxy

    @property
    def connect_timing(self) -> ConnectTiming | None:
        """See HttpStream."""
        return self._handle.connect_timing
