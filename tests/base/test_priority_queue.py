"""The priority queue is fair within a priority, and any value can leave it at any time."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.priority_queue import PriorityQueue

LOW, MEDIUM, HIGHEST = 3, 4, 5


def queue_of(*values: tuple[str, int]) -> PriorityQueue[str]:
    queue: PriorityQueue[str] = PriorityQueue()
    for value, priority in values:
        queue.push(value, priority)
    return queue


def drain(queue: PriorityQueue[str]) -> str:
    """The values in the order of their turns."""
    return "".join(queue.pop_first() for _ in range(len(queue)))


def test_an_empty_queue() -> None:
    """Nobody's turn; it is false."""
    queue = queue_of()
    assert queue.first() is None and queue.size == 0 and not queue and list(queue) == []


def test_the_turn() -> None:
    """Row 42: the highest priority, and the oldest of it, in whatever order they came."""
    queue = queue_of(("a", LOW), ("b", HIGHEST), ("c", MEDIUM), ("d", HIGHEST), ("e", LOW))
    assert list(queue) == ["b", "d", "c", "a", "e"] and len(queue) == queue.size == 5
    assert queue.first() == "b" and queue.top_priority == HIGHEST
    assert drain(queue) == "bdcae"
    assert queue.size == 0 and queue.first() is None


def test_at_the_front_means_before_the_others_of_the_same_priority() -> None:
    """Not before higher ones."""
    queue = queue_of(("a", LOW), ("b", MEDIUM))
    queue.push_front("c", LOW)
    queue.push_front("d", 0)
    assert drain(queue) == "bcad"


@pytest.mark.parametrize("victim", ["a", "b", "c"])
def test_whoever_leaves_holds_up_nobody(victim: str) -> None:
    """Row 43: first, in the middle and last of its priority; the others keep their order, and newcomers go to the
    end.
    """
    queue = queue_of(("a", LOW), ("b", LOW), ("c", LOW))
    queue.remove(victim, LOW)
    queue.push("d", LOW)
    assert queue.size == 3 and drain(queue) == "abcd".replace(victim, "")


def test_the_only_one_of_its_priority_may_leave() -> None:
    """Row 43: it is the next one's turn then."""
    queue = queue_of(("a", LOW), ("b", HIGHEST))
    queue.remove("b", HIGHEST)
    assert queue.first() == "a" and queue.top_priority == LOW and queue.size == 1


def test_the_least_urgent_is_given_up() -> None:
    """The oldest of the lowest priority."""
    queue = queue_of(("a", HIGHEST), ("b", LOW), ("c", LOW), ("d", MEDIUM))
    assert [queue.pop_least() for _ in range(4)] == ["b", "c", "d", "a"]
    assert not queue


@pytest.mark.parametrize("priority", [LOW, MEDIUM])
def test_taking_out_who_does_not_wait_is_a_mistake(priority: int) -> None:
    """Neither one that has left nor one that came with another priority; nothing is changed by it."""
    queue = queue_of(("a", LOW), ("b", LOW))
    queue.remove("b", LOW)
    with pytest.raises(KeyError):
        queue.remove("b", priority)
    assert queue.size == 1 and list(queue) == ["a"]


def test_repr_shows_the_line() -> None:
    """In the order of the turns."""
    assert repr(queue_of(("a", LOW), ("b", HIGHEST))) == "<PriorityQueue ['b', 'a']>"


STEPS = st.lists(st.tuples(st.sampled_from(["push", "front", "remove", "pop", "least"]), st.integers(0, 99)))


@given(STEPS)
def test_it_behaves_like_one_deque_per_priority(steps: list[tuple[str, int]]) -> None:
    """Any sequence of operations leaves the same values in the same order."""
    queue: PriorityQueue[int] = PriorityQueue()
    model: list[deque[int]] = [deque(), deque(), deque()]
    for serial, (step, number) in enumerate(steps):
        waiting = [level for level in model if level]
        if step == "push":
            queue.push(serial, number % 3)
            model[number % 3].append(serial)
        elif step == "front":
            queue.push_front(serial, number % 3)
            model[number % 3].appendleft(serial)
        elif waiting and step == "remove":
            priority = model.index(waiting[number % len(waiting)])
            value = model[priority][number % len(model[priority])]
            model[priority].remove(value)
            queue.remove(value, priority)
        elif waiting and step == "pop":
            assert queue.pop_first() == waiting[-1].popleft()
        elif waiting:
            assert queue.pop_least() == waiting[0].popleft()
        expected = [value for level in reversed(model) for value in level]
        assert list(queue) == expected and queue.size == len(expected)
        assert queue.first() == (expected[0] if expected else None)
