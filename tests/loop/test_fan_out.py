"""tell_in_turns(): nobody is left out, and no task tells many."""

from __future__ import annotations

import pytest

from netstack_sync.loop.completion import Task
from netstack_sync.loop.fan_out import tell_in_turns


@pytest.mark.parametrize("count", [1, 4, 5, 8, 30])
def test_everybody_is_told_in_order(count: int) -> None:
    """Some at once, the others in tasks, each of which tells as few."""
    waiting, told, posted = list(range(count)), list[int](), list[Task]()

    def tell_next() -> bool:
        told.append(waiting.pop(0))
        return bool(waiting)

    tell_in_turns(tell_next, posted.append)
    shares = [len(told)]
    while posted:
        before = len(told)
        posted.pop()()
        shares.append(len(told) - before)
    assert told == list(range(count)) and max(shares) <= 4 and len(shares) == -(-count // 4)


def test_a_loop_that_takes_no_more_tasks() -> None:
    """It ends, and those who wait have been cancelled with it."""
    told: list[int] = []

    def tell_next() -> bool:
        told.append(1)
        return True

    tell_in_turns(tell_next, lambda _: False)
    assert len(told) == 4


def test_a_waiter_that_raises(capsys: pytest.CaptureFixture[str]) -> None:
    """The bug is printed, and all the others are told."""
    waiting, told, posted = list(range(6)), list[int](), list[Task]()

    def tell_next() -> bool:
        if waiting:
            told.append(waiting.pop(0))
            if told[-1] in (1, 5):
                raise ValueError(f"bug of {told[-1]}")
        return bool(waiting)

    tell_in_turns(tell_next, posted.append)
    while posted:
        posted.pop()()
    assert told == list(range(6))
    printed = capsys.readouterr().err
    assert "bug of 1" in printed and "bug of 5" in printed
