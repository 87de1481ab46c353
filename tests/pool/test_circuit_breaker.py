"""CircuitBreaker: brpc's own tests (test/brpc_circuit_breaker_unittest.cpp), and the rules one by one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.pool.circuit_breaker import CircuitBreaker
from netstack_sync.pool.health_settings import EndpointHealthSettings

# The sizes of brpc's tests.
_SETTINGS = EndpointHealthSettings(
    long_window=1000,
    long_window_error_percent=5,
    short_window=500,
    short_window_error_percent=10,
    min_isolation_s=0.01,
    max_isolation_s=0.2,
)
_LATENCY_S = 0.001
_ERROR_S = 0.00099  # not on the edge of any sum
_REQUESTS = 6000


def _feed(breaker: CircuitBreaker, error_percent: int, now: float = 0.0, requests: int = _REQUESTS) -> int:
    """Requests of which so many fail; answers how many the breaker thought well of."""
    chance = random.Random(1)
    return sum(breaker.add_sample(chance.random() * 100 < error_percent, _LATENCY_S, now) for _ in range(requests))


def _fill(breaker: CircuitBreaker, latency_s: float = _LATENCY_S) -> None:
    """Successes until both windows are full."""
    for _ in range(_SETTINGS.long_window):
        assert breaker.add_sample(False, latency_s, 0.0)


def _errors_until_broken(breaker: CircuitBreaker, latency_s: float = _ERROR_S) -> int:
    """How many errors in a row it takes, with the last one."""
    for count in range(1, 10_000):
        if not breaker.add_sample(True, latency_s, 0.0):
            return count
    raise AssertionError("it bears everything")


def test_should_not_isolate() -> None:
    """Three errors in a hundred are fine, for as long as it goes on."""
    breaker = CircuitBreaker(_SETTINGS)
    assert _feed(breaker, 3) == _REQUESTS
    assert not breaker.is_broken and repr(breaker) == "<CircuitBreaker healthy>"


def test_should_isolate() -> None:
    """Every second request fails: broken, and it stays so whatever the requests say that are still under way."""
    breaker = CircuitBreaker(_SETTINGS)
    assert _feed(breaker, 50) < _SETTINGS.short_window
    assert breaker.is_broken and repr(breaker) == "<CircuitBreaker broken for 0.01 s>"
    assert not breaker.add_sample(False, _LATENCY_S, 0.0)
    breaker.reset(0.0)
    assert not breaker.is_broken and breaker.add_sample(False, _LATENCY_S, 0.0)


@pytest.mark.parametrize("successes", [0, 9])
def test_should_isolate_with_half_open(successes: int) -> None:
    """After a reset one error within the half-open window is enough."""
    breaker = CircuitBreaker(_SETTINGS.replaced(half_open_window=10))
    assert breaker.add_sample(True, _LATENCY_S, 0.0)  # not from the start
    breaker.reset(0.0)
    for _ in range(successes):
        assert breaker.add_sample(False, _LATENCY_S, 0.0)
    assert not breaker.add_sample(True, _LATENCY_S, 0.0)
    breaker.reset(0.0)
    for _ in range(10):
        assert breaker.add_sample(False, _LATENCY_S, 0.0)
    assert breaker.add_sample(True, _LATENCY_S, 0.0)


def test_isolation_duration_grow_and_reset() -> None:
    """Twice as long each time, and back to the shortest once all has been well for the longest one."""
    breaker = CircuitBreaker(_SETTINGS)
    now = 1000.0
    for isolation_s in (0.01, 0.02, 0.04):
        assert _feed(breaker, 100, now) == 50  # 5 % of 1000
        assert breaker.isolation_s == isolation_s
        now += isolation_s
        breaker.reset(now)
    assert _feed(breaker, 100, now + 0.2) == 50
    assert breaker.isolation_s == 0.01


def test_maximum_isolation_duration() -> None:
    """It grows to the longest and no further."""
    breaker = CircuitBreaker(_SETTINGS.replaced(max_isolation_s=0.011))
    for isolation_s in (0.01, 0.011, 0.011):
        _feed(breaker, 100)
        assert breaker.isolation_s == isolation_s
        breaker.reset(0.0)


def test_the_default_windows_count_while_they_fill() -> None:
    """5 % of 3000 and 10 % of 1500 are both 150 errors; the one after it breaks, at any mix before."""
    breaker = CircuitBreaker(EndpointHealthSettings())
    for _ in range(150):
        assert breaker.add_sample(False, _LATENCY_S, 0.0) and breaker.add_sample(True, _LATENCY_S, 0.0)
    assert not breaker.add_sample(True, _LATENCY_S, 0.0)
    assert breaker.isolation_s == 0.1


def test_a_reset_before_a_window_was_full_starts_it_anew() -> None:
    """The errors before do not count any more."""
    breaker = CircuitBreaker(_SETTINGS)
    for _ in range(2):
        assert _errors_until_broken(breaker) == 51
        breaker.reset(0.0)


def test_full_windows_compare_costs() -> None:
    """1000 x 5 % x 1.02 of a good answer's latency is what the long window bears, the short one as much."""
    breaker = CircuitBreaker(_SETTINGS)
    _fill(breaker)
    assert _errors_until_broken(breaker) == 52
    breaker.reset(0.0)
    assert _errors_until_broken(breaker) == 52  # still full: no count of errors


def test_a_slow_error_costs_at_most_two_good_answers() -> None:
    """A few that hung for a minute do not break it, and quick ones cost what they took."""
    slow, quick = CircuitBreaker(_SETTINGS), CircuitBreaker(_SETTINGS)
    _fill(slow)
    _fill(quick)
    assert _errors_until_broken(slow, 60.0) == 26
    assert _errors_until_broken(quick, _ERROR_S / 10) == 516


def test_costs_fade_with_good_answers() -> None:
    """Within a window to a fiftieth; below half a millisecond they are nothing."""
    breaker = CircuitBreaker(_SETTINGS)
    _fill(breaker)
    for _ in range(50):
        assert breaker.add_sample(True, _ERROR_S, 0.0)
    _fill(breaker)  # 50 ms fade to 1 ms in the long window, to 0.4 µs and thus nothing in the short one
    assert _errors_until_broken(breaker) == 51
    breaker.reset(0.0)
    breaker.add_sample(True, _LATENCY_S / 4, 0.0)
    breaker.add_sample(False, _LATENCY_S, 0.0)
    assert _errors_until_broken(breaker) == 52


def test_the_latency_of_good_answers_is_followed() -> None:
    """When good answers become slower, errors may be slower, too."""
    breaker = CircuitBreaker(_SETTINGS)
    _fill(breaker)
    for _ in range(20):
        _fill(breaker, latency_s=_LATENCY_S * 10)
    assert _errors_until_broken(breaker) > 500


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 100.0)), max_size=200))
def test_never_isolates_for_longer_or_shorter_than_told(samples: list[tuple[bool, float]]) -> None:
    """Whatever comes: broken means every answer is no, and the isolation stays within its bounds."""
    breaker = CircuitBreaker(EndpointHealthSettings(long_window=20, short_window=10, max_isolation_s=0.7))
    now = 0.0
    for is_error, latency_s in samples:
        now += latency_s
        was_broken = breaker.is_broken
        is_healthy = breaker.add_sample(is_error, latency_s, now)
        assert is_healthy != breaker.is_broken
        assert is_error or is_healthy or was_broken  # a success breaks nothing
        assert 0.1 <= breaker.isolation_s <= 0.7
        if breaker.is_broken and latency_s > 50:
            breaker.reset(now)
