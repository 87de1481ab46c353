"""The dispatcher starts jobs by priority and never more than allowed."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.dispatcher import NO_JOBS, DispatcherLimits, PrioritizedDispatcher

IDLE, LOW, MEDIUM, HIGHEST = 1, 3, 4, 5


class Jobs:
    """A dispatcher and the jobs it started, in order."""

    def __init__(self, limits: DispatcherLimits) -> None:
        self.dispatcher: PrioritizedDispatcher[Job] = PrioritizedDispatcher(limits)
        self.started: list[str] = []

    def add(self, name: str, priority: int) -> bool:
        return self.dispatcher.add(Job(self, name), priority)

    def queue(self, name: str, priority: int) -> Job:
        """Adds one that has to wait."""
        job = Job(self, name)
        assert self.dispatcher.add(job, priority)
        return job

    def drain(self) -> str:
        """Finishes one after the other; the names in the order of their starts."""
        while self.dispatcher.running_count:
            self.dispatcher.on_job_finished()
        return "".join(self.started)


class Job:
    """Notes its start."""

    def __init__(self, jobs: Jobs, name: str) -> None:
        self.jobs = jobs
        self.name = name

    def start(self) -> None:
        self.jobs.started.append(self.name)


class HastyJob(Job):
    """Finishes inside its start."""

    def start(self) -> None:
        super().start()
        self.jobs.dispatcher.on_job_finished()


@pytest.fixture
def one_at_a_time() -> Jobs:
    return Jobs(DispatcherLimits(1))


def test_first_come_first_served(one_at_a_time: Jobs) -> None:
    """Row 144 (AddAFIFO): within a priority; who may start does so inside the call."""
    assert not one_at_a_time.add("a", IDLE)
    assert one_at_a_time.started == ["a"]
    for name in "bcd":
        one_at_a_time.queue(name, IDLE)
    assert repr(one_at_a_time.dispatcher) == "<PrioritizedDispatcher 1 of 1 run, 3 wait>"
    assert one_at_a_time.drain() == "abcd"


def test_the_urgent_go_first(one_at_a_time: Jobs) -> None:
    """Row 144 (AddPriority): whenever they came."""
    for name, priority in (("a", IDLE), ("b", MEDIUM), ("c", HIGHEST), ("d", HIGHEST), ("e", MEDIUM)):
        one_at_a_time.add(name, priority)
    assert one_at_a_time.drain() == "acdbe"


def test_at_head_is_before_its_priority(one_at_a_time: Jobs) -> None:
    """Row 144 (AddAtHead): but not before those above; with room it starts like any other."""
    dispatcher = one_at_a_time.dispatcher
    assert not dispatcher.add_at_head(Job(one_at_a_time, "a"), MEDIUM)
    one_at_a_time.queue("b", MEDIUM)
    one_at_a_time.queue("c", HIGHEST)
    assert dispatcher.add_at_head(Job(one_at_a_time, "d"), MEDIUM)
    assert one_at_a_time.drain() == "acdb"


def test_no_more_than_allowed_run() -> None:
    """Row 144 (EnforceLimits): reserved places are open to their priority and to those above."""
    jobs = Jobs(DispatcherLimits(6, (0, 0, 0, 0, 2, 1)))
    for name in "abcd":
        jobs.add(name, IDLE)
    assert "".join(jobs.started) == "abc"  # three places are for everybody
    for name in "efg":
        jobs.add(name, MEDIUM)
    assert "".join(jobs.started) == "abcef"
    jobs.add("h", HIGHEST)
    jobs.add("i", HIGHEST)
    assert "".join(jobs.started) == "abcefh" and jobs.dispatcher.running_count == 6
    assert jobs.dispatcher.queued_count == 3
    jobs.dispatcher.on_job_finished()
    assert jobs.started[-1] == "i"
    jobs.dispatcher.on_job_finished()  # five run: a MEDIUM one would be the sixth, and that place is not for it
    assert jobs.started[-1] == "i"
    assert jobs.drain() == "abcefhigd"


def test_a_job_may_change_its_priority(one_at_a_time: Jobs) -> None:
    """Row 144 (ChangePriority): it queues anew; for the same priority it keeps its place."""
    dispatcher = one_at_a_time.dispatcher
    one_at_a_time.add("a", IDLE)
    b = one_at_a_time.queue("b", MEDIUM)
    c = one_at_a_time.queue("c", HIGHEST)
    d = one_at_a_time.queue("d", HIGHEST)
    assert dispatcher.change_priority(d, HIGHEST, HIGHEST)
    assert dispatcher.change_priority(b, MEDIUM, HIGHEST)
    assert dispatcher.change_priority(c, HIGHEST, MEDIUM)
    assert one_at_a_time.drain() == "adbc"


def test_a_job_that_becomes_urgent_may_start() -> None:
    """Row 144 (ChangePriority): in a place that was reserved."""
    jobs = Jobs(DispatcherLimits(2, (0, 0, 0, 0, 0, 1)))
    jobs.add("a", LOW)
    b = jobs.queue("b", LOW)
    assert not jobs.dispatcher.change_priority(b, LOW, HIGHEST)
    assert jobs.started == ["a", "b"] and jobs.dispatcher.queued_count == 0


def test_a_cancelled_job_never_starts(one_at_a_time: Jobs) -> None:
    """Row 144 (Cancel): from anywhere in the queue."""
    one_at_a_time.add("a", IDLE)
    waiting = [one_at_a_time.queue(name, IDLE) for name in "bcdef"]
    for job in (waiting[0], waiting[2], waiting[4]):
        one_at_a_time.dispatcher.cancel(job, IDLE)
    assert one_at_a_time.drain() == "ace"


def test_the_oldest_of_the_lowest_is_given_up(one_at_a_time: Jobs) -> None:
    """Row 144 (Evict): None once nobody waits; what runs goes on."""
    dispatcher = one_at_a_time.dispatcher
    one_at_a_time.add("a", HIGHEST)
    for name, priority in (("b", LOW), ("c", IDLE), ("d", LOW), ("e", IDLE)):
        one_at_a_time.queue(name, priority)
    victims = [dispatcher.evict_oldest_lowest() for _ in range(5)]
    assert [victim and victim.name for victim in victims] == ["c", "e", "b", "d", None]
    assert one_at_a_time.drain() == "a"


def test_less_room_while_jobs_wait() -> None:
    """Row 144 (ReduceLimitsWhileJobQueued): what runs goes on, and nobody starts before there is room again."""
    jobs = Jobs(DispatcherLimits(2))
    for name in "abc":
        jobs.add(name, IDLE)
    jobs.dispatcher.set_limits(DispatcherLimits(1))
    assert repr(jobs.dispatcher) == "<PrioritizedDispatcher 2 of 1 run, 1 wait>"
    jobs.dispatcher.on_job_finished()
    assert "".join(jobs.started) == "ab"
    jobs.dispatcher.on_job_finished()
    assert "".join(jobs.started) == "abc"


def test_no_room_at_all_and_back(one_at_a_time: Jobs) -> None:
    """Row 144 (ZeroLimitsThenCancel): what is not cancelled starts when there is room again."""
    one_at_a_time.dispatcher.set_limits(NO_JOBS)
    a, b, _ = (one_at_a_time.queue(name, IDLE) for name in "abc")
    one_at_a_time.dispatcher.cancel(a, IDLE)
    assert one_at_a_time.dispatcher.change_priority(b, IDLE, LOW)
    assert one_at_a_time.started == []
    one_at_a_time.dispatcher.set_limits(DispatcherLimits(3))
    assert one_at_a_time.started == ["b", "c"]


def test_no_room_and_more_urgency(one_at_a_time: Jobs) -> None:
    """Row 144 (ZeroLimitsThenIncreasePriority): no urgency makes room."""
    one_at_a_time.dispatcher.set_limits(NO_JOBS)
    a = one_at_a_time.queue("a", IDLE)
    assert one_at_a_time.dispatcher.change_priority(a, IDLE, HIGHEST)
    assert one_at_a_time.started == []
    one_at_a_time.dispatcher.set_limits(DispatcherLimits(1))
    assert one_at_a_time.started == ["a"]


def test_a_job_may_finish_inside_its_start(one_at_a_time: Jobs) -> None:
    """The next ones have their turn all the same."""
    one_at_a_time.dispatcher.set_limits(NO_JOBS)
    for name in "abc":
        one_at_a_time.dispatcher.add(HastyJob(one_at_a_time, name), IDLE)
    one_at_a_time.dispatcher.set_limits(DispatcherLimits(1))
    assert one_at_a_time.started == ["a", "b", "c"] and one_at_a_time.dispatcher.running_count == 0


@pytest.mark.parametrize(
    "total_jobs, reserved_slots, reason",
    [(-1, (0,), "negative"), (1, (-1, 2), "negative"), (1, (1, 1), "exceed"), (0, (1,), "exceed")],
)
def test_limits_must_make_sense(total_jobs: int, reserved_slots: tuple[int, ...], reason: str) -> None:
    """Neither negative nor reserved twice."""
    with pytest.raises(ValueError, match=reason):
        DispatcherLimits(total_jobs, reserved_slots)


def test_finishing_what_never_started_is_a_mistake(one_at_a_time: Jobs) -> None:
    """The count never goes below zero."""
    with pytest.raises(AssertionError, match="finished"):
        one_at_a_time.dispatcher.on_job_finished()


def test_other_priorities_are_a_mistake(one_at_a_time: Jobs) -> None:
    """A queue has as many priorities as it was made with."""
    with pytest.raises(AssertionError, match="priorities"):
        one_at_a_time.dispatcher.set_limits(DispatcherLimits(1, (0, 0)))


@given(st.lists(st.tuples(st.sampled_from(["add", "finish", "limit"]), st.integers(0, 2))))
def test_any_sequence_obeys_the_model(steps: list[tuple[str, int]]) -> None:
    """Three queues and a number say who runs, whatever is added, finished or allowed."""
    jobs = Jobs(DispatcherLimits(1, (0, 0, 0)))
    waiting: list[deque[str]] = [deque() for _ in range(3)]
    started: list[str] = []
    running, limit = 0, 1
    for number, (step, value) in enumerate(steps):
        if step == "add":
            jobs.add(str(number), value)
            waiting[value].append(str(number))
        elif step == "finish" and running:
            jobs.dispatcher.on_job_finished()
            running -= 1
        elif step == "limit":
            jobs.dispatcher.set_limits(DispatcherLimits(value, (0, 0, 0)))
            limit = value
        while running < limit and any(waiting):
            started.append(next(queue for queue in reversed(waiting) if queue).popleft())
            running += 1
        assert jobs.started == started and jobs.dispatcher.running_count == running
        assert jobs.dispatcher.queued_count == sum(map(len, waiting))
