"""One after another, or several at the same time."""

from __future__ import annotations

import threading

import pytest

from netstack_sync.cli.parallel_run import Job, run_in_order, run_in_parallel


def test_order() -> None:
    """Each begins when the one before has ended."""
    seen: list[int] = []

    def job(number: int) -> Job:
        def run() -> int:
            seen.append(number)
            return number

        return run

    assert run_in_order([job(3), job(0), job(7)]) == [3, 0, 7] == seen


def test_parallel_jobs_run_side_by_side_and_keep_their_order() -> None:
    """So many at the same time as there may be."""
    together = threading.Barrier(3)

    def job(number: int) -> Job:
        def run() -> int:
            together.wait(30)
            return number

        return run

    assert run_in_parallel([job(number) for number in range(6)], 3, lambda: None) == [0, 1, 2, 3, 4, 5]


def test_no_more_threads_than_allowed() -> None:
    """Whatever the number of jobs."""
    names: set[int] = set()

    def job() -> int:
        names.add(threading.get_ident())
        return 0

    assert run_in_parallel([job] * 20, 1, lambda: None) == [0] * 20
    assert len(names) == 1


def test_what_one_raises_ends_all() -> None:
    """Those under way are stopped and waited for, no other begins, and it is raised."""
    stopped, begun = threading.Event(), []

    def fails() -> int:
        raise BrokenPipeError

    def waits() -> int:
        begun.append(1)
        assert stopped.wait(30)
        return 0

    with pytest.raises(BrokenPipeError):
        run_in_parallel([waits, fails, *[waits] * 10], 2, stopped.set)
    assert stopped.is_set() and len(begun) <= 2
    assert not [thread for thread in threading.enumerate() if thread.name == "netstack-fetch"]


def test_ctrl_c_while_threads_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have begun are stopped and waited for, as later."""
    running, stopped, ended = (threading.Event() for _ in range(3))
    start = threading.Thread.start
    begun: list[threading.Thread] = []

    def interrupted(thread: threading.Thread) -> None:
        if begun:
            assert running.wait(10)  # one that had not begun its job would begin none
            raise KeyboardInterrupt
        begun.append(thread)
        start(thread)

    def job() -> int:
        running.set()
        assert stopped.wait(10)
        ended.set()
        return 0

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_in_parallel([job] * 2, 2, stopped.set)
    assert ended.is_set() and not begun[0].is_alive()
