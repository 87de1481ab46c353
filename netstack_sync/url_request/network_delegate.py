"""NetworkDelegate: who sees every request of a context on its way, and may change, hold up and refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from netstack_sync.auth.challenge import AuthChallenge
from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import HeaderItems, RequestHeaders, ResponseHeaders
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.wire.http1_response import ResponseHead


class DelegatedRequest(Protocol):
    """The request that a delegate is asked about; the same object from its first hop to on_completed()."""

    net_log: NetLogWithSource

    @property
    def url(self) -> Url:
        """The URL of the present hop."""

    @property
    def info(self) -> HttpRequestInfo:
        """The request of the present hop."""

    @property
    def response(self) -> HttpResponseInfo | None:
        """The answer of the present hop, once it is there."""

    @property
    def timing(self) -> LoadTiming | None:
        """Where the time of the present hop went."""

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on the request is as urgent as this."""

    def fail(self, net_error: int) -> None:
        """Ends the request with an error that its owner is told; also inside a method of the delegate."""


class HopStart:
    """What on_before_url_request() may decide."""

    __slots__ = ("_url", "redirect_url")

    def __init__(self, url: Url) -> None:
        self._url = url
        self.redirect_url: Url | None = None
        """Where the request is to go instead."""

    def redirect(self, url: str | Url) -> None:
        """Sends the request elsewhere, method and body included, as a 307 would; raises InvalidURL."""
        self.redirect_url = url if isinstance(url, Url) else self._url.resolve(url)


class ReceivedHead:
    """The head of an answer as on_headers_received() may change it; the body stays what it is."""

    __slots__ = ("headers", "is_changed", "reason", "status")

    def __init__(self, head: ResponseHead) -> None:
        self.status = head.status
        self.reason = head.reason
        self.headers = head.headers
        self.is_changed = False

    def set_headers(self, items: HeaderItems | ResponseHeaders) -> None:
        """Takes these for all headers of the answer; raises ValueError for what HTTP does not allow."""
        pairs = items.items() if isinstance(items, ResponseHeaders) else RequestHeaders(items).items()
        self.headers = ResponseHeaders.from_items(pairs)
        self.is_changed = True

    def set_status(self, status: int, reason: str = "") -> None:
        """Takes the answer for another one, with the same body."""
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise ValueError(f"status: must be a number from 200 to 599, not {status!r}")
        self.status, self.reason = status, reason
        self.is_changed = True

    def redirect(self, url: str | Url) -> None:
        """Takes the answer for a 302 to this URL, as if the server had sent it."""
        location = url.href if isinstance(url, Url) else url
        others = [(name, value) for name, value in self.headers.items() if name.lower() != "location"]
        self.set_headers([*others, ("Location", location)])
        self.set_status(302, "Found")


class NetworkDelegate:
    """Base of delegates; each method lets everything be. Override those that are needed (net/base/network_delegate.h).

    All methods are called on the network thread, which serves everybody: they must not block, and must not wait for a
    fetch. `Session(network_delegate=...)` installs one for all requests of a session; it sees neither lookups over
    HTTPS nor OCSP. A fetch that is retried is a request for each attempt.

    The first three methods answer OK, an error that ends the request, or ERR_IO_PENDING; then the request waits, within
    its limits of time, until `on_done(OK)` or `on_done(error)` is called, from any thread. Only the first call counts,
    and none once the request has ended. The others cannot wait; `request.fail(error)` ends the request in any of them.

    A method that raises, or answers something else, has a bug: it is printed and its request fails with
    ERR_UNEXPECTED; no other request notices.
    """

    def on_before_url_request(self, request: DelegatedRequest, start: HopStart, on_done: Completion) -> int:
        """A hop begins, before anything is done for it; `start.redirect()` sends it elsewhere.

        Such a redirect counts as one of `max_redirects`, and takes no credentials to another origin. It is followed
        also where the caller does not want to follow those of servers.
        """
        return OK

    def on_before_send_headers(self, request: DelegatedRequest, headers: RequestHeaders, on_done: Completion) -> int:
        """The headers are about to be sent, with cookies and credentials; `headers` may be changed until the answer.

        Called again when they are sent again: after a challenge, or over another connection. What tells the length
        of the body is added afterwards, and takes the place of what is said of it here.
        """
        return OK

    def on_headers_received(self, request: DelegatedRequest, answer: ReceivedHead, on_done: Completion) -> int:
        """An answer is there: before its cookies are kept, a redirect is followed or a challenge met.

        `answer` may be changed until it is answered here. Content-Length and Transfer-Encoding have had their effect.
        """
        return OK

    def on_before_redirect(self, request: DelegatedRequest, redirect: RedirectInfo) -> None:
        """A redirect is going to be followed; `request` is still at the hop that redirects."""

    def on_auth_required(
        self, request: DelegatedRequest, challenges: Sequence[AuthChallenge]
    ) -> AuthIdentity | tuple[str, str] | int:
        """The server asks who we are and the caller has not said it, or in vain.

        User and password answer for this hop, Digest before Basic; an error ends the request; OK leaves the 401 to
        the caller. Asked at most five times for one request, and not again for an answer that was refused.
        """
        return OK

    def on_response_started(self, request: DelegatedRequest, net_error: int) -> None:
        """The caller is about to get the head of the final response, or the error in its place."""

    def on_completed(self, request: DelegatedRequest, started: bool, net_error: int) -> None:
        """The request is over. Exactly once for every request for which anything was called here.

        `net_error` is OK, ERR_ABORTED when the caller lost interest, or why there is no (complete) answer. `started` is
        False when it ended before anything was done for its present hop.
        """
