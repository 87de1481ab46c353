"""URLFetcher: one fetch on the network thread, with callbacks, deadlines and the body collected."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.exception_map import TimeoutPhase
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.fetch_body import FetchBody
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.hop_info import interim_for, upload_for
from netstack_sync.fetcher.phase_limits import PhaseLimits
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.loop.deadlines import DeadlineQueue
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.redirects import RedirectInfo, redirected_request
from netstack_sync.url_request.url_request import URLRequest

if TYPE_CHECKING:
    from netstack_sync.fetcher.fetch_news import FetchNews
    from netstack_sync.fetcher.retry_count import RetryCount


class URLFetcherDelegate(Protocol):
    """Called on the network thread; must not block."""

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """The fetch is over; `net_error` tells how. Comes exactly once unless the fetch is cancelled."""


class BodySink(Protocol):
    """Takes the body piece by piece instead of having it collected."""

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """The head is there; pieces follow."""

    def write(self, piece: bytes) -> bool:
        """Takes a piece; False pauses the fetch until resume()."""


class URLFetcher(FetchBody):
    """Owner of a URLRequest; network thread only.

    The deadline covers everything from the moment it was counted from, whatever the fetch is waiting for. After
    cancel() the delegate is not called (net/url_request/url_fetcher.h).
    """

    __slots__ = (
        "_context",
        "_deadlines",
        "_delegate",
        "_is_paused",
        "_limits",
        "_news",
        "_priority",
        "_retry_count",
        "_sink",
        "net_error",
        "timed_out",
    )

    def __init__(
        self,
        request: FetchRequest,
        context: URLRequestContext,
        delegate: URLFetcherDelegate,
        sink: BodySink | None = None,
        news: FetchNews | None = None,
        retry_count: RetryCount | None = None,
    ) -> None:
        """Without `news` nobody calls the functions that the request may have; with `retry_count` the retries of
        several fetches are counted together.
        """
        self.request = request
        self._context = context
        self._delegate: URLFetcherDelegate | None = delegate
        self._sink, self._news = sink, news
        self.url_request = self._attempts = self._large = None
        self.last_attempt = self.upload = self.next_hop = None
        self._deadlines: DeadlineQueue | None = None  # where the total limit waits, if there is one
        self._limits: PhaseLimits | None = None  # none where no phase has a limit
        self._priority = request.priority
        self._retry_count = retry_count
        self._is_paused = False
        self.attempts, self.body, self._size_bytes = (), [], 0
        self.net_error = ERR_IO_PENDING
        """ERR_IO_PENDING while under way; then OK, or why there is no (complete) answer."""
        self.timed_out: TimeoutPhase | None = None
        """Which of the caller's limits ended the fetch."""
        self.error_detail = ""

    def start(self, started_at: float | None = None) -> None:
        """Starts; the total limit counts from `started_at` (clock seconds), by default from now.

        Does nothing when the fetch is over, because it was cancelled before it began.
        """
        if self.net_error != ERR_IO_PENDING:
            return
        context, request = self._context, self.request
        if context.is_shut_down:
            self._complete(ERR_CONTEXT_SHUT_DOWN)
            return
        timeout, timers, deadline = request.timeout, context.thread.timers, inf
        if (total := timeout.total) is not None:
            deadline = (timers.clock.now() if started_at is None else started_at) + total
            self._deadlines = deadlines = timers.deadlines[total]
            deadlines.add(self, deadline)
        if timeout.connect is not None or timeout.read is not None or timeout.pool is not None:
            self._limits = PhaseLimits(timeout, timers, self)
        if request.body is not None or self.upload is not None:
            self.upload = upload_for(request, self.upload, context, self._news)
        if request.retries is None and context.admission is None:  # fast path
            self.send()
        else:
            from netstack_sync.fetcher.fetch_attempts import FetchAttempts  # late: see load_attempt_rooms()

            self._attempts = FetchAttempts(request, context, self, deadline, count=self._retry_count)
            self._attempts.set_priority(self._priority)
            self._attempts.begin()

    def send(self) -> None:
        """See AttemptedFetch."""
        request, limits, news = self.request, self._limits, self._news
        info = HttpRequestInfo(request.url, request.method, request.headers, request.tls, self.upload, self._priority)
        info.auth, info.cookies, info.proxy = request.auth, request.cookies, request.proxy
        if news is not None or request.expect_continue:
            info.interim = interim_for(request, news)
        self.url_request = url_request = URLRequest(self._context, info, self, request.max_redirects, limits)
        if limits is not None:
            limits.begin_connect()
        url_request.start()

    def cancel(self) -> None:
        """Ends the fetch in any state; the delegate is not called; idempotent."""
        if self.net_error == ERR_IO_PENDING:
            self._delegate = None
            self._complete(ERR_ABORTED)

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on the fetch is as urgent as this."""
        self._priority = priority
        if self._attempts is not None:
            self._attempts.set_priority(priority)
        if self.url_request is not None:
            self.url_request.set_priority(priority)

    def fail(self, net_error: int, detail: str = "") -> None:
        """Ends the fetch in any state with an error that the delegate is told."""
        if self.net_error == ERR_IO_PENDING:
            self.error_detail = self.error_detail or detail
            self._complete(net_error)

    def resume(self) -> None:
        """Goes on reading after the sink paused it."""
        if self._is_paused and self.net_error == ERR_IO_PENDING:
            self._is_paused = False
            self._read_loop()

    # --- URLRequestDelegate

    def on_received_redirect(self, redirect: RedirectInfo) -> RedirectAction:
        """Follows if the caller wants it; what is no server's word is no answer to stop at."""
        if not self.request.follow_redirects and not redirect.is_from_delegate:
            assert self.url_request is not None
            self.next_hop = redirected_request(self.url_request.info, redirect)
            return RedirectAction.STOP
        if self._attempts is not None:
            self._attempts.charge_redirect(redirect.url.host)
        if self._limits is not None:
            self._limits.begin_connect()
        return RedirectAction.FOLLOW

    def on_invalid_redirect(self, net_error: int) -> int:
        """Whoever does not want to follow may look at it: an app's own scheme is a usual end of logging in."""
        if not self.request.follow_redirects:
            return OK
        self.error_detail = f"its Location is {self.location_shown!r}"
        return net_error

    def on_response_started(self, net_error: int) -> None:
        """The head is there, or the request failed."""
        if net_error == ERR_TIMED_OUT and not self.has_attempt_sent:
            self.timed_out = "connect"  # a limit of the connect job's own
        if self._attempts is not None and self._is_retried(net_error):
            return
        if net_error != OK:
            self._complete(net_error)
            return
        if self._sink is not None:
            self._sink.on_response_started(self)
            if self.net_error != ERR_IO_PENDING:
                return  # the sink cancelled
        self._read_loop()

    def on_read_completed(self, data: bytes | int) -> None:
        """A piece that was waited for is there."""
        if self._take(data):
            self._read_loop()

    # --- the body

    def _read_loop(self) -> None:
        request = self.url_request
        assert request is not None
        while True:
            data = request.read()
            if data == ERR_IO_PENDING:
                if self._limits is not None:
                    self._limits.begin_read()
                return
            if not self._take(data):
                return

    def _take(self, data: bytes | int) -> bool:
        """Keeps a piece; True when another one is wanted now."""
        request = self.url_request
        if self.net_error != ERR_IO_PENDING or request is None:
            return False
        if not data or isinstance(data, int):
            if not data or self._sink is not None or not self._is_retried(data):
                self._complete(data or OK)
            return False
        if self._sink is None:
            result = self._keep(data)
            if result != OK:
                self._complete(result)
                return False
        elif not self._hand_over(data, self._sink):
            return False
        if request.is_over:  # fast path: with this piece
            self._complete(OK)
            return False
        return True

    def _hand_over(self, data: bytes, sink: BodySink) -> bool:
        """False when the sink has paused or ended the fetch."""
        self._is_paused = not sink.write(data)
        if self._is_paused and self._limits is not None:
            self._limits.end_read()  # the reader is slow, not the server
        return not self._is_paused and self.net_error == ERR_IO_PENDING

    def on_deadline(self) -> None:
        """See Expiring."""
        total = self.request.timeout.total
        assert total is not None, "else there is no deadline"
        self.on_limit("total", total)

    def on_limit(self, phase: TimeoutPhase, limit_s: float) -> None:
        """See LimitedFetch."""
        self.timed_out = phase
        self.error_detail = self._limit_in_words(phase, limit_s)
        is_repeatable = phase in ("connect", "read") and (self._sink is None or self.response is None)
        if not is_repeatable or not self._is_retried(ERR_TIMED_OUT):
            self._complete(ERR_TIMED_OUT)

    def _is_retried(self, net_error: int) -> bool:
        """True when there will be another attempt: then nothing is left of this one."""
        attempts = self._attempts
        if attempts is None or not attempts.maybe_retry(net_error, self.has_attempt_sent):
            return False
        self.attempts = attempts.made
        assert self.url_request is not None
        self.url_request.cancel()
        self.url_request = None
        if self._limits is not None:
            self._limits.end_connect()
            self._limits.end_read()
        self._drop_body()
        self.timed_out = self.next_hop = None
        self.error_detail = ""
        return True

    # --- the end

    def _complete(self, net_error: int) -> None:
        self.net_error = net_error
        request, delegate = self.url_request, self._delegate
        if net_error != OK and request is not None:
            self.error_detail = self.error_detail or request.error_detail
            self.last_attempt = self.attempt(net_error, self._context.thread.clock.now())
        try:
            self._delegate = self._sink = self._news = None
            if self._large is not None:
                self.body, self._large = [self._large.value()], None
            if self._deadlines is not None:
                self._deadlines.discard(self)
            if self._limits is not None:
                self._limits.stop()
            if self._attempts is not None:
                self._attempts.stop()
            if request is not None and not request.is_over:
                request.cancel()
            if self.upload is not None:
                self.upload.cancel()
        finally:  # whatever happens, nobody waits for ever
            if delegate is not None:
                delegate.on_fetch_complete(self)
