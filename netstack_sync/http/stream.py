"""HttpStream: one request and its response, whatever the protocol below."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.http.interim import InterimWatch
from netstack_sync.http.upload import UploadStream
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.wire.http1_response import ResponseHead

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.pool.proxy_route import ProxyRoute

OnBodyData = Callable[["bytes | int"], None]
"""Receives what a pending read() brought: a piece, b"" at the end, or an error."""


class HttpStream(Protocol):
    """Network thread only; owned by its transaction; the methods are called in the order they stand in here
    (net/http/http_stream.h).
    """

    remote_address: IPEndPoint | None
    """Whom we talk to: the server, or the first proxy on the way to it."""

    head: ResponseHead | None
    """The final response's head, once read_headers() is through."""

    is_body_complete: bool
    """True once read_body() has nothing more to give but the b"" at the end."""

    is_connection_reused: bool
    """True when the connection was not made for this request."""

    received_bytes: int
    """Bytes that have arrived in answer, framing and interim responses included."""

    error_detail: str
    """What was wrong with a malformed response, in words."""

    socket_log_id: int
    """The connection's id in the NetLog."""

    ssl_info: SSLInfo | None
    """What TLS agreed on with the server."""

    def send_request(
        self, head: bytes, upload: UploadStream | None, on_done: Completion, interim: InterimWatch | None = None
    ) -> int:
        """OK when everything is sent, an error, or ERR_IO_PENDING and one later callback.

        A body that `interim` holds back may stay unsent: then the answer is there already, and read_headers() is OK.
        """

    def read_headers(self, on_done: Completion, on_begun: Task | None = None) -> int:
        """OK when `head` is there, an error, or ERR_IO_PENDING and one later callback.

        `on_begun` is called when a head begins that does not come alone and in one piece, a 1xx one included.
        """

    def read_body(self, on_data: OnBodyData) -> bytes | int:
        """A piece, b"" at the end, an error, or ERR_IO_PENDING and one later callback with one of these."""

    def close(self, not_reusable: bool = False) -> None:
        """Ends the stream; no callback comes any more; the connection goes back if it may; idempotent."""

    def take_connection(self) -> ClientSocketHandle | None:
        """In place of close(): the claim to the connection, for the next request; None if it is not fit for one."""

    def transport_rtt_s(self) -> float | None:
        """The connection's round trip time in seconds, where the system tells."""

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left."""

    @property
    def is_reading(self) -> bool:
        """True while a read_body() is pending."""

    @property
    def can_find_end(self) -> bool:
        """True when reading on would lead to the end of the response with the connection still good."""

    @property
    def connect_timing(self) -> ConnectTiming | None:
        """How the connection was made, if for this request."""

    @property
    def route(self) -> ProxyRoute | None:
        """The proxies on the way; None for a direct connection."""
