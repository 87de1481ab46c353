"""The queue between threads and the loop."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from types import FrameType

import pytest

from netstack_sync.loop.task_queue import TaskQueue


class CountingWaker:
    """Counts the wakes."""

    fd = -1

    def __init__(self) -> None:
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1

    def acknowledge(self) -> None:
        """Nothing to take."""

    def close(self) -> None:
        """Holds nothing."""


def nothing() -> None:
    """A task."""


def test_first_in_first_out() -> None:
    """Length counts what waits."""
    queue = TaskQueue(CountingWaker())
    tasks = [lambda: None, lambda: None, lambda: None]
    for task in tasks:
        assert queue.push(task)
    assert len(queue) == 3
    assert [queue.tasks.popleft() for _ in tasks] == tasks
    assert not queue


def test_only_a_sleeping_loop_is_woken() -> None:
    """A wake is a system call."""
    waker = CountingWaker()
    queue = TaskQueue(waker)
    queue.push(nothing)
    assert waker.wakes == 0
    queue.tasks.popleft()
    assert queue.prepare_to_sleep()
    queue.push(nothing)
    assert waker.wakes == 1
    queue.woke_up()
    queue.push(nothing)
    assert waker.wakes == 1


def test_a_loop_with_work_does_not_go_to_sleep() -> None:
    """And is not taken to be asleep afterwards."""
    waker = CountingWaker()
    queue = TaskQueue(waker)
    queue.push(nothing)
    assert not queue.prepare_to_sleep()
    queue.push(nothing)
    assert waker.wakes == 0


def test_a_closed_queue_refuses_and_keeps_what_it_has() -> None:
    """The loop runs the rest."""
    queue = TaskQueue(CountingWaker())
    queue.push(nothing)
    queue.close()
    assert not queue.push(nothing)
    assert len(queue) == 1


class Interrupting(deque[Callable[[], None]]):
    """Raises after an append, as Ctrl-C does there."""

    def append(self, task: Callable[[], None]) -> None:
        super().append(task)
        raise KeyboardInterrupt


def test_an_interrupted_push_wakes_the_loop() -> None:
    """The task is there, so it must not wait for another event."""
    waker = CountingWaker()
    queue = TaskQueue(waker)
    queue.tasks = Interrupting()
    assert queue.prepare_to_sleep()
    with pytest.raises(KeyboardInterrupt):
        queue.push(nothing)
    assert waker.wakes == 1 and len(queue) == 1


def test_a_push_may_be_interrupted_by_a_push_of_its_own_thread() -> None:
    """As by a signal handler or a finaliser that posts; neither waits for itself."""
    queue = TaskQueue(CountingWaker())
    pushed: list[bool] = []

    def interrupt(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call" and getattr(argument, "__name__", "") == "append" and not pushed:
            pushed.append(True)  # first, for this call is profiled as well
            pushed.append(queue.push(nothing))

    previous = sys.getprofile()
    sys.setprofile(interrupt)
    try:
        queue.push(nothing)
    finally:
        sys.setprofile(previous)
    assert pushed == [True, True] and len(queue) == 2
