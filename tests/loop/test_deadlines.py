"""DeadlineQueue: who is told and when, what is given up, and what all of them cost the heap of the timers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.clock import ManualClock
from netstack_sync.loop.deadlines import DeadlineQueue
from netstack_sync.loop.timers import TimerQueue
from tests.support.loops import LoopDriver


class Owner:
    """Notes when it was told, and may do something then."""

    def __init__(self, clock: ManualClock, do: Callable[[], None] | None = None) -> None:
        self.told_at: list[float] = []
        self._clock = clock
        self._do = do

    def on_deadline(self) -> None:
        self.told_at.append(self._clock.now())
        if self._do is not None:
            self._do()


@pytest.fixture
def queue(timers: TimerQueue) -> DeadlineQueue:
    return timers.deadlines[10.0]


def pass_time(timers: TimerQueue, clock: ManualClock, seconds: int) -> None:
    """As a loop would, which sleeps no longer than the timers say."""
    for _ in range(seconds):
        clock.advance(1.0)
        while timers.seconds_to_next() == 0.0:
            timers.run_due(16)


def test_owners_are_told_when_their_time_has_come(queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock) -> None:
    """Each once and at its own moment, by one timer for all of them."""
    owners = [Owner(clock) for _ in range(3)]
    for owner in owners:
        queue.add(owner, clock.now() + 10.0)
        clock.advance(1.0)
    assert len(timers) == 1 and len(queue) == 3 and repr(queue) == "<DeadlineQueue 3 waiting>"
    pass_time(timers, clock, 30)
    assert [owner.told_at for owner in owners] == [[60.0], [61.0], [62.0]]
    assert len(timers) == len(queue) == 0


def test_who_was_discarded_is_not_told(queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock) -> None:
    """Neither the one for whom the timer was armed nor another; it is harmless for those who were told."""
    first, second, third = owners = [Owner(clock) for _ in range(3)]
    for owner in owners:
        queue.add(owner, clock.now() + 10.0)
        clock.advance(1.0)
    queue.discard(first)
    queue.discard(second)
    queue.discard(second)
    pass_time(timers, clock, 30)
    assert [owner.told_at for owner in owners] == [[], [], [62.0]]
    queue.discard(third)
    assert len(queue) == 0


def test_the_timer_is_left_alone_by_those_who_come_and_go(
    queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock
) -> None:
    """It runs once for all who went, and for who is there then it is armed anew; an empty queue lets it rest."""
    for _ in range(1000):
        owner = Owner(clock)
        queue.add(owner, clock.now() + 10.0)
        queue.discard(owner)
    assert len(timers) == 0 and timers.seconds_to_next() == 10.0
    clock.advance(4.0)
    last = Owner(clock)
    queue.add(last, clock.now() + 10.0)
    assert timers.seconds_to_next() == 6.0
    clock.advance(6.0)
    timers.run_due(16)
    assert timers.seconds_to_next() == 4.0
    queue.discard(last)
    pass_time(timers, clock, 4)
    assert timers.seconds_to_next() is None and last.told_at == []


def test_who_is_due_before_the_one_added_last_has_a_timer_of_its_own(
    queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock
) -> None:
    """Threads read the clock before they post, and a second attempt has the deadline of the first."""
    late, early, given_up = owners = [Owner(clock) for _ in range(3)]
    queue.add(late, 60.0)
    queue.add(early, 55.0)
    queue.add(given_up, 52.0)
    assert len(queue) == 3
    queue.discard(given_up)
    assert len(queue) == len(timers) == 2
    pass_time(timers, clock, 30)
    assert [owner.told_at for owner in owners] == [[60.0], [55.0], []]
    queue.discard(early)


def test_who_is_told_may_use_the_queue(queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock) -> None:
    """Nobody comes after a discard, not even in the same turn; who adds itself again is told again."""

    def again() -> None:
        queue.discard(victim)
        if len(restless.told_at) == 1:
            queue.add(restless, clock.now() + 10.0)

    restless, victim, other = Owner(clock, again), Owner(clock), Owner(clock)
    for owner in (restless, victim, other):
        queue.add(owner, 60.0)
    pass_time(timers, clock, 30)
    assert (restless.told_at, victim.told_at, other.told_at) == ([60.0, 70.0], [], [60.0])


def test_an_owner_has_one_deadline_at_a_time(queue: DeadlineQueue, clock: ManualClock) -> None:
    """A second one would be out of order."""
    first, early = Owner(clock), Owner(clock)
    queue.add(first, 60.0)
    queue.add(early, 55.0)
    for owner in (first, early):
        with pytest.raises(AssertionError):
            queue.add(owner, 58.0)


def test_a_turn_of_the_loop_tells_some_and_the_bug_of_one_harms_no_other(
    driver: LoopDriver, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with timers of their own: the loop goes on with its descriptors and tasks between them."""

    def fail() -> None:
        raise RuntimeError("a bug of this owner")

    timers = driver.loop.timers
    queue = timers.deadlines[1.0]
    owners = [Owner(driver.clock, fail if number == 1 else None) for number in range(40)]
    for owner in owners:
        queue.add(owner, 101.0)
    driver.clock.advance(1.0)
    assert timers.run_due(16) == 16
    assert sum(len(owner.told_at) for owner in owners) == 16
    driver.run_until_idle()
    assert [owner.told_at for owner in owners] == [[101.0]] * 40
    assert "a bug of this owner" in capsys.readouterr().err


