"""Timers: order, cancelling, the heap's rebuilding, one-shot and repeating timers."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.loop.timers import Alarm, OneShotTimer, RepeatingTimer, TimerQueue

MANY = 1000


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def note(done: list[str]) -> Callable[[str], Callable[[], None]]:
    return lambda what: lambda: done.append(what)


Note = Callable[[str], Callable[[], None]]


def test_timers_run_by_time_and_then_by_arming(
    timers: TimerQueue, clock: ManualClock, done: list[str], note: Note
) -> None:
    """Equal times are first come, first served; one in the past is due at once."""
    timers.call_later(2.0, note("late"))
    timers.call_later(1.0, note("first"))
    timers.call_at(51.0, note("second"))
    timers.call_at(0.0, note("past"))
    assert timers.run_due(10) == 1 and done == ["past"]
    clock.advance(1.0)
    assert timers.run_due(10) == 2 and done == ["past", "first", "second"]
    clock.advance(0.9)
    assert timers.run_due(10) == 0
    clock.advance(0.2)
    assert timers.run_due(10) == 1 and done[-1] == "late"
    assert timers.run_due(10) == 0 and len(timers) == 0


def test_no_more_than_the_limit_run(timers: TimerQueue, done: list[str], note: Note) -> None:
    """The rest waits for the next turn; cancelled ones do not count."""
    for number in range(4):
        timers.call_later(0.0, note(str(number)))
    timers.call_at(0.0, note("cancelled")).cancel()
    assert timers.run_due(3) == 3
    assert timers.run_due(3) == 1
    assert done == ["0", "1", "2", "3"]


def test_a_halted_queue_runs_nothing(timers: TimerQueue, done: list[str], note: Note) -> None:
    """Set by a task, it stops before the next one."""

    def halt() -> None:
        timers.is_halted = True

    timers.call_later(0.0, halt)
    timers.call_later(0.0, note("after"))
    assert timers.run_due(10) == 1
    assert timers.run_due(10) == 0
    timers.is_halted = False
    assert timers.run_due(10) == 1 and done == ["after"]


def test_seconds_to_next(timers: TimerQueue, clock: ManualClock) -> None:
    """None when nothing is armed, never negative, and cancelled timers do not count."""
    assert timers.seconds_to_next() is None
    soon = timers.call_later(1.0, lambda: None)
    timers.call_later(3.0, lambda: None)
    assert timers.seconds_to_next() == 1.0
    soon.cancel()
    assert timers.seconds_to_next() == 3.0
    assert len(timers) == 1
    clock.advance(5.0)
    assert timers.seconds_to_next() == 0.0


def test_a_cancelled_task_never_runs(timers: TimerQueue, done: list[str], note: Note) -> None:
    """Cancelling is idempotent, and harmless after the run."""
    cancelled = timers.call_later(0.0, note("cancelled"))
    ran = timers.call_later(0.0, note("ran"))
    cancelled.cancel()
    cancelled.cancel()
    assert len(timers) == 1
    timers.run_due(10)
    ran.cancel()
    assert done == ["ran"] and len(timers) == 0


def test_a_task_may_cancel_the_next_one(timers: TimerQueue, done: list[str], note: Note) -> None:
    """Although both are due."""
    timers.call_later(0.0, lambda: victim.cancel())
    victim = timers.call_later(0.0, note("victim"))
    timers.call_later(0.0, note("other"))
    timers.run_due(10)
    assert done == ["other"]


def test_the_heap_is_rebuilt_when_most_of_it_is_cancelled(
    timers: TimerQueue, clock: ManualClock, done: list[str], note: Note
) -> None:
    """Deadlines that are cancelled early take no memory, and the others keep their order."""
    kept = [timers.call_later(10.0 + number % 7, note(str(number))) for number in range(10)]
    for _ in range(MANY):
        timers.call_later(30.0, note("deadline")).cancel()
    assert len(timers) == len(kept)
    assert len(timers._heap) < 200
    clock.advance(60.0)
    timers.run_due(MANY)
    assert done == ["0", "7", "1", "8", "2", "9", "3", "4", "5", "6"]


def test_the_heap_may_be_rebuilt_while_tasks_run(timers: TimerQueue, done: list[str], note: Note) -> None:
    """A due task cancels a thousand others, and the ones behind it still run, once."""
    victims = [timers.call_later(1.0, note("victim")) for _ in range(MANY)]

    def cancel_all() -> None:
        for victim in victims:
            victim.cancel()

    timers.call_later(0.0, cancel_all)
    timers.call_later(0.0, note("after"))
    assert timers.run_due(10) == 2
    assert done == ["after"] and len(timers) == 0
    assert timers.seconds_to_next() is None


def test_clear_drops_everything(timers: TimerQueue, clock: ManualClock, done: list[str], note: Note) -> None:
    """And a handle that is cancelled later is not counted."""
    handle = timers.call_later(1.0, note("dropped"))
    timers.clear()
    handle.cancel()
    assert len(timers) == 0
    clock.advance(2.0)
    assert timers.run_due(10) == 0 and done == []


def test_a_task_that_raises_does_not_hold_the_others_up(
    timers: TimerQueue, done: list[str], note: Note, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback is shown."""

    def fail() -> None:
        raise RuntimeError("a bug of a timer")

    timers.call_later(0.0, fail)
    timers.call_later(0.0, note("after"))
    assert timers.run_due(10) == 2
    assert done == ["after"] and "a bug of a timer" in capsys.readouterr().err


