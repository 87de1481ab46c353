"""The turn of each request at its host: how many, in which order, and who gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Task
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.url_request.host_rate_limiter import HostRateLimiter
from netstack_sync.url_request.rate_limit import RateLimit, RateLimits


class Door:
    """A limiter whose clock the test moves, and who was let in when."""

    def __init__(self, limit: RateLimit | dict[str, RateLimit | float | None]) -> None:
        limits = RateLimits.from_value(limit)
        assert limits is not None
        self.clock = ManualClock(start=100.0)
        self.timers = TimerQueue(self.clock)
        self.limiter = HostRateLimiter(limits, self.timers)
        self.admitted: list[tuple[float, str]] = []
        self.tasks: dict[str, Task] = {}

    def come(self, name: str, host: str = "a.test") -> None:
        """Somebody wants in."""

        def enter() -> None:
            self.admitted.append((round(self.clock.now() - 100.0, 6), name))

        self.tasks[name] = enter
        if self.limiter.admit(host, enter) == OK:
            enter()

    def advance(self, delta_s: float) -> None:
        """Lets time pass, a timer at a time."""
        end = self.clock.now() + delta_s
        while True:
            wait_s = self.timers.seconds_to_next()
            if wait_s is None or self.clock.now() + wait_s > end:
                break
            self.clock.advance(wait_s)
            self.timers.run_due(100)
        self.clock.advance(max(0.0, end - self.clock.now()))


def test_a_burst_goes_at_once_and_then_one_at_a_time() -> None:
    door = Door(RateLimit(2, burst=3))
    for name in "abcde":
        door.come(name)
    door.advance(5)
    assert door.admitted == [(0, "a"), (0, "b"), (0, "c"), (0.5, "d"), (1.0, "e")]
    assert len(door.timers) == 0
    assert repr(door.limiter) == "<HostRateLimiter 1 hosts, 0 waiting>"


def test_a_pause_earns_no_more_than_the_burst() -> None:
    door = Door(RateLimit(1, burst=2))
    door.advance(1000)
    for name in "abc":
        door.come(name)
    assert [name for _, name in door.admitted] == ["a", "b"]
    door.advance(1)
    assert door.admitted[-1] == (1001.0, "c")


def test_nobody_overtakes() -> None:
    """Also not who comes at the moment when there is a token again."""
    door = Door(RateLimit(1))
    door.come("a")
    door.come("b")
    door.clock.advance(1.0)
    door.come("c")
    door.timers.run_due(100)
    door.advance(5)
    assert door.admitted == [(0, "a"), (1.0, "b"), (2.0, "c")]


def test_hosts_do_not_wait_for_each_other() -> None:
    door = Door({"a.test": 1, "b.test": 1})
    door.come("a1")
    door.come("b1", "b.test")
    door.come("free1", "c.test")
    door.come("free2", "c.test")
    door.come("a2")
    assert [name for _, name in door.admitted] == ["a1", "b1", "free1", "free2"]
    door.limiter.charge("c.test")
    door.advance(1)
    assert door.admitted[-1] == (1.0, "a2")


def test_what_has_no_host_asks_nobody() -> None:
    """data: URLs do not wait, whatever the limit of all hosts."""
    door = Door(RateLimit(1, burst=1))
    for name in "abc":
        door.come(name, "")
    assert [name for _, name in door.admitted] == ["a", "b", "c"] and len(door.timers) == 0


def test_who_gives_up_leaves_the_turn_to_the_next() -> None:
    door = Door(RateLimit(1))
    for name in "abcd":
        door.come(name)
    door.limiter.stop_waiting("a.test", door.tasks["b"])
    door.limiter.stop_waiting("a.test", door.tasks["b"])
    door.limiter.stop_waiting("unknown.test", door.tasks["c"])
    door.advance(1)
    assert door.admitted[-1] == (1.0, "c")
    door.limiter.stop_waiting("a.test", door.tasks["d"])
    assert len(door.timers) == 0
    door.limiter.stop_waiting("a.test", door.tasks["d"])
    door.advance(10)
    assert len(door.admitted) == 2


def test_who_is_let_in_may_send_away_the_next() -> None:
    door = Door(RateLimit(1, burst=2))
    door.limiter.charge("a.test")
    door.limiter.charge("a.test")

    def send_away() -> None:
        door.limiter.stop_waiting("a.test", door.tasks["b"])

    assert door.limiter.admit("a.test", send_away) == ERR_IO_PENDING
    door.come("b")
    door.clock.advance(2.0)
    door.timers.run_due(100)
    door.advance(5)
    assert door.admitted == []


def test_a_guest_with_a_bug_does_not_keep_out_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    door = Door(RateLimit(1))
    door.come("a")
    door.limiter.admit("a.test", broken)
    door.come("b")
    door.advance(5)
    assert door.admitted == [(0, "a"), (2.0, "b")]
    assert "a bug" in capsys.readouterr().err


def test_what_goes_in_any_case_is_paid_later() -> None:
    door = Door(RateLimit(1))
    door.limiter.charge("a.test")
    door.limiter.charge("a.test")
    door.come("a")
    door.advance(5)
    assert door.admitted == [(2.0, "a")]


def test_how_long_the_wait_would_be() -> None:
    """For who comes now, behind those that wait already."""
    door = Door({"a.test": RateLimit(2, burst=2)})
    assert (door.limiter.turn_in_s("a.test"), door.limiter.turn_in_s("b.test")) == (0.0, 0.0)
    for name in "abcd":
        door.come(name)
    assert door.limiter.turn_in_s("a.test") == pytest.approx(1.5)
    door.advance(0.5)
    assert door.limiter.turn_in_s("a.test") == pytest.approx(1.0)


def test_hosts_that_are_not_asked_any_more_are_forgotten() -> None:
    door = Door(RateLimit(1))
    for number in range(511):
        door.come(f"n{number}", f"h{number}.test")
    door.advance(0.5)
    door.come("late", "late.test")
    door.come("later", "late.test")
    assert repr(door.limiter) == "<HostRateLimiter 512 hosts, 1 waiting>"
    door.advance(0.5)
    door.come("one more", "new.test")
    assert repr(door.limiter) == "<HostRateLimiter 2 hosts, 1 waiting>"


@given(
    st.floats(0.1, 1000),
    st.integers(1, 20),
    st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_no_window_has_more_than_the_limit_and_all_get_in_order(rate: float, burst: int, gaps: list[float]) -> None:
    """In any time there are at most `burst` and what the rate allows; everybody's turn comes."""
    door = Door(RateLimit(rate, burst))
    for number, gap in enumerate(gaps):
        door.advance(gap)
        door.come(str(number))
    door.advance(len(gaps) / rate + 1)
    times = [at for at, _ in door.admitted]
    assert [name for _, name in door.admitted] == [str(number) for number in range(len(gaps))]
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - begin) * rate + 0.01
