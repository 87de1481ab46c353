"""The attempts of one fetch: back-off, deadline, what of the request may go twice; with a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from netstack_sync.base.exceptions import Attempt, NetErrorCode
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_EMPTY_RESPONSE,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TEMPORARILY_THROTTLED,
    ERR_TIMED_OUT,
    OK,
    error_name,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.request_body import RequestBody, make_body
from netstack_sync.fetcher.retry_policy import RetryPolicy
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.admission import Admission
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.host_rate_limiter import HostRateLimiter
from netstack_sync.url_request.rate_limit import RateLimits
from netstack_sync.url_request.resource_scheduler import ResourceScheduler, ResourceSchedulerSettings
from netstack_sync.url_request.throttler import URLRequestThrottler
from tests.support.scripted_socket import EOF, Read, Step, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, scripted_stack
from tests.support.url_requests import context_over

FINE = Read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
BUSY = Read(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
LAST = Read(b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
PROMPT = RetryPolicy(backoff=0)
PATIENT = RetryPolicy(backoff=10, jitter=0)


def head(method: str = "GET", target: str = "/", extra: str = "", host: str = "a.test") -> Write:
    """The request as it is expected on the wire."""
    return Write(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n{extra}\r\n".encode())


GET = head()


def times(count: int, *steps: Step) -> list[Step]:
    """The same conversation so many times."""
    return list(steps) * count


class Scene:
    """One fetch over scripted connections, and what its delegate and sink were told."""

    def __init__(self, stack: ScriptedStack) -> None:
        self.stack = stack
        self.context: URLRequestContext = context_over(stack)
        self.results: list[int] = []
        self.on_result: Callable[[], None] = lambda: None
        self.heads = 0
        self.streamed = b""
        self.fetcher: URLFetcher

    def admit(self, rate: float | None = None, throttles: bool = False, places: int = 0) -> None:
        """The context holds requests back from now on."""
        limits = RateLimits.from_value(rate)
        self.context.admission = Admission(
            HostRateLimiter(limits, self.stack.thread.timers) if limits is not None else None,
            URLRequestThrottler(self.stack.clock, lambda: 0.0) if throttles else None,
            ResourceScheduler(ResourceSchedulerSettings(max_delayable=places), self.stack.thread.post)
            if places
            else None,
        )

    def start(
        self,
        retries: RetryPolicy | None = PROMPT,
        method: str = "GET",
        body: RequestBody | None = None,
        timeout: Timeout | None = None,
        is_stream: bool = False,
        url: str = "http://a.test/",
        started_at: float | None = None,
        priority: RequestPriority = RequestPriority.MEDIUM,
    ) -> URLFetcher:
        """A fetch that has begun and gone as far as it goes by itself."""
        request = FetchRequest(
            url=Url.parse(url),
            method=method,
            headers=RequestHeaders(),
            body=body,
            timeout=timeout or Timeout(),
            tls=TlsConfig(TrustConfig()),
            follow_redirects=True,
            max_redirects=20,
            priority=priority,
            max_response_size=None,
            retries=retries,
        )
        self.fetcher = URLFetcher(request, self.context, self, self if is_stream else None)
        self.fetcher.start(started_at)
        self.stack.run_workers()
        return self.fetcher

    def advance(self, delta_s: float) -> None:
        """Lets time pass."""
        self.stack.advance(delta_s)
        self.stack.run_workers()

    @property
    def body(self) -> bytes:
        """What was collected."""
        return b"".join(self.fetcher.body)

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self.results.append(fetcher.net_error)
        self.on_result()

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink."""
        self.heads += 1

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        self.streamed += piece
        return True


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with scripted_stack(request.param) as stack:
        scene = Scene(stack)
        yield scene
        stack.run()
        assert scene.context.request_count == 0


def _code(error: int) -> NetErrorCode:
    return NetErrorCode(error_name(error), error)


# --- what is tried again


def test_without_retries_an_answer_is_an_answer(scene: Scene) -> None:
    scene.stack.connection(GET, BUSY)
    fetcher = scene.start(None)
    assert (scene.results, scene.body, fetcher.attempts, fetcher.last_attempt) == ([OK], b"busy", (), None)