class TestOneShotTimer:
    """OneShotTimer."""

    def test_it_runs_once(self, timers: TimerQueue, clock: ManualClock, done: list[str], note: Note) -> None:
        """It has stopped when its task runs, so the task may start it again."""
        running: list[bool] = []
        timer = OneShotTimer(timers, lambda: running.append(timer.is_running))
        assert not timer.is_running
        timer.start(1.0)
        assert timer.is_running
        clock.advance(1.0)
        timers.run_due(10)
        clock.advance(5.0)
        assert timers.run_due(10) == 0 and running == [False]

    def test_starting_again_re_arms(self, timers: TimerQueue, clock: ManualClock, done: list[str], note: Note) -> None:
        """The first arming is forgotten."""
        timer = OneShotTimer(timers, note("fired"))
        timer.start(1.0)
        timer.start(3.0)
        clock.advance(2.0)
        assert timers.run_due(10) == 0
        clock.advance(1.0)
        assert timers.run_due(10) == 1 and done == ["fired"]

    def test_its_task_may_start_it(self, timers: TimerQueue, clock: ManualClock) -> None:
        """The new arming counts."""
        timer = OneShotTimer(timers, lambda: timer.start(1.0))
        timer.start(1.0)
        clock.advance(1.0)
        timers.run_due(10)
        assert timer.is_running and len(timers) == 1

    def test_stop_is_idempotent(self, timers: TimerQueue, clock: ManualClock, done: list[str], note: Note) -> None:
        """And final until the next start."""
        timer = OneShotTimer(timers, note("fired"))
        timer.start(1.0)
        timer.stop()
        timer.stop()
        clock.advance(2.0)
        timers.run_due(10)
        assert not timer.is_running and done == []


class TestRepeatingTimer:
    """RepeatingTimer."""

    def test_it_runs_every_period(self, timers: TimerQueue, clock: ManualClock, done: list[str], note: Note) -> None:
        """First after one period, then again until stopped."""
        timer = RepeatingTimer(timers, note("tick"))
        timer.start(2.0)
        assert timers.run_due(10) == 0 and timer.is_running
        for _ in range(3):
            clock.advance(2.0)
            timers.run_due(10)
        timer.stop()
        timer.stop()
        clock.advance(10.0)
        timers.run_due(10)
        assert done == ["tick"] * 3 and not timer.is_running

    def test_its_task_may_stop_it(self, timers: TimerQueue, clock: ManualClock) -> None:
        """Nothing stays armed."""
        timer = RepeatingTimer(timers, lambda: timer.stop())
        timer.start(1.0)
        clock.advance(1.0)
        timers.run_due(10)
        assert not timer.is_running and len(timers) == 0

    def test_its_task_may_change_the_period(self, timers: TimerQueue, clock: ManualClock) -> None:
        """Starting again replaces the arming."""
        timer = RepeatingTimer(timers, lambda: timer.start(5.0))
        timer.start(1.0)
        clock.advance(1.0)
        timers.run_due(10)
        assert timers.seconds_to_next() == 5.0 and len(timers) == 1

    @pytest.mark.parametrize("period_s", [0.0, -1.0])
    def test_a_period_is_positive(self, timers: TimerQueue, period_s: float) -> None:
        """Or the loop would do nothing else."""
        with pytest.raises(ValueError, match="period_s"):
            RepeatingTimer(timers, lambda: None).start(period_s)


def test_an_alarm_knows_its_task_only_while_it_is_armed() -> None:
    """So that an owner whose method is the task is no circle with it, armed anew, stopped or gone off."""
    clock = ManualClock()
    timers = TimerQueue(clock)
    alarm = Alarm(timers)
    rings: list[str] = []
    alarm.stop()
    alarm.start(1.0, lambda: rings.append("forgotten"))
    alarm.start(2.0, lambda: rings.append("first"))
    clock.advance(2.0)
    timers.run_due(10)
    alarm.start(1.0, lambda: rings.append("second"))
    alarm.stop()
    clock.advance(2.0)
    timers.run_due(10)
    assert rings == ["first"] and not len(timers)
    task = rings.clear
    before = sys.getrefcount(task)
    alarm.start(1.0, task)
    alarm.stop()
    assert sys.getrefcount(task) == before
