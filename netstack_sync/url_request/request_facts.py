"""RequestFacts: what is known of a request at any moment, whichever hop it is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.url_request.redirects import RedirectInfo

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.url_request.delegate_calls import DelegateCalls
    from netstack_sync.url_request.job import URLRequestJob


class RequestFacts:
    """The part of a URLRequest that only tells. Network thread only.

    Its values are set by the URLRequest, all in one place: there is one for each fetch.
    """

    __slots__ = ("_calls", "_deferred", "_has_sent_hop", "_info", "_job", "history", "is_over", "net_log", "response")

    _info: HttpRequestInfo
    _job: URLRequestJob | None
    _calls: DelegateCalls | None  # none without a network delegate
    _deferred: RedirectInfo | None  # what the delegate has not decided about yet
    _has_sent_hop: bool  # of those before the present one
    history: list[HttpResponseInfo]
    """The answers of the hops before the present one, oldest first."""
    response: HttpResponseInfo | None
    """The answer of the present hop, once its head is there."""
    is_over: bool
    """True once nothing more will come: after the last piece, an error, or cancel()."""
    net_log: NetLogWithSource

    @property
    def url(self) -> Url:
        """The URL of the present hop."""
        return self._info.url

    @property
    def info(self) -> HttpRequestInfo:
        """The request of the present hop."""
        return self._info

    @property
    def timing(self) -> LoadTiming | None:
        """Where the time of the present hop went."""
        return self._job.timing if self._job is not None else None

    @property
    def load_state(self) -> LoadState:
        """What the request waits for."""
        if self._deferred is not None or (self._calls is not None and self._calls.is_waiting):
            return LoadState.WAITING_FOR_DELEGATE
        return self._job.load_state if self._job is not None else LoadState.IDLE

    @property
    def connecting_since(self) -> float | None:
        """Since when a connection has been under way (clock seconds); None while none is."""
        return self._job.connecting_since if self._job is not None else None

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        detail = self._job.error_detail if self._job is not None else ""
        return detail or (self._calls.error_detail if self._calls is not None else "")

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the request failed."""
        return self._job.ssl_info if self._job is not None else None

    @property
    def sent_bytes(self) -> int:
        """Bytes of the present hop's request that have left on its present connection."""
        return self._job.sent_bytes if self._job is not None else 0

    @property
    def has_sent_bytes(self) -> bool:
        """True once a byte of any hop may have reached a server."""
        return self._has_sent_hop or (self._job is not None and self._job.has_sent_bytes)
