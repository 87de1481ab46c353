"""The throttler: URLs that fail, and URLs that are asked too often."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.url import Url
from netstack_sync.url_request.throttler import (
    MAX_ENTRIES,
    MAX_SENDS,
    WINDOW_S,
    ThrottlerEntry,
    URLRequestThrottler,
)

CLOCK_START = 100.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=CLOCK_START)


@pytest.fixture
def entry(clock: ManualClock) -> ThrottlerEntry:
    return ThrottlerEntry(clock, lambda: 0.0)


def _throttler(clock: ManualClock) -> URLRequestThrottler:
    return URLRequestThrottler(clock, lambda: 0.0)


def _entry(throttler: URLRequestThrottler, url: str) -> ThrottlerEntry:
    entry = throttler.entry_for(Url.parse(url))
    assert entry is not None
    return entry


def test_a_new_url_is_free(entry: ThrottlerEntry) -> None:
    """Row 230, InterfaceNotDuringExponentialBackoff."""
    assert (entry.delay_s(), entry.backoff_s) == (0.0, 0.0)


@pytest.mark.parametrize("status", [500, 503, 509])
def test_the_third_failure_closes_the_door(entry: ThrottlerEntry, clock: ManualClock, status: int) -> None:
    """Row 230, InterfaceUpdateFailure and InterfaceDuringExponentialBackoff: 0.7 s, then 1.4 times as long."""
    entry.on_status(status)
    entry.on_status(status)
    assert entry.delay_s() == 0.0
    entry.on_status(status)
    assert entry.delay_s() == entry.backoff_s == pytest.approx(0.7)
    clock.advance(0.7)
    assert entry.delay_s() == pytest.approx(0.0)
    entry.on_status(status)
    assert entry.delay_s() == pytest.approx(0.98)


@pytest.mark.parametrize("status", [200, 301, 404, 429, 502, 504])
def test_other_answers_are_no_failures(entry: ThrottlerEntry, status: int) -> None:
    """Row 230, InterfaceUpdateSuccess."""
    for _ in range(10):
        entry.on_status(status)
    assert entry.delay_s() == 0.0


def test_a_success_undoes_one_failure(entry: ThrottlerEntry, clock: ManualClock) -> None:
    for _ in range(4):
        entry.on_status(503)
    clock.advance(10)
    entry.on_status(200)
    entry.on_status(503)
    assert entry.delay_s() == pytest.approx(0.98)


def test_no_wait_is_longer_than_fifteen_minutes(entry: ThrottlerEntry) -> None:
    """Row 230, MaxAllowedBackoff."""
    for _ in range(30):
        entry.on_status(500)
    assert entry.delay_s() == 900.0


def test_the_window_slides(entry: ThrottlerEntry, clock: ManualClock) -> None:
    """Row 230, SlidingWindow: twenty at once, the next one when the first is two seconds old."""
    for _ in range(MAX_SENDS):
        assert entry.reserve_sending_time() == 0.0
    assert entry.delay_s() == WINDOW_S
    assert [entry.reserve_sending_time() for _ in range(2)] == [WINDOW_S, WINDOW_S]
    clock.advance(2 * WINDOW_S)
    assert entry.reserve_sending_time() == 0.0


def test_a_slow_rhythm_never_waits(entry: ThrottlerEntry, clock: ManualClock) -> None:
    for _ in range(100):
        assert entry.reserve_sending_time() == 0.0
        clock.advance(WINDOW_S / (MAX_SENDS - 1))


def test_who_comes_later_goes_later(entry: ThrottlerEntry, clock: ManualClock) -> None:
    """A time that was reserved is not given to somebody else first."""
    for _ in range(3):
        entry.on_status(503)
    assert entry.reserve_sending_time() == pytest.approx(0.7)
    clock.advance(0.2)
    assert entry.reserve_sending_time() == pytest.approx(0.5)


def test_urls_are_told_apart_without_query_and_credentials(clock: ManualClock) -> None:
    """Row 230, IsUrlStandardised."""
    throttler = _throttler(clock)
    entry = _entry(throttler, "http://a.test/path?query#fragment")
    assert _entry(throttler, "http://user:pass@A.TEST:80/PATH") is entry
    others = ["http://a.test/other", "https://a.test/path", "http://a.test:81/path", "http://b.test/path"]
    assert all(_entry(throttler, url) is not entry for url in others)
    assert len(throttler) == 5


@pytest.mark.parametrize("host", ["localhost", "x.localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_this_machine_may_be_asked_as_one_likes(clock: ManualClock, host: str) -> None:
    """Row 230, LocalHostOptedOut."""
    assert _throttler(clock).entry_for(Url.parse(f"http://{host}/")) is None


def test_what_is_on_no_machine_may_be_asked_as_one_likes(clock: ManualClock) -> None:
    """Such a URL may be megabytes long, and would be remembered."""
    throttler = URLRequestThrottler(clock, lambda: 0.0)
    for url in ("data:,x", "app:x", "about:blank"):
        assert throttler.entry_for(Url.parse(url)) is None


def test_what_is_old_is_collected(clock: ManualClock) -> None:
    """Row 230, AreEntriesBeingCollected: every 200 requests, two minutes after the last use."""
    throttler = _throttler(clock)
    failing = _entry(throttler, "http://a.test/failing")
    for _ in range(9):
        failing.on_status(500)
    _entry(throttler, "http://a.test/quiet").on_status(200)
    _entry(throttler, "http://a.test/sent").reserve_sending_time()
    clock.advance(121)
    busy = _entry(throttler, "http://a.test/busy")
    for _ in range(196):
        busy.reserve_sending_time()
        _entry(throttler, "http://a.test/busy")
    assert len(throttler) == 2
    assert _entry(throttler, "http://a.test/failing") is failing


def test_their_number_is_bounded(clock: ManualClock) -> None:
    """The one that was not used for longest goes."""
    throttler = _throttler(clock)
    entries = []
    for number in range(MAX_ENTRIES + 1):
        entry = _entry(throttler, f"http://a.test/{number}")
        for _ in range(9):
            entry.on_status(500)
        entries.append(entry)
        _entry(throttler, "http://a.test/0")
    assert len(throttler) == MAX_ENTRIES
    assert _entry(throttler, "http://a.test/0") is entries[0]
    assert _entry(throttler, "http://a.test/1") is not entries[1]


def test_everything_can_be_forgotten(clock: ManualClock) -> None:
    """Row 230, ClearOnNetworkChange."""
    throttler = _throttler(clock)
    entry = _entry(throttler, "http://a.test/")
    throttler.clear()
    assert len(throttler) == 0 and _entry(throttler, "http://a.test/") is not entry
