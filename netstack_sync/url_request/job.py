"""URLRequestJob: what fetches the URL of a request, by scheme."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

OnData = Callable[["bytes | int"], None]


class URLRequestJob(Protocol):
    """One hop of a request; network thread only; owned by the request."""

    def start(self, on_headers: Completion) -> int:
        """OK when `response` is there, an error, or ERR_IO_PENDING and one later callback."""

    def read(self, on_data: OnData) -> bytes | int:
        """A piece, b"" at the end, an error, or ERR_IO_PENDING and one later callback with one of these."""

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves a wait for a connection."""

    def close(self) -> None:
        """Ends the job in any state; no callback comes any more; idempotent."""

    @property
    def response(self) -> HttpResponseInfo | None:
        """The answer once start() is through with OK."""

    @property
    def timing(self) -> LoadTiming | None:
        """Where the time went, also when it failed."""

    @property
    def load_state(self) -> LoadState:
        """What the job waits for."""

    @property
    def connecting_since(self) -> float | None:
        """Since when a connection has been under way (clock seconds); None while none is."""

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the job failed."""

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left on the present connection."""

    @property
    def has_sent_bytes(self) -> bool:
        """True once a byte of the request may have reached a server."""

    @property
    def is_body_complete(self) -> bool:
        """True when read() has nothing more to give but the b"" at the end, also from inside `on_data`.

        The request then ends with the piece just given. A job that does not know says False.
        """
