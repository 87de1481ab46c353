"""ClientSocketPool under random requests, cancels, outcomes, releases, closes, time and flushes."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_IO_PENDING, ERR_NETWORK_CHANGED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool import close_reasons
from netstack_sync.pool.handle import ReuseType
from tests.support.pool import FakeSocket, PoolRequest, PoolRig, pool_rig

GROUPS = "abc"
PRIORITIES = st.sampled_from([RequestPriority.LOW, RequestPriority.MEDIUM, RequestPriority.HIGHEST])
OUTCOMES = st.lists(st.sampled_from([OK, ERR_CONNECTION_FAILED, ERR_IO_PENDING]), max_size=3)


class PoolMachine(RuleBasedStateMachine):
    """Small limits, so that everything is scarce. `queue` is what the test believes the waiting order to be."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.rig: PoolRig = self._stack.enter_context(pool_rig(per_group=2, total=3))
        self.waiting: list[PoolRequest] = []
        """Requests without an answer, in the order in which they began to wait at their priority."""
        self.answered: list[PoolRequest] = []
        """Those whose answer is on its way."""
        self.holding: list[PoolRequest] = []
        self.over: list[tuple[PoolRequest, int]] = []
        """Requests that ended, with the number of callbacks they had then."""

    @initialize(per_group=st.integers(1, 3), total=st.integers(1, 5))
    def limits(self, per_group: int, total: int) -> None:
        """Other limits than the first ones."""
        self._stack.close()
        self._stack = ExitStack()
        self.rig = self._stack.enter_context(pool_rig(per_group, total))
        self.per_group, self.total = per_group, total

    def teardown(self) -> None:
        """Everything is given back, nothing is left: see PoolRig.close()."""
        self._stack.close()

    # --- what the users do

    @rule(group=st.sampled_from(GROUPS), priority=PRIORITIES, outcomes=OUTCOMES)
    def ask(self, group: str, priority: RequestPriority, outcomes: list[int]) -> None:
        """A request; the next jobs end as `outcomes` says."""
        self.script(outcomes)
        request = self.rig.request(group, priority)
        if request.first_result == ERR_IO_PENDING:
            self.waiting.append(request)
        elif request.first_result == OK:
            self.holding.append(request)
        else:
            self.over.append((request, 0))
        self.settle()

    @precondition(lambda self: self.waiting or self.answered)
    @rule(data=st.data(), outcomes=OUTCOMES)
    def cancel(self, data: st.DataObject, outcomes: list[int]) -> None:
        """A waiting request ends, its answer being on the way or not."""
        self.script(outcomes)
        request = data.draw(st.sampled_from(self.waiting + self.answered))
        (self.waiting if request in self.waiting else self.answered).remove(request)
        self.over.append((request, 0))
        request.handle.reset()
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), priority=PRIORITIES)
    def reprioritize(self, data: st.DataObject, priority: RequestPriority) -> None:
        """A waiting request goes to the tail of another priority."""
        request = data.draw(st.sampled_from(self.waiting))
        if request.handle.priority != priority:
            self.waiting.remove(request)
            self.waiting.append(request)
        request.handle.set_priority(priority)
        self.settle()

    @precondition(lambda self: self.holding)
    @rule(data=st.data(), how=st.sampled_from(["used", "unused", "closed", "dead", "unread"]), outcomes=OUTCOMES)
    def release(self, data: st.DataObject, how: str, outcomes: list[int]) -> None:
        """A socket comes back, fit for more or not."""
        self.script(outcomes)
        request = data.draw(st.sampled_from(self.holding))
        self.holding.remove(request)
        self.over.append((request, len(request.results)))
        if how in ("dead", "unread"):
            request.socket.peer_sends(b"" if how == "dead" else b"x")
        request.release(used=how != "unused", keep_alive=how != "closed")
        self.settle()

    @rule()
    def run_the_loop(self) -> None:
        """Callbacks that were posted come."""
        self.rig.run()
        self.collect()

    def collect(self) -> None:
        """Everybody whose answer was on its way has it now."""
        for request in self.answered:
            assert len(request.results) == 1, "called back exactly once"
            if request.result == OK:
                assert request.socket.is_open
                self.holding.append(request)
            else:
                assert request.handle.socket is None
                self.over.append((request, 1))
        self.answered.clear()

    # --- what the world does

    @precondition(lambda self: self.rig.factory.pending_jobs)
    @rule(data=st.data(), succeeds=st.booleans(), error_socket=st.booleans(), outcomes=OUTCOMES)
    def finish_a_job(self, data: st.DataObject, succeeds: bool, error_socket: bool, outcomes: list[int]) -> None:
        """Any of those under way."""
        self.script(outcomes)
        job = data.draw(st.sampled_from(self.rig.factory.pending_jobs))
        job.finish(OK if succeeds else ERR_CONNECTION_FAILED, error_socket=error_socket)
        self.settle()

    @precondition(lambda self: self.idle_sockets())
    @rule(data=st.data(), piece=st.sampled_from([b"", b"x", None]))
    def idle_socket_wakes(self, data: st.DataObject, piece: bytes | None) -> None:
        """The peer closes, speaks, or something happens below that is no data."""
        socket = data.draw(st.sampled_from(self.idle_sockets()))
        socket.peer_sends(*([] if piece is None else [piece]))
        self.settle()

    @precondition(lambda self: self.idle_sockets())
    @rule(data=st.data())
    def idle_socket_breaks_unnoticed(self, data: st.DataObject) -> None:
        """The poll has not reported it yet."""
        data.draw(st.sampled_from(self.idle_sockets())).received.append(b"")

    @rule(delta_s=st.sampled_from([0.25, 1.0, 11.0, 61.0, 301.0]), outcomes=OUTCOMES)
    def time_passes(self, delta_s: float, outcomes: list[int]) -> None:
        """Backup jobs start, idle sockets and jobs grow old."""
        self.script(outcomes)
        self.rig.driver.advance(delta_s)
        self.settle()
        self.collect()

    @rule(group=st.sampled_from(GROUPS), count=st.integers(1, 3), outcomes=OUTCOMES)
    def preconnect(self, group: str, count: int, outcomes: list[int]) -> None:
        """Connections in advance."""
        self.script(outcomes)
        self.rig.preconnect(count, group)
        self.settle()

    @rule(outcomes=OUTCOMES)
    def refresh(self, outcomes: list[int]) -> None:
        """Trust changes: no present socket serves another request, nobody fails for it."""
        self.script(outcomes)
        handed_out = [request.socket for request in self.rig.requests if request.handle.socket is not None]
        old = [socket for socket in self.rig.factory.open_sockets if socket not in handed_out]
        self.rig.pool.refresh(close_reasons.TRUST_CHANGED)
        assert not any(socket.is_open for socket in old)
        self.settle()

    @rule(flush=st.booleans())
    def clear_out(self, flush: bool) -> None:
        """Idle sockets only, or everything that is not handed out."""
        if flush:
            self.rig.pool.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
            assert not self.rig.factory.pending_jobs
        else:
            self.rig.pool.close_idle_sockets(close_reasons.ON_REQUEST)
        assert self.idle_sockets() == []
        self.settle()
        assert not (flush and self.waiting)

    # --- what must hold

    @invariant()
    def slots_are_sockets(self) -> None:
        """Handed out, connecting and idle ones, counted three ways."""
        groups = list(self.rig.pool.groups())
        counted = sum(group.slots for group in groups)
        handed_out = sum(request.handle.socket is not None for request in self.rig.requests)
        assert sum(group.active for group in groups) == handed_out
        assert sum(len(group.jobs) for group in groups) == len(self.rig.factory.pending_jobs)
        assert self.rig.pool.slots == counted
        assert self.rig.pool.slots == len(self.rig.factory.open_sockets) + len(self.rig.factory.pending_jobs)
        assert all(group.active >= 0 and not group.is_empty for group in groups)

    @invariant()
    def limits_hold(self) -> None:
        """Every group's and the pool's."""
        assert self.rig.pool.slots <= self.total
        assert all(group.slots <= self.per_group for group in self.rig.pool.groups())

    @invariant()
    def no_waiter_is_lost(self) -> None:
        """Whoever waits has a job under way, or the group is full, or the pool is, of sockets and jobs in use."""
        groups = list(self.rig.pool.groups())
        idle = sum(len(group.idle) for group in groups)
        unwanted = sum(len(group.jobs) > len(group.pending) for group in groups)
        pool_is_full = self.rig.pool.slots >= self.total and not idle and not unwanted
        for group in groups:
            if group.needs_job:
                assert group.slots >= self.per_group or pool_is_full, group
            assert not (group.pending and len(group.idle)), f"waits beside an idle socket: {group}"

    @invariant()
    def the_first_requests_own_the_jobs(self) -> None:
        """One each, as urgent as they are; nobody else owns any."""
        for group in self.rig.pool.groups():
            waiting = list(group.pending)
            assert all(handle.request.job is not None for handle in waiting[: len(group.jobs)]), group
            assert all(handle.request.job is None for handle in waiting[len(group.jobs) :]), group
            for job, owner in group.jobs.items():
                assert owner is None or (owner.request.job is job and job.priority == owner.priority), group
            assert 0 <= group.never_assigned <= sum(owner is None for owner in group.jobs.values())

    @invariant()
    def nobody_is_called_after_the_end(self) -> None:
        """Cancelled requests never, the others once."""
        for request, callbacks in self.over:
            assert len(request.results) == callbacks, request.name

    @invariant()
    def the_queue_is_as_expected(self) -> None:
        """The pool's queues hold who waits, by priority, then first come, first served."""
        for name in GROUPS:
            group = self.rig.group(name)
            mine = [request for request in self.waiting if request.handle.group_id.origin.host == f"{name}.test"]
            mine.sort(key=lambda request: -request.handle.priority)
            assert [request.handle for request in mine] == (list(group.pending) if group is not None else [])

    @invariant()
    def every_span_of_a_handle_is_consistent(self) -> None:
        """Who got an idle socket has no connect times."""
        for request in self.holding:
            is_new = request.handle.reuse_type == ReuseType.UNUSED
            assert (request.handle.connect_timing is not None) == is_new

    # --- helpers

    def script(self, outcomes: list[int]) -> None:
        """What the next jobs answer; those that are not asked for are forgotten by the next rule."""
        self.rig.factory.outcomes.clear()
        self.rig.factory.outcomes += outcomes

    def settle(self) -> None:
        """Moves who has been answered since; in every group it must be the first ones of the queue."""
        done = [request for request in self.waiting if not request.handle.request.is_queued]
        for request in done:
            behind = self.waiting[: self.waiting.index(request)]
            assert not any(self.precedes(other, request) for other in behind if other not in done), "out of turn"
        self.waiting = [request for request in self.waiting if request not in done]
        self.answered += done

    def precedes(self, other: PoolRequest, request: PoolRequest) -> bool:
        """True when `other`, which began to wait earlier, must be served first."""
        same_group = other.handle.group_id == request.handle.group_id
        return same_group and other.handle.priority >= request.handle.priority

    def idle_sockets(self) -> list[FakeSocket]:
        """Open, and nobody's."""
        held = {id(request.handle.socket) for request in self.rig.requests}
        return [socket for socket in self.rig.factory.open_sockets if id(socket) not in held]


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_is_served_to_the_last(seed: int) -> None:
    """A thousand requests of three groups over four sockets: each gets one, in its turn."""
    with pool_rig(per_group=2, total=4) as rig:
        for index in range(1000):
            rig.request(GROUPS[(index + seed) % 3])
        served = 0
        while served < 1000:
            for job in rig.factory.pending_jobs:
                job.finish()
            rig.run()
            holding = [request for request in rig.requests if request.handle.socket is not None]
            served += len(holding)
            for request in holding:
                request.release(keep_alive=(served + seed) % 2 == 0)
        assert all(request.results == [OK] for request in rig.requests)