def test_one_queue_for_each_length(timers: TimerQueue) -> None:
    """Also for one that nobody waits in at present."""
    assert timers.deadlines[1.0] is timers.deadlines[1.0] is not timers.deadlines[2.0]


def test_lengths_that_nobody_uses_are_forgotten(timers: TimerQueue, clock: ManualClock) -> None:
    """Callers who compute each limit anew leave a bounded number of timers; those that are waited for stay."""
    waiting = [Owner(clock) for _ in range(20)]
    for number, owner in enumerate(waiting):
        timers.deadlines[5.0 + number].add(owner, clock.now() + 5.0 + number)
    for number in range(1000):
        length_s = 100.0 + number
        owner = Owner(clock)
        queue = timers.deadlines[length_s]
        queue.add(owner, clock.now() + length_s)
        queue.discard(owner)
    assert len(timers.deadlines) <= 60
    pass_time(timers, clock, 30)
    assert [owner.told_at for owner in waiting] == [[55.0 + number] for number in range(20)]


def test_a_queue_that_was_forgotten_still_tells(timers: TimerQueue, clock: ManualClock) -> None:
    """Whoever had it in hand at that moment may use it."""
    queue = timers.deadlines[1.0]
    for number in range(100):
        timers.deadlines[10.0 + number]
    assert timers.deadlines[1.0] is not queue
    owner = Owner(clock)
    queue.add(owner, 51.0)
    pass_time(timers, clock, 2)
    assert owner.told_at == [51.0]


def test_a_loop_that_ended_tells_nobody(queue: DeadlineQueue, timers: TimerQueue, clock: ManualClock) -> None:
    """And owners may still be discarded."""
    first, early = Owner(clock), Owner(clock)
    queue.add(first, 60.0)
    queue.add(early, 55.0)
    timers.clear()
    pass_time(timers, clock, 30)
    queue.discard(first)
    queue.discard(early)
    assert first.told_at == early.told_at == [] and len(timers) == 0
    assert timers.deadlines[10.0] is not queue


@given(
    plan=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.one_of(st.none(), st.integers(0, 9))), max_size=30)
)
def test_everybody_is_told_exactly_in_time_unless_discarded_before(plan: list[tuple[int, int, int | None]]) -> None:
    """Whatever the order: (pause before the add, how far away it is, how long after the add it is discarded)."""
    clock = ManualClock()
    timers = TimerQueue(clock)
    queue = timers.deadlines[1.0]
    owners: list[Owner] = []
    expected: list[list[float]] = []
    goes_at: list[float | None] = []
    for pause, distance, kept_for in plan:
        pass_time_and_discard(timers, clock, queue, pause, owners, goes_at)
        due_at, goes = clock.now() + distance, None if kept_for is None else clock.now() + kept_for
        owners.append(Owner(clock))
        goes_at.append(goes)
        queue.add(owners[-1], due_at)
        if goes is not None and goes == clock.now():
            queue.discard(owners[-1])
        # What is due at once is told by the next turn, and a turn follows only when time passes.
        told_at = due_at if distance else due_at + 1.0
        expected.append([] if goes is not None and goes < told_at else [told_at])
    pass_time_and_discard(timers, clock, queue, 20, owners, goes_at)
    assert [owner.told_at for owner in owners] == expected
    assert len(queue) == len(timers) == 0


def pass_time_and_discard(
    timers: TimerQueue,
    clock: ManualClock,
    queue: DeadlineQueue,
    seconds: int,
    owners: list[Owner],
    goes_at: list[float | None],
) -> None:
    """Timers first, then the discards of the same moment."""
    for _ in range(seconds):
        pass_time(timers, clock, 1)
        for owner, at in zip(owners, goes_at, strict=True):
            if at == clock.now():
                queue.discard(owner)
