"""The priority queue is fair within a priority, and any value can leave it at any time."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.priority_queue import Pointer, PriorityQueue


def _drain(queue: PriorityQueue[str]) -> list[str]:
    values = []
    while (pointer := queue.first_max()) is not None:
        values.append(queue.erase(pointer))
    return values


def test_the_highest_priority_comes_first_and_the_oldest_within_it() -> None:
    """In whatever order they were inserted."""
    queue: PriorityQueue[str] = PriorityQueue()
    for value, priority in [("a", 2), ("b", 5), ("c", 2), ("d", 0), ("e", 5)]:
        queue.insert(value, priority)
    assert list(queue) == ["b", "e", "a", "c", "d"]
    assert len(queue) == 5
    assert _drain(queue) == ["b", "e", "a", "c", "d"]
    assert len(queue) == 0


def test_at_the_front_means_before_the_others_of_the_same_priority() -> None:
    """Not before higher ones."""
    queue: PriorityQueue[str] = PriorityQueue()
    queue.insert("a", 2)
    queue.insert("b", 3)
    queue.insert_at_front("c", 2)
    queue.insert_at_front("d", 0)
    assert list(queue) == ["b", "c", "a", "d"]


def test_the_first_and_the_last_of_the_line_are_found() -> None:
    """first_min is the oldest of the lowest priority."""
    queue: PriorityQueue[str] = PriorityQueue()
    pointers = {value: queue.insert(value, priority) for value, priority in [("a", 1), ("b", 1), ("c", 4)]}
    assert queue.first_max() is pointers["c"]
    assert queue.first_min() is pointers["a"]


def test_an_empty_queue_has_no_first() -> None:
    """None, at both ends; the queue is false."""
    queue: PriorityQueue[str] = PriorityQueue()
    assert queue.first_max() is None
    assert queue.first_min() is None
    assert not queue


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_value_can_leave_from_anywhere(victim: int) -> None:
    """Head, middle and tail of the line; the others keep their order, and newcomers go to the end."""
    queue: PriorityQueue[str] = PriorityQueue()
    pointers = [queue.insert(value, 3) for value in "abc"]
    assert queue.erase(pointers[victim]) == "abc"[victim]
    queue.insert("d", 3)
    assert list(queue) == [value for value in "abcd" if value != "abc"[victim]]


def test_erasing_twice_is_a_mistake() -> None:
    """The pointer knows that it is not queued any more."""
    queue: PriorityQueue[str] = PriorityQueue()
    pointer = queue.insert("a", 3)
    assert pointer.queued
    queue.erase(pointer)
    assert not pointer.queued
    with pytest.raises(AssertionError, match="not in this queue"):
        queue.erase(pointer)


def test_erasing_from_another_queue_is_a_mistake() -> None:
    """It would corrupt both."""
    queue: PriorityQueue[str] = PriorityQueue()
    other: PriorityQueue[str] = PriorityQueue()
    pointer = queue.insert("a", 3)
    with pytest.raises(AssertionError, match="not in this queue"):
        other.erase(pointer)
    assert list(queue) == ["a"]


def test_repr_shows_the_line() -> None:
    """And whether a pointer is worth anything."""
    queue: PriorityQueue[str] = PriorityQueue(2)
    pointer = queue.insert("a", 1)
    assert repr(queue) == "<PriorityQueue ['a']>"
    assert repr(pointer) == "<Pointer queued priority=1 'a'>"
    queue.erase(pointer)
    assert repr(pointer) == "<Pointer erased priority=1 'a'>"


_STEPS = st.lists(st.tuples(st.sampled_from(["insert", "front", "erase"]), st.integers(0, 99)), max_size=60)


@given(_STEPS)
def test_it_behaves_like_one_deque_per_priority(steps: list[tuple[str, int]]) -> None:
    """Any sequence of operations leaves the same values in the same order."""
    queue: PriorityQueue[int] = PriorityQueue(3)
    model: list[deque[int]] = [deque(), deque(), deque()]
    pointers: list[Pointer[int]] = []
    for serial, (step, number) in enumerate(steps):
        if step == "insert":
            pointers.append(queue.insert(serial, number % 3))
            model[number % 3].append(serial)
        elif step == "front":
            pointers.append(queue.insert_at_front(serial, number % 3))
            model[number % 3].appendleft(serial)
        elif pointers:
            pointer = pointers.pop(number % len(pointers))
            model[pointer.priority].remove(queue.erase(pointer))
    assert list(queue) == [value for level in reversed(model) for value in level]
    assert len(queue) == len(pointers)
