"""ErrorJob: a hop that fails with a given error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.url_request.job import OnData


class ErrorJob:
    """See URLRequestJob."""

    __slots__ = ("_net_error", "error_detail")

    has_sent_bytes = False
    sent_bytes = 0
    is_body_complete = False
    load_state = LoadState.IDLE
    connecting_since: float | None = None
    ssl_info: SSLInfo | None = None
    response: HttpResponseInfo | None = None
    timing: LoadTiming | None = None

    def __init__(self, net_error: int, error_detail: str = "") -> None:
        self._net_error = net_error
        self.error_detail = error_detail

    def start(self, on_headers: Completion) -> int:
        """The error."""
        return self._net_error

    def read(self, on_data: OnData) -> bytes | int:
        """The error again."""
        return self._net_error

    def set_priority(self, priority: RequestPriority) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is under way."""