def test_an_answer_that_says_later_is_asked_for_again(scene: Scene) -> None:
    """The first one is read to its end, so that its connection serves the second."""
    scene.stack.connection(GET, BUSY, GET, FINE)
    scene.start(PATIENT)
    assert scene.results == [] and scene.context.request_count == 1
    scene.advance(9.9)
    assert scene.results == []
    scene.advance(0.2)
    assert (scene.results, scene.body) == ([OK], b"fine")
    assert scene.fetcher.attempts == (Attempt(503, None, 0.0, 10.0),)


def test_the_last_answer_is_given_when_the_retries_are_used_up(scene: Scene) -> None:
    scene.stack.connection(GET, BUSY, GET, BUSY, GET, BUSY)
    scene.start(RetryPolicy(total=2, backoff=0))
    scene.advance(0)
    assert (scene.results, scene.body) == ([OK], b"busy")
    assert [attempt.status for attempt in scene.fetcher.attempts] == [503, 503]


def test_the_last_error_is_given_when_the_retries_are_used_up(scene: Scene) -> None:
    for _ in range(3):
        scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    scene.start(RetryPolicy(total=2, backoff=1, jitter=0))
    scene.advance(1)
    scene.advance(2)
    refused = _code(ERR_CONNECTION_REFUSED)
    assert scene.results == [ERR_CONNECTION_REFUSED]
    assert scene.fetcher.attempts == (Attempt(None, refused, 0.0, 1.0), Attempt(None, refused, 0.0, 2.0))
    assert scene.fetcher.last_attempt == Attempt(None, refused, 0.0, 0.0)
    assert scene.fetcher.error_detail == "scripted failure" and not scene.fetcher.may_have_been_sent


def test_a_fresh_connection_that_breaks_is_tried_again(scene: Scene) -> None:
    """What the resend rule leaves alone, because the server may have seen it."""
    scene.stack.connection(GET, Read(ERR_CONNECTION_RESET))
    scene.stack.connection(GET, EOF)
    scene.stack.connection(GET, FINE)
    scene.start(PROMPT)
    scene.advance(0)
    assert (scene.results, scene.body) == ([OK], b"fine")
    assert [attempt.net_error for attempt in scene.fetcher.attempts] == [
        _code(ERR_CONNECTION_RESET),
        _code(ERR_EMPTY_RESPONSE),
    ]
    assert scene.fetcher.may_have_been_sent


def test_half_a_body_is_thrown_away(scene: Scene) -> None:
    scene.stack.connection(GET, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), EOF)
    scene.stack.connection(GET, FINE)
    scene.start(PROMPT)
    scene.advance(0)
    assert (scene.results, scene.body) == ([OK], b"fine")
    (attempt,) = scene.fetcher.attempts
    assert (attempt.status, attempt.net_error) == (200, _code(ERR_CONTENT_LENGTH_MISMATCH))


