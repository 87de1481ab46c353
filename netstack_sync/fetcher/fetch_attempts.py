"""FetchAttempts: when the attempts of one fetch begin, and whether there is another one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.exceptions import Attempt
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_TEMPORARILY_THROTTLED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.retry_after import retry_after_s
from netstack_sync.fetcher.retry_count import RetryCount
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.upload import UploadStream
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.url_request.context import URLRequestContext

if TYPE_CHECKING:
    from netstack_sync.url_request.resource_scheduler import ScheduledRequest
    from netstack_sync.url_request.throttler import ThrottlerEntry

_WALL_CLOCK = SystemWallClock()


class AttemptedFetch(Protocol):
    """Whose attempts they are; called on the network thread."""

    upload: UploadStream | None

    def send(self) -> None:
        """An attempt begins now."""

    def fail(self, net_error: int, detail: str = "") -> None:
        """There is no attempt; also when the context ends during a wait."""

    def attempt(self, net_error: int, now: float, wait_s: float = 0.0) -> Attempt:
        """The present attempt as a value."""

    @property
    def response(self) -> HttpResponseInfo | None: ...


class FetchAttempts:
    """Waits for the throttler, a place and the host's turn before each attempt, and for the back-off between them.

    Network thread only; owned by its fetch, and only there when something can be waited for. While it waits it stands
    for the fetch in the context. No wait is begun that would outlast the deadline.
    """

    __slots__ = (
        "_context",
        "_count",
        "_deadline",
        "_fetch",
        "_is_queued",
        "_priority",
        "_random",
        "_request",
        "_scheduled",
        "_throttled",
        "_timer",
        "made",
        "was_sent",
    )

    def __init__(
        self,
        request: FetchRequest,
        context: URLRequestContext,
        fetch: AttemptedFetch,
        deadline: float,
        random: Callable[[], float] = random.random,
        count: RetryCount | None = None,
    ) -> None:
        """`deadline` is in clock seconds; `count` is that of several fetches that are one for the caller."""
        self._request = request
        self._context = context
        self._fetch: AttemptedFetch | None = fetch  # until stop(), which opens the circle
        self._deadline = deadline
        self._random = random
        if count is None and request.retries is not None:
            count = RetryCount(request.retries, request.method)
        self._count = count
        self._timer: DelayedTask | None = None
        self._is_queued = False  # at the rate limiter
        self._priority = request.priority
        self._scheduled: ScheduledRequest | None = None  # from its place in the queue to the end of the attempt
        self._throttled: ThrottlerEntry | None = None
        self.made: tuple[Attempt, ...] = ()
        """Those that are followed by another one."""
        self.was_sent = False
        """True when one of those may have reached a server."""

    def begin(self) -> None:
        """The fetch's send() comes, now or later; or its fail()."""
        admission = self._context.admission
        if admission is not None and admission.throttler is not None:
            self._throttled = admission.throttler.entry_for(self._request.url)
        if self._throttled is None:
            self._schedule()
            return
        delay_s = self._throttled.delay_s()
        if delay_s > 0 and self._is_too_late(delay_s):
            assert self._fetch is not None
            self._fetch.fail(ERR_TEMPORARILY_THROTTLED, f"for {delay_s:.3g} s more, past the deadline")
            return
        self._throttled.reserve_sending_time()
        if delay_s > 0:
            self._wait(delay_s, self._schedule)
        else:
            self._schedule()

    def maybe_retry(self, net_error: int, is_sent: bool) -> bool:
        """True when another attempt follows; then the fetch lets go of this one and waits for send().

        `net_error` says how the attempt ended, OK that the head of an answer is there; `is_sent` that a
        server may have acted on it.
        """
        fetch, count = self._fetch, self._count
        assert fetch is not None
        response = fetch.response if net_error == OK else None
        if response is not None and self._throttled is not None:
            self._throttled.on_status(response.head.status)
        if count is None:
            return False
        end = self._end_of(net_error, response, is_sent)
        wait_s = count.next_wait_s(end, self._random)
        if wait_s is None:
            return False
        if self._throttled is not None:
            wait_s = max(wait_s, self._throttled.delay_s())
        if self._is_too_late(max(wait_s, self._turn_in_s())) or not _is_rewound(fetch.upload):
            return False
        count.count(end)
        self._give_place_back()
        self.was_sent = self.was_sent or is_sent
        self.made = (*self.made, fetch.attempt(net_error, self._context.thread.clock.now(), wait_s))
        self._wait(wait_s, self.begin)
        return True

    def charge_redirect(self, host: str) -> None:
        """A redirect is followed at once, but the host's next guests wait for it."""
        admission = self._context.admission
        if admission is not None and admission.rate_limiter is not None:
            admission.rate_limiter.charge(host)

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on the fetch is as urgent as this."""
        self._priority = priority
        if self._scheduled is not None:
            self._scheduled.set_priority(priority)

    def stop(self) -> None:
        """Nothing is waited for any more; final and idempotent."""
        self._fetch = None
        self._end_wait()
        self._give_place_back()

    @property
    def waits_for(self) -> str:
        """What is waited for, in words; empty while an attempt is under way."""
        if self._scheduled is not None and self._scheduled.is_waiting:
            return "waiting for other requests that are not urgent"
        if self._is_queued:
            return f"waiting for the rate limit of {self._request.url.host}"
        return "waiting for the next attempt" if self._timer is not None else ""

    @property
    def backoff_delay_s(self) -> float:
        """How long the throttler will leave the URL alone from now on."""
        return self._throttled.backoff_s if self._throttled is not None else 0.0

    # --- waiting

    def _schedule(self) -> None:
        """Before the rate limit, which is a promise to the host: nothing may hold a request back after it."""
        self._end_wait()
        admission, url = self._context.admission, self._request.url
        if admission is None or admission.scheduler is None or url.scheme not in ("http", "https"):
            self._queue()
            return
        self._scheduled = admission.scheduler.schedule(url.origin, self._priority, self._queue)
        if self._scheduled.is_waiting:
            self._context.add_request(self)
        else:
            self._queue()

    def _give_place_back(self) -> None:
        scheduled, self._scheduled = self._scheduled, None
        if scheduled is not None:
            scheduled.finish()

    def _queue(self) -> None:
        self._end_wait()
        admission = self._context.admission
        if admission is None or admission.rate_limiter is None:
            self._send()
        elif admission.rate_limiter.admit(self._request.url.host, self._send) == ERR_IO_PENDING:
            self._is_queued = True
            self._context.add_request(self)
        else:
            self._send()

    def _send(self) -> None:
        self._is_queued = False
        self._context.remove_request(self)
        assert self._fetch is not None, "nobody calls after stop()"
        self._fetch.send()

    def _wait(self, wait_s: float, then: Callable[[], None]) -> None:
        """Always by the timer, so that an attempt never begins inside the callback that ended the last one."""

        def on_time() -> None:
            self._end_wait()
            then()

        self._context.add_request(self)
        self._timer = self._context.thread.timers.call_later(wait_s, on_time)

    def _end_wait(self) -> None:
        self._context.remove_request(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        admission = self._context.admission
        if self._is_queued and admission is not None and admission.rate_limiter is not None:
            self._is_queued = False
            admission.rate_limiter.stop_waiting(self._request.url.host, self._send)

    def fail(self, net_error: int) -> None:
        """See LiveRequest: the context ends."""
        if self._fetch is not None:
            self._fetch.fail(net_error)

    def _is_too_late(self, wait_s: float) -> bool:
        return self._context.thread.clock.now() + wait_s >= self._deadline

    def _turn_in_s(self) -> float:
        """When the host would let us in if we came now; nobody is asked again for an answer that comes too late."""
        admission = self._context.admission
        if admission is None or admission.rate_limiter is None:
            return 0.0
        return admission.rate_limiter.turn_in_s(self._request.url.host)

    def _end_of(self, net_error: int, response: HttpResponseInfo | None, is_sent: bool) -> AttemptEnd:
        if response is None:
            return AttemptEnd(net_error, may_have_been_sent=is_sent)
        wait_s = retry_after_s(response.head.headers, _WALL_CLOCK.now)
        return AttemptEnd(net_error, response.head.status, is_sent, wait_s)


def _is_rewound(upload: UploadStream | None) -> bool:
    return upload is None or upload.rewind() == OK
