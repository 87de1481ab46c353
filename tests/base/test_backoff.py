"""Row 229 (BackoffEntry): delays grow, jitter shortens, the release never moves earlier, entries age."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from netstack_sync.base.backoff import BackoffEntry, BackoffPolicy
from netstack_sync.base.clock import ManualClock

_POLICY = BackoffPolicy(
    num_errors_to_ignore=0,
    initial_delay_s=1.0,
    multiply_factor=2.0,
    jitter_factor=0.0,
    maximum_backoff_s=20.0,
    entry_lifetime_s=2.0,
)


def _never() -> float:
    raise AssertionError("no randomness is needed here")


def _entry(
    clock: ManualClock, policy: BackoffPolicy = _POLICY, random: Callable[[], float] = lambda: 0.0
) -> BackoffEntry:
    return BackoffEntry(policy, clock, random)


def _fail(entry: BackoffEntry, times: int) -> None:
    for _ in range(times):
        entry.inform_of_request(False)


def test_a_new_entry_rejects_nothing() -> None:
    """Row 229 BaseTest: the first failure closes the door, for the initial delay."""
    clock = ManualClock()
    entry = _entry(clock)
    assert not entry.should_reject_request()
    assert entry.time_until_release_s() == 0.0
    entry.inform_of_request(False)
    assert entry.should_reject_request()
    assert entry.time_until_release_s() == 1.0
    clock.advance(1.0)
    assert not entry.should_reject_request()
    assert entry.time_until_release_s() == 0.0


@pytest.mark.parametrize("failures, delay_s", [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (6, 20.0), (7, 20.0)])
def test_the_delay_grows_up_to_the_maximum(failures: int, delay_s: float) -> None:
    """Row 229 ReleaseTimeCalculation."""
    entry = _entry(ManualClock(100.0))
    _fail(entry, failures)
    assert entry.release_time == 100.0 + delay_s
    assert entry.failure_count == failures


@pytest.mark.parametrize("failures, delay_s", [(0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0), (4, 4.0)])
def test_the_initial_delay_can_be_always_used(failures: int, delay_s: float) -> None:
    """Row 229 ReleaseTimeCalculation+AlwaysDelay: after a success and after ignored failures, too."""
    entry = _entry(ManualClock(), replace(_POLICY, num_errors_to_ignore=2, always_use_initial_delay=True))
    if failures:
        _fail(entry, failures)
    else:
        entry.inform_of_request(True)
    assert entry.time_until_release_s() == delay_s


@pytest.mark.parametrize("chance, delay_s", [(0.0, 4.0), (0.5, 3.2), (1.0, 2.4)])
def test_jitter_only_shortens(chance: float, delay_s: float) -> None:
    """Row 229 ReleaseTimeCalculation+WithJitter: by up to the jitter factor."""
    entry = _entry(ManualClock(), replace(_POLICY, jitter_factor=0.4), lambda: chance)
    _fail(entry, 3)
    assert entry.time_until_release_s() == pytest.approx(delay_s)


def test_the_first_failures_can_be_free() -> None:
    """Row 229 ShouldIgnoreFirstTwo; a free failure needs no randomness."""
    entry = _entry(ManualClock(), replace(_POLICY, num_errors_to_ignore=2), _never)
    _fail(entry, 2)
    assert not entry.should_reject_request()
    with pytest.raises(AssertionError):
        entry.inform_of_request(False)


def test_a_success_undoes_one_failure_and_keeps_the_release() -> None:
    """Row 229 FailureThenSuccess: requests in flight must not open the door for all others."""
    clock = ManualClock()
    entry = _entry(clock)
    _fail(entry, 3)
    clock.advance(1.0)
    entry.inform_of_request(True)
    assert entry.failure_count == 2
    assert entry.time_until_release_s() == 3.0
    clock.advance(3.0)
    entry.inform_of_request(False)
    assert entry.time_until_release_s() == 4.0  # the third failure again


def test_a_success_with_always_delay_waits_from_now() -> None:
    """Row 229 FailureThenSuccess+AlwaysDelay: the initial delay, once the longer one is over."""
    clock = ManualClock()
    entry = _entry(clock, replace(_POLICY, always_use_initial_delay=True))
    entry.inform_of_request(False)
    assert entry.time_until_release_s() == 2.0
    clock.advance(2.0)
    entry.inform_of_request(True)
    assert entry.time_until_release_s() == 1.0


def test_successes_do_not_save_up() -> None:
    """The count stops at zero."""
    entry = _entry(ManualClock())
    entry.inform_of_request(True)
    assert entry.failure_count == 0
    entry.inform_of_request(False)
    assert entry.failure_count == 1


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_custom_horizon_is_kept(succeeded: bool) -> None:
    """Row 229 RetainCustomHorizon*: what the peer asked for outlasts our own shorter delays."""
    entry = _entry(ManualClock(5.0))
    entry.set_custom_release_time(1000.0)
    entry.inform_of_request(succeeded)
    assert entry.release_time == 1000.0


def test_counting_failures_for_ever_does_not_overflow() -> None:
    """Row 229 OverflowProtection: the maximum, or the largest float where there is none."""
    entry = _entry(ManualClock())
    _fail(entry, 2000)
    assert entry.time_until_release_s() == 20.0
    unlimited = _entry(ManualClock(), replace(_POLICY, maximum_backoff_s=None, jitter_factor=1.0), lambda: 0.5)
    _fail(unlimited, 2000)
    assert 1e300 < unlimited.time_until_release_s() < math.inf


def test_an_entry_is_forgotten_when_idle_for_its_lifetime() -> None:
    """Row 229 CanDiscard: not while it holds requests back, not right after."""
    clock = ManualClock(100.0)
    entry = _entry(clock)
    assert entry.can_discard()  # it holds nothing
    entry.inform_of_request(True)
    assert not entry.can_discard()
    clock.advance(2.0)
    assert entry.can_discard()


@pytest.mark.parametrize("maximum_s, kept_s", [(20.0, 20.0), (1.0, 2.0), (None, 2.0)])
def test_failures_are_remembered_for_the_longest_delay(maximum_s: float | None, kept_s: float) -> None:
    """Row 229 CanDiscard*: a further failure would still count."""
    clock = ManualClock()
    entry = _entry(clock, replace(_POLICY, maximum_backoff_s=maximum_s))
    entry.inform_of_request(False)
    clock.advance(1.0 + kept_s - 0.5)
    assert not entry.can_discard()
    clock.advance(0.5)
    assert entry.can_discard()


def test_an_entry_without_lifetime_stays() -> None:
    """Row 229 CanDiscardNotStored."""
    assert not _entry(ManualClock(1e9), replace(_POLICY, entry_lifetime_s=None)).can_discard()


def test_reset_forgets_everything() -> None:
    """As if it were new."""
    entry = _entry(ManualClock())
    _fail(entry, 3)
    assert repr(entry) == "<BackoffEntry failures=3 release in 4.000 s>"
    entry.reset()
    assert not entry.should_reject_request()
    assert repr(entry) == "<BackoffEntry failures=0 release in 0.000 s>"


def test_what_is_not_said() -> None:
    """Half a second, doubled up to two minutes; chance takes off up to two fifths."""
    policy = BackoffPolicy()
    assert [policy.delay_s(n, lambda: 0.0) for n in (0, 1, 2, 20)] == [0.0, 0.5, 1.0, 120.0]
    assert policy.delay_s(1, lambda: 1.0) == 0.3 and policy.entry_lifetime_s is None
