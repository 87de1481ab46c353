"""One at a time."""

from __future__ import annotations

import threading

import pytest

from netstack_sync.workers.turn import Turn


def test_who_comes_later_waits() -> None:
    turn, is_in, go_on = Turn(), threading.Event(), threading.Event()
    log: list[str] = []

    def first() -> None:
        is_in.set()
        assert go_on.wait(20.0)
        log.append("first")

    threads = [threading.Thread(target=turn.run, args=[first])]
    threads[0].start()
    assert is_in.wait(20.0)
    threads.append(threading.Thread(target=turn.run, args=[lambda: log.append("second")]))
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(20.0)
    assert log == ["first", "second"]


def test_what_it_gives_and_raises() -> None:
    """A failure does not keep the next one out."""
    turn = Turn()
    with pytest.raises(ZeroDivisionError):
        turn.run(lambda: 1 // 0)
    assert turn.run(lambda: 5) == 5