def test_redirects_are_followed_anew(scene: Scene) -> None:
    """From the URL that was asked for; the history is that of the last attempt."""
    moved = Read(b"HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    scene.stack.connection(GET, moved, head(target="/b"), BUSY, GET, moved, head(target="/b"), FINE)
    scene.start(PROMPT)
    scene.advance(0)
    assert (scene.results, scene.body, len(scene.fetcher.history)) == ([OK], b"fine", 1)


@pytest.mark.parametrize("change", [0, 1, 2])
def test_a_change_of_the_network_is_survived_so_many_times(scene: Scene, change: int) -> None:
    """Row 244, RetryOnNetworkChangedAndFail and AndSucceed: exactly n retries, at once; then NETWORK_CHANGED."""
    for _ in range(min(change + 1, 2)):
        scene.stack.connection(GET, Read(ERR_NETWORK_CHANGED))
    if change == 2:
        scene.stack.connection(GET, FINE)
    scene.start(RetryPolicy.for_server_errors(0, network_changes=change))
    scene.advance(0)
    assert scene.results == [OK if change == 2 else ERR_NETWORK_CHANGED]
    assert len(scene.fetcher.attempts) == change


def test_throttle_on_5xx_retries(scene: Scene) -> None:
    """Row 248, ThrottleOn5xxRetries: eleven retries make twelve attempts, of which the first two cost no wait."""
    scene.stack.connection(*times(12, GET, Read(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")))
    scene.start(RetryPolicy.for_server_errors(11))
    waits = 0
    while not scene.results:
        scene.advance(0.1)
        waits += 1
        assert waits < 1000
    assert scene.results == [OK] and len(scene.fetcher.attempts) == 11
    assert scene.fetcher.response is not None and scene.fetcher.response.head.status == 500
    shown = [attempt.wait_s for attempt in scene.fetcher.attempts]
    assert shown[:2] == [0.0, 0.0] and 0.42 <= shown[2] <= 0.7 and shown[10] > shown[2]


# --- what may go twice


def test_what_was_sent_is_not_done_twice(scene: Scene) -> None:
    scene.stack.connection(head("POST", extra="Content-Length: 0\r\n"), Read(ERR_CONNECTION_RESET))
    scene.start(PROMPT, "POST")
    assert scene.results == [ERR_CONNECTION_RESET] and scene.fetcher.attempts == ()


def test_what_was_not_sent_may_be_of_any_method(scene: Scene) -> None:
    scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    scene.stack.connection(head("POST", extra="Content-Length: 0\r\n"), FINE)
    scene.start(PROMPT, "POST")
    scene.advance(0)
    assert scene.results == [OK] and len(scene.fetcher.attempts) == 1


def test_a_body_goes_again_from_its_beginning(scene: Scene) -> None:
    put = head("PUT", extra="Content-Length: 4\r\n")
    scene.stack.connection(put, Write(b"data"), BUSY, put, Write(b"data"), FINE)
    scene.start(PROMPT, "PUT", make_body(content=BytesIO(b"data")))
    scene.advance(0)
    assert scene.results == [OK] and scene.body == b"fine"


def test_a_body_that_is_gone_is_not_sent_again(scene: Scene) -> None:
    """The answer is given as it is."""
    put = head("PUT", extra="Transfer-Encoding: chunked\r\n")
    scene.stack.connection(put, Write(b"4\r\ndata\r\n0\r\n\r\n"), BUSY)
    scene.start(PROMPT, "PUT", make_body(content=iter([b"data"])))
    assert (scene.results, scene.body, scene.fetcher.attempts) == ([OK], b"busy", ())


def test_a_body_that_was_not_begun_may_wait(scene: Scene) -> None:
    scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    post = head("POST", extra="Transfer-Encoding: chunked\r\n")
    scene.stack.connection(post, Write(b"4\r\ndata\r\n0\r\n\r\n"), FINE)
    scene.start(PROMPT, "POST", make_body(content=iter([b"data"])))
    scene.advance(0)
    assert scene.results == [OK]


def test_what_the_users_body_raises_is_not_tried_again(scene: Scene) -> None:
    def broken() -> Iterator[bytes]:
        raise KeyError("the user's")
        yield b""

    scene.stack.connection(head("PUT", extra="Transfer-Encoding: chunked\r\n"))
    scene.start(PROMPT, "PUT", make_body(content=broken()))
    assert scene.results == [ERR_FAILED] and scene.fetcher.attempts == ()


# --- time


def test_no_retry_is_begun_that_would_outlast_the_deadline(scene: Scene) -> None:
    """The answer that is there is worth more than a time-out."""
    scene.stack.connection(GET, BUSY, GET, BUSY)
    scene.start(PATIENT, timeout=Timeout(total=30))
    scene.advance(10)
    assert (scene.results, scene.body) == ([OK], b"busy")
    assert [attempt.wait_s for attempt in scene.fetcher.attempts] == [10.0]


@pytest.mark.parametrize("started_at, left_s", [(98.0, 3.0), (None, 5.0)])
def test_the_total_counts_from_the_call(scene: Scene, started_at: float | None, left_s: float) -> None:
    """Not from when the network thread got to it; by default from now. Every phase is in it."""
    scene.stack.connection(GET)
    scene.start(timeout=Timeout(total=5.0, read=60.0), started_at=started_at)
    scene.advance(left_s - 0.1)
    assert scene.results == []
    scene.advance(0.2)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "total")
    scene.advance(100.0)
    assert len(scene.results) == 1


def test_the_deadline_is_one_for_all_attempts(scene: Scene) -> None:
    scene.stack.connection(GET, BUSY, GET)
    scene.start(PATIENT, timeout=Timeout(total=15))
    scene.advance(10)
    scene.advance(4.9)
    assert scene.results == []
    scene.advance(0.1)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "total")
    assert scene.fetcher.last_attempt is not None and round(scene.fetcher.last_attempt.elapsed_s, 6) == 5.0
    assert scene.fetcher.may_have_been_sent


def test_retry_after_is_honoured(scene: Scene) -> None:
    busy = Read(b"HTTP/1.1 503 Busy\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n")
    scene.stack.connection(GET, busy, GET, FINE)
    scene.start(PROMPT)
    scene.advance(19.9)
    assert scene.results == []
    scene.advance(0.1)
    assert scene.results == [OK] and scene.fetcher.attempts[0].wait_s == 20.0


def test_retry_after_beyond_the_cap_ends_it(scene: Scene) -> None:
    scene.stack.connection(GET, Read(b"HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n"))
    scene.start(PROMPT)
    assert scene.results == [OK] and scene.fetcher.attempts == ()


def test_the_limits_of_the_phases_hold_for_each_attempt(scene: Scene) -> None:
    """A server that is silent is asked again, with the same time."""
    scene.stack.failed_connection(NEVER)
    scene.stack.connection(GET)
    scene.stack.connection(GET, FINE)
    scene.start(PROMPT, timeout=Timeout(connect=2, read=3))
    scene.advance(2)
    scene.advance(3)
    scene.advance(0)
    assert (scene.results, scene.fetcher.timed_out, scene.fetcher.error_detail) == ([OK], None, "")
    assert [attempt.net_error for attempt in scene.fetcher.attempts] == [_code(ERR_TIMED_OUT)] * 2
    assert [attempt.elapsed_s for attempt in scene.fetcher.attempts] == [2.0, 3.0]


def test_a_limit_that_no_retry_is_left_for_names_its_phase(scene: Scene) -> None:
    for _ in range(4):  # each time one more, in case the first one hangs
        scene.stack.failed_connection(NEVER)
    scene.start(RetryPolicy(total=1, backoff=0), timeout=Timeout(connect=2))
    scene.advance(2)
    scene.advance(2)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "connect")


def test_the_connect_jobs_own_limit_counts_as_connect_in_every_attempt(scene: Scene) -> None:
    scene.stack.connection(GET, LAST)
    scene.stack.failed_connection(ERR_TIMED_OUT)
    scene.start(RetryPolicy(total=1, backoff=0))
    scene.advance(0)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "connect")
    assert scene.fetcher.may_have_been_sent, "the first attempt was"


