"""RedirectJob: a hop that sends the request elsewhere by itself, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.clock import TickClock
from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.wire.http1_framing import HTTP_1_1, Framing
from netstack_sync.wire.http1_response import ResponseHead

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.url_request.job import OnData

_NO_BODY = Framing(content_length=0, is_chunked=False, keep_alive=False, in_doubt=False)


class RedirectJob:
    """See URLRequestJob. Its answer is made up, for whoever reads the history; `redirect` is what counts.

    After net/url_request/url_request_redirect_job.cc.
    """

    __slots__ = ("_clock", "_net_log", "_reason", "_url", "redirect", "response", "timing")

    has_sent_bytes = False
    sent_bytes = 0
    is_body_complete = True
    load_state = LoadState.IDLE
    connecting_since: float | None = None
    ssl_info: SSLInfo | None = None
    error_detail = ""

    def __init__(
        self, url: Url, redirect: RedirectInfo, reason: str, clock: TickClock, net_log: NetLogWithSource
    ) -> None:
        self._url = url
        self._reason = reason
        self._clock = clock
        self._net_log = net_log
        self.redirect = redirect
        self.response: HttpResponseInfo | None = None
        self.timing: LoadTiming | None = None

    def start(self, on_headers: Completion) -> int:
        """OK."""
        self._net_log.event(NetLogEventType.URL_REQUEST_REDIRECT_JOB, lambda _: {"reason": self._reason})
        now = self._clock.now()
        self.timing = LoadTiming(
            request_start=now,
            send_start=now,
            send_end=now,
            receive_headers_start=now,
            receive_headers_end=now,
            response_end=now,
        )
        self.response = HttpResponseInfo(self._url, self._make_head(), self.timing, None, None)
        return OK

    def read(self, on_data: OnData) -> bytes | int:
        """b"": there is no body."""
        return b""

    def set_priority(self, priority: RequestPriority) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is under way."""

    def _make_head(self) -> ResponseHead:
        # Without credentials: histories are printed.
        location = self.redirect.url.without_credentials().href
        headers = ResponseHeaders.from_items([("Location", location), ("Non-Authoritative-Reason", self._reason)])
        return ResponseHead(self.redirect.status, "Internal Redirect", HTTP_1_1, headers, _NO_BODY)
