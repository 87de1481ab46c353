"""How many requests that are not urgent may be under way, and whose turn it is."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Task
from netstack_sync.url_request.resource_scheduler import (
    ResourceScheduler,
    ResourceSchedulerSettings,
    ScheduledRequest,
)

LOW, LOWEST, IDLE = RequestPriority.LOW, RequestPriority.LOWEST, RequestPriority.IDLE
MEDIUM, HIGHEST = RequestPriority.MEDIUM, RequestPriority.HIGHEST


def host(name: str) -> SchemeHostPort:
    return SchemeHostPort("http", name, 80)


class Site:
    """A scheduler whose tasks run when the test says so, and the names of those that were started later."""

    def __init__(self, total: int = 10, per_host: int = 6) -> None:
        self.tasks: deque[Task] = deque()
        limits = ResourceSchedulerSettings(max_delayable=total, max_delayable_per_host=per_host)
        self.scheduler = ResourceScheduler(limits, self.tasks.append)
        self.started: list[str] = []

    def add(self, name: str, priority: RequestPriority = LOW, at: str | None = None) -> ScheduledRequest:
        """A request to the host that `at` or the first letter of its name says."""
        return self.scheduler.schedule(host(at or name[0]), priority, lambda: self.started.append(name))

    def run(self) -> list[str]:
        """Runs the tasks: who was started since the last time."""
        while self.tasks:
            self.tasks.popleft()()
        started, self.started = self.started, []
        return started


def test_ten_in_all_and_six_to_a_host() -> None:
    """Section 12, ResourceScheduler: the limits of Chromium; another port is another host."""
    site = Site()
    first = [site.add(f"a{number}") for number in range(8)]
    assert [request.is_waiting for request in first] == [False] * 6 + [True] * 2
    second = [site.add(f"b{number}") for number in range(6)]
    assert [request.is_waiting for request in second] == [False] * 4 + [True] * 2
    assert (site.scheduler.delayable_count, site.scheduler.waiting_count) == (10, 4)
    assert repr(site.scheduler) == "<ResourceScheduler 10 delayable under way, 4 wait>"
    assert site.run() == []
    first[0].finish()
    assert site.started == [], "not from inside"
    assert site.run() == ["a6"] and not first[6].is_waiting
    first[1].finish()
    second[0].finish()
    assert site.run() == ["a7", "b4"]


def test_what_is_urgent_starts_at_once_and_does_not_count() -> None:
    """From MEDIUM on, whoever waits."""
    site = Site(total=1)
    site.add("a1")
    assert site.add("a2").is_waiting
    urgent = [site.add("a", priority) for priority in (MEDIUM, HIGHEST)]
    assert not any(request.is_waiting for request in urgent) and site.scheduler.delayable_count == 1
    for request in urgent:
        request.finish()
    assert site.run() == []


def test_priority_first_then_the_order_of_coming() -> None:
    """First come, first served within a priority."""
    site = Site(total=1)
    running = site.add("a0")
    names = ["idle1", "lowest1", "idle2", "low1", "lowest2", "low2"]
    requests = {
        name: site.add(name, {"i": IDLE, "lowe": LOWEST}.get(name[:4], LOW if name[:3] == "low" else IDLE), at=name)
        for name in names
    }
    order = []
    while True:
        running.finish()
        started = site.run()
        if not started:
            break
        order += started
        running = requests[started[0]]
    assert order == ["low1", "low2", "lowest1", "lowest2", "idle1", "idle2"]


def test_a_full_host_holds_up_no_other() -> None:
    """Whoever waits for it is passed over, and is first again when it has room."""
    site = Site(total=3, per_host=1)
    first = site.add("a0")
    others = [site.add(f"a{number}") for number in (1, 2)]
    assert not site.add("b0").is_waiting and not site.add("c0").is_waiting
    assert site.run() == []
    late = site.add("d0", IDLE)
    first.finish()
    assert site.run() == ["a1"] and late.is_waiting
    others[0].finish()
    assert site.run() == ["a2"]
    others[1].finish()
    assert site.run() == ["d0"]


def test_nobody_overtakes_whose_turn_has_come() -> None:
    """A place is free but its next owner not yet started: who comes meanwhile waits behind him."""
    site = Site(total=1)
    running = site.add("a0")
    site.add("a1")
    running.finish()
    newcomer = site.add("a2")
    assert newcomer.is_waiting and site.run() == ["a1"] and newcomer.is_waiting


def test_a_priority_that_changes_while_it_waits() -> None:
    """Row 243, SetPriority: behind all others of the new one; who becomes urgent starts at once."""
    site = Site(total=1)
    running = site.add("a0")
    first, second, third = (site.add(f"a{number}") for number in (1, 2, 3))
    first.set_priority(LOWEST)
    first.set_priority(LOW)
    first.set_priority(LOW)
    third.set_priority(HIGHEST)
    assert site.started == ["a3"] and not third.is_waiting and site.scheduler.waiting_count == 2
    running.finish()
    assert site.run() == ["a3", "a2"]
    second.finish()
    third.finish()
    assert site.run() == ["a1"]


def test_a_priority_that_changes_under_way() -> None:
    """Who becomes urgent leaves a place to another; who does no longer counts, even beyond the limit."""
    site = Site(total=1)
    running = site.add("a0")
    waiting = site.add("a1")
    running.set_priority(MEDIUM)
    assert site.run() == ["a1"] and not waiting.is_waiting
    running.set_priority(LOWEST)
    assert site.scheduler.delayable_count == 2
    site.add("a2")
    waiting.finish()
    assert site.run() == []
    running.finish()
    assert site.run() == ["a2"]


def test_the_end_comes_in_every_state() -> None:
    """A place is given back once, whoever ends, and a request that is over does not move."""
    site = Site(total=1)
    running, waiting = site.add("a0"), site.add("a1")
    waiting.finish()
    waiting.finish()
    waiting.set_priority(HIGHEST)
    assert site.run() == [] and site.scheduler.waiting_count == 0
    running.finish()
    running.finish()
    assert site.run() == [] and site.scheduler.delayable_count == 0 and not site.add("a2").is_waiting


def test_one_that_gave_up_among_those_set_aside() -> None:
    """The next one for the host takes the place."""
    site = Site(total=9, per_host=1)
    running = site.add("a0")
    waiting = [site.add(f"a{number}") for number in (1, 2, 3)]
    site.run()
    waiting[0].finish()
    waiting[1].finish()
    running.finish()
    assert site.run() == ["a3"]


def test_a_start_that_raises_holds_up_nobody() -> None:
    """It is a bug, and of one request."""
    site = Site(total=2)
    running = [site.add("a0"), site.add("b0")]

    def broken() -> None:
        raise RuntimeError("a bug")

    site.scheduler.schedule(host("c"), LOW, broken)
    site.add("d0")
    for request in running:
        request.finish()
    with pytest.raises(RuntimeError):
        site.run()
    assert site.run() == ["d0"]


def test_those_who_gave_up_leave_nothing_behind() -> None:
    """Places are counted, not kept: thousands of requests that time out while a few hang take no memory."""
    site = Site(total=2, per_host=1)
    running = [site.add("a0"), site.add("b0")]
    kept = [site.add("a1"), site.add("a2"), site.add("b1")]
    for name in ("a3", "b2"):
        site.add(name, LOWEST).finish()
    for _ in range(1000):
        site.add("c", LOWEST).finish()
    assert site.scheduler._places < 100, "there is no other way to see it"
    assert site.scheduler.waiting_count == 3 and all(request.is_waiting for request in kept)
    running[0].finish()
    assert site.run() == ["a1"]
    running[1].finish()
    assert site.run() == ["b1"]


def test_a_host_that_becomes_full_in_between() -> None:
    """Three of its requests waited while all places were taken; two of them may start."""
    site = Site(total=3, per_host=2)
    running = [site.add("b0"), site.add("c0"), site.add("c1")]
    waiting = [site.add(f"a{number}") for number in range(3)]
    for request in running:
        request.finish()
    assert site.run() == ["a0", "a1"] and waiting[2].is_waiting
    waiting[0].finish()
    assert site.run() == ["a2"]


@pytest.mark.parametrize("value, expected", [(True, (10, 6)), (False, None)])
def test_switched_on_and_off(value: bool, expected: tuple[int, int] | None) -> None:
    """True means Chromium's numbers."""
    found = ResourceSchedulerSettings.from_value(value)
    assert (None if found is None else (found.max_delayable, found.max_delayable_per_host)) == expected
    own = ResourceSchedulerSettings(max_delayable=1)
    assert ResourceSchedulerSettings.from_value(own) is own


