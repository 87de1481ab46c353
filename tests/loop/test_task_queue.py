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
    queue.is_sleeping = True
    queue.push(nothing)
    assert waker.wakes == 1
    queue.is_sleeping = False
    queue.push(nothing)
    assert waker.wakes == 1


def test_a_closed_queue_refuses_and_keeps_what_it_has() -> None:
    """The loop runs the rest; and it is awake, whatever it said before."""
    waker = CountingWaker()
    queue = TaskQueue(waker)
    queue.is_sleeping = True
    queue.push(lambda: None)
    queue.close()
    assert not queue.push(nothing)
    assert len(queue) == waker.wakes == 1


def test_of_equal_tasks_one_is_refused() -> None:
    """It does not matter which."""
    queue = TaskQueue(CountingWaker())
    queue.push(nothing)
    queue.close()
    assert not queue.push(nothing)
    assert list(queue.tasks) == [nothing]


class Racing(deque[Callable[[], None]]):
    """A loop that closes the queue and runs what is in it at the moment of an append."""

    def __init__(self, close: Callable[[], None]) -> None:
        super().__init__()
        self.close = close

    def append(self, task: Callable[[], None]) -> None:
        super().append(task)
        self.close()
        while self:
            self.popleft()()


def test_a_task_that_a_closing_loop_has_run_is_not_refused() -> None:
    """Who posts it gets an answer from it."""
    queue = TaskQueue(CountingWaker())
    queue.tasks = Racing(queue.close)
    done: list[int] = []
    assert queue.push(lambda: done.append(1))
    assert done == [1] and not queue


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
    queue.is_sleeping = True
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