def test_the_wait_for_a_slot_is_not_tried_again(scene: Scene) -> None:
    for _ in range(6):
        scene.stack.failed_connection(NEVER)
    others = [scene.start(None) for _ in range(6)]
    scene.start(PROMPT, timeout=Timeout(pool=1))
    scene.advance(1)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "pool")
    for fetcher in others:
        fetcher.cancel()


# --- the end of a wait


def test_cancel_in_the_back_off_works_at_once(scene: Scene) -> None:
    """Row 249, CancelWhileDelayedByThrottle: no timer, no callback, nothing sent."""
    scene.stack.connection(GET, LAST)
    scene.start(PATIENT)
    assert len(scene.stack.thread.timers) == 1
    scene.fetcher.cancel()
    assert scene.context.request_count == 0 and scene.fetcher.net_error == ERR_ABORTED
    assert len(scene.stack.thread.timers) == 0
    scene.advance(100)
    assert scene.results == []


def test_a_failure_in_the_back_off_tells_of_the_attempts_before(scene: Scene) -> None:
    scene.stack.connection(GET, BUSY)
    scene.start(PATIENT)
    scene.fetcher.fail(ERR_FAILED)
    assert scene.results == [ERR_FAILED] and scene.fetcher.last_attempt is None
    assert [attempt.status for attempt in scene.fetcher.attempts] == [503]


def test_the_end_of_the_context_ends_the_back_off(scene: Scene) -> None:
    """Row 249, ShutdownSameThread: CONTEXT_SHUT_DOWN also for who waits."""
    scene.stack.connection(GET, BUSY)
    scene.start(PATIENT)
    scene.context.shut_down()
    assert scene.results == [ERR_CONTEXT_SHUT_DOWN]


