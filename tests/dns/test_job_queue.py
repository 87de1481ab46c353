"""The queue of lookups: so many at a time, and not too many waiting."""

from __future__ import annotations

import pytest

from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.job_queue import JobQueue, Place

LOW, HIGHEST = RequestPriority.LOW, RequestPriority.HIGHEST


class Job:
    """Notes what happens to it."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log

    def start(self) -> None:
        self.log.append(f"start {self.name}")

    def on_evicted(self) -> None:
        self.log.append(f"evict {self.name}")


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def queue() -> JobQueue:
    return JobQueue(1)


def add(queue: JobQueue, name: str, log: list[str], priority: RequestPriority = LOW) -> Place | None:
    return queue.add(Job(name, log), priority)


def test_so_many_at_a_time(queue: JobQueue, log: list[str]) -> None:
    """The urgent first; a place is released by whoever had it."""
    assert add(queue, "a", log) is None
    assert add(queue, "b", log) is not None
    assert add(queue, "c", log, HIGHEST) is not None
    assert log == ["start a"] and queue.queued_count == 2
    assert repr(queue) == "<JobQueue <PrioritizedDispatcher 1 of 1 run, 2 wait>>"
    queue.release()
    queue.release()
    assert log == ["start a", "start c", "start b"]


def test_a_job_that_waits_may_move_or_leave(queue: JobQueue, log: list[str]) -> None:
    """Others start in its stead."""
    add(queue, "a", log)
    b, c = add(queue, "b", log), add(queue, "c", log)
    assert b is not None and c is not None
    c = queue.change_priority(c, HIGHEST)
    queue.cancel(b)
    queue.release()
    assert c is not None and log == ["start a", "start c"] and queue.queued_count == 0


def test_a_pause(queue: JobQueue, log: list[str]) -> None:
    """Nobody starts in it; afterwards as many as before."""
    queue.pause()
    for name in "abc":
        assert add(queue, name, log) is not None
    assert log == []
    queue.resume()
    assert log == ["start a"]
    queue.release()
    assert log == ["start a", "start b"]


def test_too_many_wait(queue: JobQueue, log: list[str]) -> None:
    """Row 125 (QueueOverflow): a hundred per place; then the oldest of the least urgent goes."""
    add(queue, "running", log)
    for number in range(100):
        assert add(queue, str(number), log) is not None
    assert log == ["start running"]
    assert add(queue, "urgent", log, HIGHEST) is not None
    assert log[1:] == ["evict 0"] and queue.queued_count == 100


def test_the_new_one_may_be_the_victim(queue: JobQueue, log: list[str]) -> None:
    """Row 125 (QueueOverflow_SelfEvict): when everybody else is more urgent; it has no place then."""
    add(queue, "running", log)
    for number in range(100):
        add(queue, str(number), log, HIGHEST)
    assert add(queue, "late", log) is None
    assert log[1:] == ["evict late"]