@pytest.mark.parametrize("value", [None, 10, "yes"])
def test_what_is_no_setting(value: object) -> None:
    """The error names the argument."""
    with pytest.raises(TypeError, match="resource_scheduler"):
        ResourceSchedulerSettings.from_value(value)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, None])
def test_a_limit_is_a_number(value: Any) -> None:
    """Zero would let nothing through, ever."""
    for name in ("max_delayable", "max_delayable_per_host"):
        with pytest.raises(ValueError, match=name):
            ResourceSchedulerSettings(**{name: value})


class SchedulerMachine(RuleBasedStateMachine):
    """Any sequence of requests, ends, priorities and tasks, against a list that is searched."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site(total=3, per_host=2)
        self.requests: dict[str, ScheduledRequest] = {}
        self.waiting: list[str] = []
        self.delayable: set[str] = set()

    @rule(at=st.sampled_from("abc"), priority=st.sampled_from(RequestPriority))
    def come(self, at: str, priority: RequestPriority) -> None:
        name = f"{at}{len(self.requests)}"
        request = self.requests[name] = self.site.add(name, priority)
        if request.is_waiting:
            self.waiting.append(name)
        elif priority < MEDIUM:
            assert self.site.tasks or not self._may_start(), "nobody overtakes"
            self.delayable.add(name)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.requests)))
        self.requests[name].finish()
        self.delayable.discard(name)
        if name in self.waiting:
            self.waiting.remove(name)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), priority=st.sampled_from(RequestPriority))
    def move(self, data: st.DataObject, priority: RequestPriority) -> None:
        name = data.draw(st.sampled_from(self.waiting))
        request = self.requests[name]
        if priority != request.priority:
            self.waiting.remove(name)
            if priority < MEDIUM:
                self.waiting.append(name)
        request.set_priority(priority)
        assert request.is_waiting == (priority < MEDIUM)
        self.site.started.clear()

    @rule()
    def turn(self) -> None:
        for name in self.site.run():
            assert name == self._may_start(), "by priority and order"
            self.waiting.remove(name)
            self.delayable.add(name)
        assert self._may_start() is None, "nobody is lost"

    @invariant()
    def counted(self) -> None:
        scheduler = self.site.scheduler
        assert scheduler.delayable_count == len(self.delayable) <= 3
        assert scheduler.waiting_count == len(self.waiting)
        assert all(sum(name[0] == at for name in self.delayable) <= 2 for at in "abc")

    def _may_start(self) -> str | None:
        """Whose turn it is, found in the slow way."""
        if len(self.delayable) >= 3:
            return None
        full = {at for at in "abc" if sum(name[0] == at for name in self.delayable) >= 2}
        fit = [name for name in self.waiting if name[0] not in full]
        return max(fit, key=lambda name: self.requests[name].priority, default=None)


TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(max_examples=100, deadline=None)
