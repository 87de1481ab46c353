"""The limits of the phases, with a clock that stands still."""

from __future__ import annotations

import pytest

from netstack_sync import Timeout
from netstack_sync.base.clock import ManualClock
from netstack_sync.base.exception_map import TimeoutPhase
from netstack_sync.base.load_state import LoadState
from netstack_sync.fetcher.phase_limits import PhaseLimits
from netstack_sync.loop.timers import TimerQueue


class _Fetch:
    """A fetch that is in the state the test says, and ends at its first limit."""

    def __init__(self, **limits: float) -> None:
        self.clock = ManualClock(start=50.0)
        self.timers = TimerQueue(self.clock)
        self.limits = PhaseLimits(Timeout(**limits), self.timers, self)
        self.since: float | None = 50.0
        self.state = LoadState.WAITING_FOR_AVAILABLE_SOCKET
        self.sent_bytes = 0
        self.waits_for_upload = False
        self.reached: list[tuple[TimeoutPhase, float]] = []

    def connecting_since(self) -> float | None:
        """See LimitedFetch."""
        return self.since

    def load_state(self) -> LoadState:
        """See LimitedFetch."""
        return self.state

    def on_limit(self, phase: TimeoutPhase, limit_s: float) -> None:
        """See LimitedFetch."""
        self.reached.append((phase, limit_s))
        self.limits.stop()

    def advance(self, delta_s: float) -> None:
        """Lets time pass."""
        self.clock.advance(delta_s)
        self.timers.run_due(100)


def test_without_limits_no_timer_is_armed() -> None:
    fetch = _Fetch()
    fetch.limits.begin_connect()
    fetch.limits.end_connect()
    fetch.limits.begin_read()
    assert fetch.timers.seconds_to_next() is None


@pytest.mark.parametrize("connect", [1.0, 5.0])
def test_waiting_for_a_slot_is_limited_by_pool_only(connect: float) -> None:
    fetch = _Fetch(pool=3.0, connect=connect)
    fetch.since = None
    fetch.limits.begin_connect()
    fetch.advance(2.9)
    assert fetch.reached == []
    fetch.advance(0.2)
    assert fetch.reached == [("pool", 3.0)]


@pytest.mark.parametrize("limits", [{"pool": 3.0}, {"pool": 3.0, "connect": 1.0}, {"connect": 3.0}])
def test_what_a_delegate_takes_counts_for_no_phase(limits: dict[str, float]) -> None:
    """However long; what follows has the whole of its own time."""
    fetch = _Fetch(**limits)
    fetch.since, fetch.state = None, LoadState.WAITING_FOR_DELEGATE
    fetch.limits.begin_connect()
    for _ in range(10):
        fetch.advance(2.9)
    fetch.state = LoadState.WAITING_FOR_AVAILABLE_SOCKET
    if "pool" in limits:
        fetch.advance(2.9)
        assert fetch.reached == []
        for _ in range(32):
            fetch.advance(0.1)
        assert fetch.reached == [("pool", 3.0)]
    else:
        fetch.since = fetch.clock.now()
        fetch.advance(2.9)
        assert fetch.reached == []
        fetch.advance(0.2)
        assert fetch.reached == [("connect", 3.0)]


@pytest.mark.parametrize("pool", [0.3, 3.0])
def test_a_connection_that_begins_at_once_has_its_own_time_and_no_more(pool: float) -> None:
    """A limit for slots makes it neither shorter nor longer."""
    fetch = _Fetch(pool=pool, connect=1.0)
    fetch.limits.begin_connect()
    fetch.advance(0.9)
    assert fetch.reached == []
    fetch.advance(0.1)
    assert fetch.reached == [("connect", 1.0)]


@pytest.mark.parametrize("limits", [{"pool": 3.0, "connect": 1.0}, {"connect": 1.0}])
def test_connecting_has_its_own_time_after_the_slot(limits: dict[str, float]) -> None:
    """Counted from when the connection was begun, whenever that was."""
    fetch = _Fetch(**limits)
    fetch.since = None
    fetch.limits.begin_connect()
    fetch.advance(1.0)
    fetch.advance(0.9)
    fetch.since = fetch.clock.now()
    fetch.advance(0.9)
    assert fetch.reached == []
    fetch.advance(0.1)
    assert fetch.reached == [("connect", 1.0)]


def test_a_connection_that_goes_to_somebody_else_is_waited_for_anew() -> None:
    """Then the limit for slots counts, from the beginning."""
    fetch = _Fetch(pool=3.0, connect=2.0)
    fetch.limits.begin_connect()
    fetch.advance(1.0)
    fetch.since = None
    fetch.advance(1.0)
    assert fetch.reached == []
    fetch.advance(1.0)
    assert fetch.reached == [("pool", 3.0)]


def test_a_pool_limit_alone_does_not_limit_connecting() -> None:
    fetch = _Fetch(pool=3.0)
    fetch.limits.begin_connect()
    fetch.advance(1000.0)
    assert fetch.reached == []
    fetch.since = None
    fetch.advance(3.0)
    assert fetch.reached == [("pool", 3.0)]


