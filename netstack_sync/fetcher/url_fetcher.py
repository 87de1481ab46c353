"""URLFetcher: one fetch on the network thread, with callbacks, deadlines and the body collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.exception_map import TimeoutPhase
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FILE_TOO_BIG,
    ERR_IO_PENDING,
    ERR_OUT_OF_MEMORY,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.fetch_attempts import FetchAttempts
from netstack_sync.fetcher.fetch_facts import FetchFacts
from netstack_sync.fetcher.hop_info import info_for, upload_for
from netstack_sync.fetcher.large_body import LOOSE_BYTES, LargeBody
from netstack_sync.fetcher.options import FetchRequest
from netstack_sync.fetcher.phase_limits import PhaseLimits
from netstack_sync.fetcher.retry_policy import RetryCount
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.redirects import RedirectInfo, redirected_request
from netstack_sync.url_request.url_request import URLRequest

if TYPE_CHECKING:
    from netstack_sync.fetcher.fetch_news import FetchNews


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


class URLFetcher(FetchFacts):
    """Owner of a URLRequest; network thread only.

    The deadline covers everything from the moment it was counted from, whatever the fetch is waiting for. After
    cancel() the delegate is not called (net/url_request/url_fetcher.h).
    """

    __slots__ = (
        "_context",
        "_delegate",
        "_is_paused",
        "_large",
        "_limits",
        "_news",
        "_priority",
        "_retry_count",
        "_sink",
        "_size_bytes",
        "body",
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
        super().__init__(request)
        self._context = context
        self._delegate: URLFetcherDelegate | None = delegate
        self._sink = sink
        self._news = news
        self._limits = PhaseLimits(request.timeout, context.thread.timers, self)
        self._priority = request.priority
        self._retry_count = retry_count
        self._is_paused = False
        self._size_bytes = 0
        self._large: LargeBody | None = None  # none while the pieces are few
        self.body: list[bytes] = []
        """The encoded body, when there is no sink."""
        self.net_error = ERR_IO_PENDING
        """ERR_IO_PENDING while under way; then OK, or why there is no (complete) answer."""
        self.timed_out: TimeoutPhase | None = None
        """Which of the caller's limits ended the fetch."""

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
        self._limits.start(started_at)
        if request.body is not None or self.upload is not None:
            self.upload = upload_for(request, self.upload, context, self._news)
        if request.retries is None and context.admission is None:  # fast path
            self.send()
        else:
            self._attempts = FetchAttempts(request, context, self, self._limits.deadline, count=self._retry_count)
            self._attempts.set_priority(self._priority)
            self._attempts.begin()

    def send(self) -> None:
        """See AttemptedFetch."""
        request = self.request
        info = info_for(request, self.upload, self._priority, self._news)
        self._request = URLRequest(self._context, info, self, request.max_redirects)
        self._limits.begin_connect()
        self._request.start()

    def cancel(self) -> None:
        """Ends the fetch in any state; the delegate is not called; idempotent."""
        if self.net_error == ERR_IO_PENDING:
            self.net_error = ERR_ABORTED
            self._release()

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on the fetch is as urgent as this."""
        self._priority = priority
        if self._attempts is not None:
            self._attempts.set_priority(priority)
        if self._request is not None:
            self._request.set_priority(priority)

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
            assert self._request is not None
            self.next_hop = redirected_request(self._request.info, redirect)
            return RedirectAction.STOP
        if self._attempts is not None:
            self._attempts.charge_redirect(redirect.url.host)
        self._limits.begin_connect()
        return RedirectAction.FOLLOW

    def on_invalid_redirect(self, net_error: int) -> int:
        """Whoever does not want to follow may look at it: an app's own scheme is a usual end of logging in."""
        if not self.request.follow_redirects:
            return OK
        self.error_detail = f"its Location is {self.location_shown!r}"
        return net_error

    def on_connected(self) -> None:
        """The connect limit is kept."""
        self._limits.on_connected()

    def on_reconnect(self) -> None:
        """That limit counts anew."""
        self._limits.begin_connect()

    def on_request_sent(self) -> None:
        """From now on the server is waited for."""
        self._limits.begin_read()

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
        request = self._request
        assert request is not None
        while not self._is_paused:
            data = request.read()
            if data == ERR_IO_PENDING:
                self._limits.begin_read()
                return
            if not self._take(data):
                return
        self._limits.end_read()  # the reader is slow, not the server

    def _take(self, data: bytes | int) -> bool:
        """Keeps a piece; False when the fetch is over."""
        if self.net_error != ERR_IO_PENDING:
            return False
        if isinstance(data, int):
            if self._sink is not None or not self._is_retried(data):
                self._complete(data)
            return False
        if not data:
            self._complete(OK)
            return False
        if self._sink is not None:
            self._is_paused = not self._sink.write(data)
            return self.net_error == ERR_IO_PENDING  # else the sink cancelled
        self._size_bytes += len(data)
        limit = self.request.max_response_size
        if limit is not None and self._size_bytes > limit:
            self.fail(ERR_FILE_TOO_BIG, f"the body exceeds max_response_size={limit}")
            return False
        try:
            if self._large is None and self._size_bytes > LOOSE_BYTES and not self.is_encoded:
                self._large = LargeBody(self.body)
            (self.body if self._large is None else self._large).append(data)
        except MemoryError:
            self.fail(ERR_OUT_OF_MEMORY, f"there is no memory for {self._size_bytes} bytes of a body; stream it")
            return False
        return True

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
        assert self._request is not None
        self._request.cancel()
        self._request = None
        self._limits.end_connect()
        self._limits.end_read()
        self.body, self._large, self._size_bytes = [], None, 0
        self.timed_out = None
        self.next_hop = None
        self.error_detail = ""
        return True

    # --- the end

    def _complete(self, net_error: int) -> None:
        self.net_error = net_error
        if net_error != OK and self._request is not None:
            self.error_detail = self.error_detail or self._request.error_detail
            self.last_attempt = self.attempt(net_error, self._context.thread.clock.now())
        delegate = self._delegate
        try:
            self._release()
        finally:  # whatever happens, nobody waits for ever
            if delegate is not None:
                delegate.on_fetch_complete(self)

    def _release(self) -> None:
        self._delegate = self._sink = self._news = None
        if self._large is not None:
            self.body, self._large = [self._large.value()], None
        self._limits.stop()
        if self._attempts is not None:
            self._attempts.stop()
        if self._request is not None:
            self._request.cancel()
        if self.upload is not None:
            self.upload.cancel()
