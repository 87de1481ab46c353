"""HttpBasicStream: an HttpStream over HTTP/1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.keep_alive import keep_alive_timeout_s
from netstack_sync.http.stream_parser import HttpStreamParser
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.wire.http1_response import ResponseHead

if TYPE_CHECKING:
    from netstack_sync.pool.proxy_route import ProxyRoute


class HttpBasicStream:
    """Holds the claim to a socket for one request. Network thread only; see HttpStream for the contract."""

    __slots__ = (
        "_handle",
        "_parser",
        "is_connection_reused",
        "read_body",
        "remote_address",
        "route",
        "send_request",
        "socket_log_id",
        "ssl_info",
    )

    def __init__(self, handle: ClientSocketHandle, method: str, is_secure: bool) -> None:
        socket = handle.socket
        assert socket is not None
        self._handle = handle
        self._parser = HttpStreamParser(socket, method, is_secure)
        self.is_connection_reused = handle.is_reused
        self.remote_address: IPEndPoint | None = socket.remote_address
        self.route: ProxyRoute | None = handle.group_id.proxy
        self.socket_log_id = socket.net_log.source.id
        # The TLS to a proxy that a request in clear is sent to says nothing of the server.
        self.ssl_info: SSLInfo | None = socket.ssl_info if is_secure else None
        # See HttpStream; bound directly, one call less for each.
        self.send_request = self._parser.send_request
        self.read_body = self._parser.read_body

    def read_headers(self, on_done: Completion, on_begun: Task | None = None) -> int:
        """See HttpStream."""
        return self._parser.read_headers(self.is_connection_reused, on_done, on_begun)

    def close(self, not_reusable: bool = False) -> None:
        """See HttpStream."""
        parser, handle = self._parser, self._handle
        if handle.socket is None:
            return
        parser.cancel()
        if not_reusable or not parser.can_reuse_connection:
            handle.reset_and_close()
        else:
            assert parser.head is not None, "a body has an end only after its head"
            handle.keep_alive_s = keep_alive_timeout_s(parser.head.headers)
            handle.reset()

    def take_connection(self) -> ClientSocketHandle | None:
        """See HttpStream."""
        parser, handle = self._parser, self._handle
        if handle.socket is None or not parser.can_reuse_connection:
            self.close()
            return None
        parser.cancel()
        handle.reuse_type = ReuseType.REUSED_IDLE  # the server may close it meanwhile
        handle.connect_timing = None
        return handle

    def transport_rtt_s(self) -> float | None:
        """See HttpStream."""
        socket = self._handle.socket
        return socket.transport_rtt_s() if socket is not None else None

    @property
    def head(self) -> ResponseHead | None:
        """See HttpStream."""
        return self._parser.head

    @property
    def received_bytes(self) -> int:
        """See HttpStream."""
        return self._parser.received_bytes

    @property
    def sent_bytes(self) -> int:
        """See HttpStream."""
        return self._parser.sent_bytes

    @property
    def error_detail(self) -> str:
        """See HttpStream."""
        return self._parser.error_detail

    @property
    def is_reading(self) -> bool:
        """See HttpStream."""
        return self._parser.is_reading

    @property
    def is_body_complete(self) -> bool:
        """See HttpStream."""
        return self._parser.is_body_complete

    @property
    def can_find_end(self) -> bool:
        """See HttpStream."""
        return self._parser.can_find_end

    @property
    def connect_timing(self) -> ConnectTiming | None:
        """See HttpStream."""
        return self._handle.connect_timing