def test_a_connection_ends_the_connect_limit_and_a_redirect_begins_it_anew() -> None:
    fetch = _Fetch(connect=1.0, read=1.0)
    fetch.limits.begin_connect()
    fetch.limits.end_connect()
    fetch.limits.end_connect()
    fetch.advance(5.0)
    assert fetch.reached == []
    fetch.limits.begin_read()
    fetch.limits.begin_connect()
    fetch.advance(1.0)
    assert fetch.reached == [("connect", 1.0)]


def test_once_connected_only_the_server_is_waited_for() -> None:
    """And where nothing limits that, nothing at all; a redirect begins anew with whatever limit was running."""
    fetch = _Fetch(connect=1.0, read=2.0)
    fetch.limits.begin_connect()
    fetch.limits.begin_connect()
    fetch.limits.on_connected()
    fetch.limits.end_connect()
    fetch.advance(1.9)
    assert fetch.reached == []
    fetch.advance(0.1)
    assert fetch.reached == [("read", 2.0)]
    fetch.limits.end_read()
    for limits in ({"connect": 1.0}, {}):
        fetch = _Fetch(**limits)
        fetch.limits.begin_connect()
        fetch.limits.on_connected()
        assert fetch.timers.seconds_to_next() is None


def test_another_connection_has_the_whole_time_again() -> None:
    """As after a redirect."""
    fetch = _Fetch(connect=1.0)
    fetch.limits.begin_connect()
    fetch.advance(0.9)
    fetch.limits.on_connected()
    fetch.since = fetch.clock.now()
    fetch.limits.on_reconnect()
    fetch.advance(0.9)
    assert fetch.reached == []
    fetch.advance(0.1)
    assert fetch.reached == [("connect", 1.0)]


def test_a_request_that_is_sent_has_its_answer_waited_for() -> None:
    fetch = _Fetch(read=1.0)
    fetch.limits.on_connected()
    fetch.advance(0.9)
    fetch.limits.on_request_sent()
    fetch.advance(0.9)
    assert fetch.reached == []
    fetch.advance(0.1)
    assert fetch.reached == [("read", 1.0)]


def test_the_read_limit_counts_from_the_last_byte() -> None:
    fetch = _Fetch(read=1.0)
    for _ in range(5):
        fetch.limits.begin_read()
        fetch.advance(0.9)
    fetch.limits.end_read()
    fetch.advance(5.0)
    assert fetch.reached == []
    fetch.limits.begin_read()
    fetch.advance(1.0)
    assert fetch.reached == [("read", 1.0)]


def test_a_long_upload_lives_as_long_as_bytes_leave() -> None:
    """A peer that stops reading is noticed, one that reads slowly is not taken for dead."""
    fetch = _Fetch(read=2.0)
    fetch.limits.begin_read()
    for _ in range(5):
        fetch.sent_bytes += 1
        fetch.advance(2.0)
    assert fetch.reached == []
    fetch.advance(2.0)
    assert fetch.reached == [("read", 2.0)]


def test_what_was_sent_before_is_no_progress() -> None:
    """The head that has left does not double the limit."""
    fetch = _Fetch(read=2.0)
    fetch.limits.begin_read()
    fetch.sent_bytes = 100
    fetch.limits.begin_read()
    fetch.advance(2.0)
    assert fetch.reached == [("read", 2.0)]


def test_a_slow_source_is_not_the_servers_fault() -> None:
    fetch = _Fetch(read=2.0)
    fetch.limits.begin_read()
    fetch.waits_for_upload = True
    fetch.advance(10.0)
    assert fetch.reached == []
    fetch.waits_for_upload = False
    fetch.advance(2.0)
    assert fetch.reached == [("read", 2.0)]


def test_signs_of_life_arm_no_new_timers() -> None:
    """They come with every piece of a body."""
    fetch = _Fetch(read=2.0)
    for _ in range(100):
        fetch.limits.begin_read()
    assert len(fetch.timers) == 1


def test_a_reader_that_pauses_is_not_limited() -> None:
    fetch = _Fetch(read=2.0)
    fetch.limits.begin_read()
    fetch.limits.end_read()
    fetch.advance(10.0)
    fetch.limits.begin_read()
    fetch.advance(1.5)
    assert fetch.reached == []


def test_after_stop_no_limit_is_reached() -> None:
    fetch = _Fetch(pool=1.0, read=1.0)
    fetch.limits.begin_connect()
    fetch.limits.begin_read()
    fetch.limits.stop()
    fetch.limits.stop()
    fetch.advance(10.0)
    fetch.limits.begin_connect()
    fetch.limits.begin_read()
    fetch.advance(10.0)
    assert fetch.reached == [] and fetch.timers.seconds_to_next() is None
    assert fetch.timers.seconds_to_next() is None