def test_who_is_told_of_the_end_may_cancel_others_that_wait(scene: Scene) -> None:
    """The end of the context reaches only who is still there."""
    scene.stack.connection(GET, BUSY, GET, BUSY)
    fetchers = [scene.start(PATIENT), scene.start(PATIENT)]

    def cancel_all() -> None:
        for fetcher in fetchers:
            fetcher.cancel()

    scene.on_result = cancel_all
    scene.context.shut_down()
    assert scene.results == [ERR_CONTEXT_SHUT_DOWN]


def test_a_priority_set_in_the_back_off_counts(scene: Scene) -> None:
    scene.stack.connection(GET, LAST)
    scene.stack.failed_connection(NEVER)
    scene.start(PATIENT)
    scene.fetcher.set_priority(RequestPriority.HIGHEST)
    scene.advance(10)
    (group,) = scene.stack.pool.groups()
    assert group.top_priority == RequestPriority.HIGHEST
    scene.fetcher.cancel()


# --- streams


def test_a_stream_is_tried_again_until_its_head_is_given_out(scene: Scene) -> None:
    scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    scene.stack.connection(GET, BUSY, GET, FINE)
    scene.start(PROMPT, is_stream=True)
    scene.advance(0)
    assert (scene.results, scene.heads, scene.streamed) == ([OK], 1, b"fine")


def test_a_stream_that_breaks_off_is_not_begun_anew(scene: Scene) -> None:
    scene.stack.connection(GET, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), EOF)
    scene.start(PROMPT, is_stream=True)
    assert (scene.results, scene.heads, scene.streamed) == ([ERR_CONTENT_LENGTH_MISMATCH], 1, b"half")


