"""The way into the loop's thread."""

from __future__ import annotations

import threading

from netstack_sync.loop.task_runner import TaskRunner
from tests.support.loops import DEADLINE_S, LoopDriver


def test_a_delayed_task_runs_no_earlier(driver: LoopDriver) -> None:
    """And in the order of time, then of posting."""
    done: list[str] = []
    runner: TaskRunner = driver.loop.task_runner
    assert runner.post_delayed_task(lambda: done.append("late"), 2.0)
    assert runner.post_delayed_task(lambda: done.append("first"), 1.0)
    assert runner.post_delayed_task(lambda: done.append("second"), 1.0)
    driver.advance(0.9)
    assert done == []
    driver.advance(0.1)
    assert done == ["first", "second"]
    driver.advance(5.0)
    assert done == ["first", "second", "late"]


def test_the_delay_counts_from_posting(driver: LoopDriver) -> None:
    """Not from the moment the loop hears of it."""
    done: list[str] = []
    driver.loop.task_runner.post_delayed_task(lambda: done.append("task"), 1.0)
    driver.advance(1.0)
    assert done == ["task"]


def test_it_knows_the_loops_thread(driver: LoopDriver) -> None:
    """Nobody's before the first run, then that of the thread that ran the loop."""
    runner = driver.loop.task_runner
    assert not runner.runs_tasks_on_this_thread()
    seen: list[bool] = []
    runner.post_task(lambda: seen.append(runner.runs_tasks_on_this_thread()))
    driver.run_until_idle()
    thread = threading.Thread(target=lambda: seen.append(runner.runs_tasks_on_this_thread()))
    thread.start()
    thread.join(DEADLINE_S)
    assert seen == [True, False]
    driver.loop.close()
    assert not runner.runs_tasks_on_this_thread()


def test_after_close_nothing_is_accepted(driver: LoopDriver) -> None:
    """From no thread."""
    driver.loop.close()
    assert not driver.loop.task_runner.post_task(lambda: None)
    assert not driver.loop.task_runner.post_delayed_task(lambda: None, 0.0)
