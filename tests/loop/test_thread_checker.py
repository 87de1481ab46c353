"""The thread checker."""

from __future__ import annotations

import threading

from netstack_sync.loop.thread_checker import ThreadChecker
from tests.support.loops import DEADLINE_S


def is_current_elsewhere(checker: ThreadChecker) -> bool:
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(checker.is_current()))
    thread.start()
    thread.join(DEADLINE_S)
    return seen[0]


def test_it_is_bound_to_the_thread_that_made_it() -> None:
    """And to no other."""
    checker = ThreadChecker()
    assert checker.is_current()
    assert not is_current_elsewhere(checker)


def test_a_detached_one_belongs_to_whoever_asks_first() -> None:
    """The first thread that asks binds it."""
    checker = ThreadChecker()
    checker.detach()
    hold = threading.Semaphore(0)
    seen: list[bool] = []
    asked = threading.Semaphore(0)

    def ask_and_stay() -> None:
        seen.append(checker.is_current())
        asked.release()
        hold.acquire(timeout=DEADLINE_S)  # a dead thread's identity may be given to another

    thread = threading.Thread(target=ask_and_stay)
    thread.start()
    assert asked.acquire(timeout=DEADLINE_S)
    assert not checker.is_current()
    hold.release()
    thread.join(DEADLINE_S)
    assert seen == [True]