def test_a_stream_that_falls_silent_is_not_begun_anew(scene: Scene) -> None:
    scene.stack.connection(GET, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    scene.start(PROMPT, is_stream=True, timeout=Timeout(read=1))
    scene.advance(1)
    assert (scene.results, scene.fetcher.attempts) == ([ERR_TIMED_OUT], ())


# --- the host's turn


def test_each_attempt_waits_for_the_hosts_turn(scene: Scene) -> None:
    scene.admit(rate=0.1)
    scene.stack.connection(GET, BUSY, GET, FINE)
    scene.start(PROMPT)
    scene.advance(0)
    assert scene.results == [] and scene.context.request_count == 1
    scene.advance(10)
    assert scene.results == [OK] and scene.body == b"fine"


def test_the_wait_for_ones_turn_counts_against_the_deadline(scene: Scene) -> None:
    scene.admit(rate=0.1)
    scene.stack.connection(GET, FINE, GET, FINE)
    scene.start(None)
    scene.start(None, timeout=Timeout(total=3))
    scene.advance(3)
    assert scene.results == [OK, ERR_TIMED_OUT] and scene.fetcher.last_attempt is None
    assert scene.fetcher.error_detail == (
        "the total limit of 3 s was reached while waiting for the rate limit of a.test"
    )
    scene.start(None)
    scene.advance(7)
    assert scene.results == [OK, ERR_TIMED_OUT, OK], "whoever gave up left the place to the next"


def test_who_would_get_no_turn_in_time_is_given_the_answer_that_is_there(scene: Scene) -> None:
    """As with any wait that would outlast the deadline."""
    scene.admit(rate=0.1)
    scene.stack.connection(GET, BUSY)
    scene.start(PROMPT, timeout=Timeout(total=9))
    scene.advance(0)
    assert (scene.results, scene.body) == ([OK], b"busy")


def test_the_end_of_the_context_ends_the_wait_for_ones_turn(scene: Scene) -> None:
    scene.admit(rate=0.1)
    scene.stack.connection(GET, FINE)
    scene.start(None)
    scene.start(None)
    scene.context.shut_down()
    assert scene.results == [OK, ERR_CONTEXT_SHUT_DOWN]


def test_a_redirect_that_is_followed_counts_too(scene: Scene) -> None:
    scene.admit(rate=0.1)
    moved = Read(b"HTTP/1.1 302 Go\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    scene.stack.connection(GET, moved, head(target="/b"), FINE, GET, FINE)
    scene.start(None)
    assert scene.results == [OK]
    scene.start(None)
    scene.advance(19.9)
    assert scene.results == [OK]
    scene.advance(0.2)
    assert scene.results == [OK, OK]


# --- the throttler


def test_a_url_that_fails_is_left_alone(scene: Scene) -> None:
    """Row 230, InterfaceDuringExponentialBackoff: two failures are free; who comes after the third waits."""
    scene.admit(throttles=True)
    scene.stack.connection(*times(3, GET, BUSY), GET, FINE)
    for _ in range(3):
        scene.start(None)
    assert scene.results == [OK] * 3
    scene.start(None, url="http://a.test/?query")
    scene.fetcher.cancel()
    scene.start(None)
    assert scene.results == [OK] * 3
    scene.advance(0.6)
    assert scene.results == [OK] * 3
    scene.advance(0.2)
    assert scene.results == [OK] * 4


def test_who_has_no_time_to_wait_for_the_throttler_is_told_at_once(scene: Scene) -> None:
    scene.admit(throttles=True)
    scene.stack.connection(*times(3, GET, BUSY))
    for _ in range(3):
        scene.start(None)
    scene.start(None, timeout=Timeout(total=0.5))
    assert scene.results == [OK, OK, OK, ERR_TEMPORARILY_THROTTLED]
    assert scene.fetcher.error_detail == "for 0.7 s more, past the deadline"
    assert not scene.fetcher.may_have_been_sent and scene.fetcher.last_attempt is None


def test_the_throttler_does_not_speak_of_a_deadline_that_has_passed(scene: Scene) -> None:
    """What there was no time for has timed out."""
    scene.admit(throttles=True)
    scene.stack.failed_connection(NEVER)
    scene.start(None, timeout=Timeout(total=0.001), started_at=scene.stack.clock.now() - 1)
    scene.advance(0)
    assert (scene.results, scene.fetcher.timed_out) == ([ERR_TIMED_OUT], "total")


def test_a_retry_that_the_window_would_hold_back_for_too_long_is_not_made(scene: Scene) -> None:
    """Row 230, SlidingWindow: twenty have gone within two seconds; the answer is worth more than a refusal."""
    scene.admit(throttles=True)
    not_found = Read(b"HTTP/1.1 502 No\r\nContent-Length: 4\r\n\r\nbusy")
    scene.stack.connection(*times(20, GET, not_found))
    for _ in range(19):
        scene.start(None)
    scene.start(PROMPT, timeout=Timeout(total=1))
    assert (scene.results, scene.body) == ([OK] * 20, b"busy")


def test_how_long_a_url_will_be_left_alone_is_told(scene: Scene) -> None:
    """Row 248, ProtectTestPassedThrough: without retries the answer is given, and GetBackoffDelay is above 0."""
    scene.admit(throttles=True)
    scene.stack.connection(*times(3, GET, BUSY))
    for expected in (0.0, 0.0, 0.7):
        fetcher = scene.start(None)
        assert fetcher.response is not None and fetcher.response.head.status == 503
        assert fetcher.backoff_delay_s == pytest.approx(expected)
    assert scene.results == [OK] * 3 and scene.body == b"busy"


def test_a_retry_waits_for_the_throttler_too(scene: Scene) -> None:
    scene.admit(throttles=True)
    scene.stack.connection(*times(3, GET, BUSY), GET, FINE)
    scene.start(PROMPT)
    scene.advance(0)
    assert scene.results == []
    scene.advance(0.7)
    assert scene.results == [OK]
    assert [attempt.wait_s for attempt in scene.fetcher.attempts] == [0.0, 0.0, pytest.approx(0.7)]


def test_a_fetch_that_is_over_begins_no_attempt(scene: Scene) -> None:
    """Also when it is cancelled in a wait of the throttler."""
    scene.admit(throttles=True)
    scene.stack.connection(*times(3, GET, BUSY))
    for _ in range(3):
        scene.start(None)
    fetcher = scene.start(None)
    assert fetcher.net_error == ERR_IO_PENDING
    fetcher.cancel()
    scene.advance(5)
    assert scene.results == [OK] * 3


# --- the resource scheduler


def under_way(scene: Scene) -> tuple[int, int]:
    """Delayable requests that run, and those that wait."""
    admission = scene.context.admission
    assert admission is not None and admission.scheduler is not None
    return admission.scheduler.delayable_count, admission.scheduler.waiting_count


LOW, LOWEST = RequestPriority.LOW, RequestPriority.LOWEST


def test_what_is_not_urgent_waits_for_a_place(scene: Scene) -> None:
    """Row 243, ThrottledPriority: its place comes with the end of another, whatever that end is."""
    scene.admit(places=1)
    scene.stack.connection(GET, FINE, head(target="/second"), FINE, head(target="/third"), FINE)
    scene.start(retries=None, priority=LOW)
    assert scene.results == [OK] and under_way(scene) == (0, 0)
    scene.start(retries=None, priority=LOW, url="http://a.test/second")
    scene.start(retries=None, url="http://a.test/third")
    assert scene.results == [OK] * 3 and scene.context.request_count == 0


def test_held_back_until_another_ends(scene: Scene) -> None:
    """It says what it waits for, and its deadline runs; what is urgent passes."""
    scene.admit(places=1)
    for _ in range(2):  # the second is the pool's own attempt
        scene.stack.failed_connection(NEVER)
    first = scene.start(retries=None, priority=LOW)
    waiting = scene.start(retries=None, priority=LOW, timeout=Timeout(total=3.0))
    assert waiting.load_state() == LoadState.WAITING_FOR_DELEGATE and under_way(scene) == (1, 1)
    assert scene.context.request_count == 2
    scene.advance(3.0)
    assert scene.results == [ERR_TIMED_OUT] and under_way(scene) == (1, 0)
    assert waiting.error_detail == (
        "the total limit of 3 s was reached while waiting for other requests that are not urgent"
    )
    third = scene.start(retries=None, priority=LOW)
    scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    scene.start(retries=None, url="http://b.test/")
    assert scene.results[1:] == [ERR_CONNECTION_REFUSED]
    third.cancel()
    first.cancel()
    assert under_way(scene) == (0, 0)


def test_a_priority_that_changes_while_it_waits(scene: Scene) -> None:
    """Row 243, SetPriority: the next place is its own, or it needs none; also before it began."""
    scene.admit(places=1)
    scene.stack.failed_connection(NEVER)
    first = scene.start(retries=None, priority=LOW)
    waiting = scene.start(retries=None, priority=LOWEST, url="http://b.test/")
    scene.stack.failed_connection(ERR_CONNECTION_REFUSED)
    waiting.set_priority(RequestPriority.HIGHEST)
    scene.stack.run()
    assert scene.results == [ERR_CONNECTION_REFUSED] and under_way(scene) == (1, 0)
    first.set_priority(RequestPriority.HIGHEST)
    assert under_way(scene) == (0, 0)
    first.cancel()


def test_a_place_is_not_kept_during_a_back_off(scene: Scene) -> None:
    """The next attempt asks for another one."""
    scene.admit(places=1)
    scene.stack.connection(GET, LAST)
    fetcher = scene.start(retries=PATIENT, priority=LOW)
    assert scene.results == [] and under_way(scene) == (0, 0)
    scene.stack.connection(GET, FINE)
    scene.advance(10.0)
    assert scene.results == [OK] and len(fetcher.attempts) == 1 and under_way(scene) == (0, 0)


def test_the_rate_limit_comes_last(scene: Scene) -> None:
    """A place first, then the host's turn, so that what the host was promised holds."""
    scene.admit(rate=0.1, places=1)
    scene.stack.connection(GET, FINE, GET, FINE)
    scene.start(retries=None, priority=LOW)
    scene.start(retries=None, priority=LOW)
    assert scene.results == [OK] and under_way(scene) == (1, 0)
    scene.advance(10.0)
    assert scene.results == [OK, OK] and under_way(scene) == (0, 0)


def test_the_end_of_the_context_while_it_waits(scene: Scene) -> None:
    """Row 249, shutdown: it is told, as all others are."""
    scene.admit(places=1)
    scene.stack.failed_connection(NEVER)
    scene.start(retries=None, priority=LOW)
    scene.start(retries=None, priority=LOW)
    scene.context.shut_down()
    assert scene.results == [ERR_CONTEXT_SHUT_DOWN] * 2 and under_way(scene) == (0, 0)
