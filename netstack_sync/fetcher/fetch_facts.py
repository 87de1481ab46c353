"""FetchFacts: what is known of a fetch at any moment, whichever attempt it is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.exception_map import TimeoutPhase
from netstack_sync.base.exceptions import Attempt, NetErrorCode
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import OK, error_name
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import shown_url
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.upload import UploadStream
from netstack_sync.url_request.url_request import URLRequest

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.fetcher.fetch_attempts import FetchAttempts


class FetchFacts:
    """The part of a URLFetcher that only tells. Network thread only until the fetch is over.

    The URLFetcher sets its values together with its own: a call less for each fetch.
    """

    __slots__ = (
        "_attempts",
        "attempts",
        "error_detail",
        "last_attempt",
        "next_hop",
        "request",
        "upload",
        "url_request",
    )

    request: FetchRequest
    _attempts: FetchAttempts | None  # none where nothing can be waited for
    attempts: tuple[Attempt, ...]
    """Those that were followed by another one, oldest first."""
    error_detail: str
    """What went wrong, in words; may be empty."""
    last_attempt: Attempt | None
    """That which failed, when the fetch did."""
    upload: UploadStream | None
    """The body that is sent; of a request without one, what was put here before the start: a ChunkedUpload."""
    next_hop: HttpRequestInfo | None
    """Where a redirect leads that the caller does not want followed."""
    url_request: URLRequest | None
    """That of the present attempt; None before the first one and between two."""

    @property
    def url(self) -> Url:
        """The URL of the last hop."""
        return self.url_request.url if self.url_request is not None else self.request.url

    @property
    def response(self) -> HttpResponseInfo | None:
        """The last hop's answer."""
        return self.url_request.response if self.url_request is not None else None

    @property
    def is_encoded(self) -> bool:
        """True when the last hop's body comes with a Content-Encoding, to be taken off piece by piece."""
        response = self.response
        return response is not None and b"content-encoding" in response.head.headers.noted

    @property
    def history(self) -> list[HttpResponseInfo]:
        """The redirects on the way, oldest first."""
        return self.url_request.history if self.url_request is not None else []

    @property
    def timing(self) -> LoadTiming | None:
        """Where the time went."""
        return self.url_request.timing if self.url_request is not None else None

    def connecting_since(self) -> float | None:
        """See LimitedFetch."""
        return self.url_request.connecting_since if self.url_request is not None else None

    def load_state(self) -> LoadState:
        """What the fetch waits for."""
        if self.url_request is None and self._attempts is not None and self._attempts.waits_for:
            return LoadState.WAITING_FOR_DELEGATE  # as Chromium calls it while somebody holds a request back
        return self.url_request.load_state if self.url_request is not None else LoadState.IDLE

    @property
    def state_in_words(self) -> str:
        """The same for people."""
        held_back = self._attempts.waits_for if self._attempts is not None else ""
        return held_back or self.load_state().name.lower().replace("_", " ")

    def _limit_in_words(self, phase: TimeoutPhase, limit_s: float) -> str:
        """What a limit has ended. Of a request that has not failed by itself the detail is its way, if it has one."""
        what = f"the {phase} limit of {limit_s:g} s was reached while {self.state_in_words}"
        way = self.url_request.error_detail if self.url_request is not None else ""
        return f"{what}, {way}" if way else what

    @property
    def location_shown(self) -> str:
        """What the last hop's answer says that the next one is, short enough for an error."""
        response = self.response
        return shown_url((response.head.headers.get("location") or "") if response is not None else "")

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the fetch failed."""
        return self.url_request.ssl_info if self.url_request is not None else None

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left on the present connection."""
        return self.url_request.sent_bytes if self.url_request is not None else 0

    @property
    def waits_for_upload(self) -> bool:
        """True while the caller's file or iterator is waited for."""
        return self.upload is not None and self.upload.is_pending

    @property
    def has_attempt_sent(self) -> bool:
        """True when a server may have acted on the present attempt."""
        request = self.url_request
        return request is not None and (request.has_sent_bytes or request.sent_bytes > 0)

    @property
    def may_have_been_sent(self) -> bool:
        """True when a server may have acted on the request, in any attempt."""
        return self.has_attempt_sent or (self._attempts is not None and self._attempts.was_sent)

    @property
    def backoff_delay_s(self) -> float:
        """How long the throttler will leave the URL alone; 0 without one (URLFetcher::GetBackoffDelay)."""
        return self._attempts.backoff_delay_s if self._attempts is not None else 0.0

    @property
    def net_log_source_id(self) -> int:
        """The request's id in the NetLog; 0 before the start."""
        return self.url_request.net_log.id if self.url_request is not None else 0

    def attempt(self, net_error: int, now: float, wait_s: float = 0.0) -> Attempt:
        """The present attempt as a value, seen at a moment in clock seconds."""
        response, timing = self.response, self.history[0].timing if self.history else self.timing
        begun = timing.request_start if timing is not None else None
        return Attempt(
            response.head.status if response is not None else None,
            NetErrorCode(error_name(net_error), net_error) if net_error != OK else None,
            now - begun if begun is not None else 0.0,
            wait_s,
        )
