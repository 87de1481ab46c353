"""ClientSocketPoolManager under random requests by several ways, cancels, outcomes, releases and flushes."""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_IO_PENDING, ERR_NETWORK_CHANGED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group_id import GroupId
from tests.support.pool import PoolRequest, PoolRig, group_id, pool_rig, proxied

GROUPS = st.sampled_from([group_id("a"), group_id("b"), proxied("a", "p"), proxied("b", "p"), proxied("a", "p", "q")])
PRIORITIES = st.sampled_from([RequestPriority.LOW, RequestPriority.MEDIUM, RequestPriority.HIGHEST])
LOOPS = st.sampled_from([True, True, True, False])
OUTCOMES = st.lists(st.sampled_from([OK, ERR_CONNECTION_FAILED, ERR_IO_PENDING]), max_size=3)


class PoolsMachine(RuleBasedStateMachine):
    """Small limits, so that everything is scarce. Between two runs of the loop anything may happen."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.rig: PoolRig = self._stack.enter_context(pool_rig(2, 3, 2))
        self.is_settled = True
        """What was posted has run."""

    @initialize(per_group=st.integers(1, 3), total=st.integers(1, 3), per_proxy=st.integers(1, 3))
    def limits(self, per_group: int, total: int, per_proxy: int) -> None:
        """Other limits than the first ones."""
        self._stack.close()
        self._stack = ExitStack()
        self.rig = self._stack.enter_context(pool_rig(per_group, total, per_proxy))
        self.per_group, self.total, self.per_proxy = per_group, total, per_proxy

    def teardown(self) -> None:
        """Everything is given back, nothing is left: see PoolRig.close()."""
        self._stack.close()

    @rule(group=GROUPS, priority=PRIORITIES, outcomes=OUTCOMES, loops=LOOPS)
    def ask(self, group: GroupId, priority: RequestPriority, outcomes: list[int], loops: bool) -> None:
        """A request; the next jobs end as `outcomes` says."""
        self.script(outcomes)
        self.rig.request(group, priority)
        self.maybe_run(loops)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data(), loops=LOOPS)
    def cancel(self, data: st.DataObject, loops: bool) -> None:
        """A waiting request ends."""
        self.script([])
        data.draw(st.sampled_from(self.waiting())).handle.reset()
        self.maybe_run(loops)

    @precondition(lambda self: self.holding())
    @rule(data=st.data(), keep_alive=st.booleans(), outcomes=OUTCOMES, loops=LOOPS)
    def release(self, data: st.DataObject, keep_alive: bool, outcomes: list[int], loops: bool) -> None:
        """A socket comes back, fit for more or not."""
        self.script(outcomes)
        data.draw(st.sampled_from(self.holding())).release(keep_alive=keep_alive)
        self.maybe_run(loops)

    @precondition(lambda self: self.rig.factory.pending_jobs)
    @rule(data=st.data(), succeeds=st.booleans(), outcomes=OUTCOMES, loops=LOOPS)
    def finish_a_job(self, data: st.DataObject, succeeds: bool, outcomes: list[int], loops: bool) -> None:
        """Any of those under way."""
        self.script(outcomes)
        data.draw(st.sampled_from(self.rig.factory.pending_jobs)).finish(OK if succeeds else ERR_CONNECTION_FAILED)
        self.maybe_run(loops)

    @rule(group=GROUPS, count=st.integers(1, 3), outcomes=OUTCOMES, loops=LOOPS)
    def preconnect(self, group: GroupId, count: int, outcomes: list[int], loops: bool) -> None:
        """Connections in advance."""
        self.script(outcomes)
        source = NetLogWithSource.make(self.rig.net_log, NetLogSourceType.NONE)
        self.rig.pools.preconnect(group, count, source)
        self.maybe_run(loops)

    @rule(delta_s=st.sampled_from([0.25, 11.0, 301.0]), outcomes=OUTCOMES)
    def time_passes(self, delta_s: float, outcomes: list[int]) -> None:
        """Backup jobs start, idle sockets and jobs grow old."""
        self.script(outcomes)
        self.rig.driver.advance(delta_s)
        self.maybe_run(True)

    @rule(how=st.sampled_from(["flush", "refresh", "close idle"]), loops=LOOPS)
    def clear_out(self, how: str, loops: bool) -> None:
        """Of all pools."""
        self.script([])
        if how == "flush":
            self.rig.pools.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)
        elif how == "refresh":
            self.rig.pools.refresh(close_reasons.TRUST_CHANGED)
        else:
            self.rig.pools.close_idle_sockets(close_reasons.ON_REQUEST)
        self.maybe_run(loops)

    @invariant()
    def slots_are_sockets(self) -> None:
        """Handed out, connecting and idle ones, counted three ways, and none over a limit."""
        pools = self.rig.pools
        groups = list(pools.groups())
        assert pools.slots == sum(group.slots for group in groups) == sum(pool.slots for pool in pools.pools())
        assert pools.slots == len(self.rig.factory.open_sockets) + len(self.rig.factory.pending_jobs)
        assert pools.slots <= self.total
        assert all(group.slots <= self.per_group for group in groups)
        assert all(pool.slots <= self.per_proxy for pool in pools.pools()[1:])

    @invariant()
    def no_waiter_is_lost(self) -> None:
        """Whoever waits has a job, or group or pool are full of what is needed, or all pools together are."""
        pools = self.rig.pools.pools()
        spare = {pool: sum(len(g.idle) + max(0, len(g.jobs) - len(g.pending)) for g in pool.groups()) for pool in pools}
        is_full = self.rig.pools.slots >= self.total and not any(spare.values())
        for number, pool in enumerate(pools):
            at_limit = number > 0 and pool.slots >= min(self.per_proxy, self.total) and not spare[pool]
            for group in pool.groups():
                if self.is_settled and group.needs_job:
                    assert group.slots >= self.per_group or at_limit or is_full, group

    @invariant()
    def everybody_is_told_once(self) -> None:
        """Of one answer."""
        assert all(len(request.results) <= 1 for request in self.rig.requests)

    # --- helpers

    def maybe_run(self, loops: bool) -> None:
        """Lets slots be passed on and callbacks come."""
        if loops:
            self.rig.run()
        self.is_settled = loops

    def script(self, outcomes: list[int]) -> None:
        """What the next jobs answer."""
        self.rig.factory.outcomes.clear()
        self.rig.factory.outcomes += outcomes

    def waiting(self) -> list[PoolRequest]:
        """Those without an answer."""
        return [request for request in self.rig.requests if request.handle.request.is_queued]

    def holding(self) -> list[PoolRequest]:
        """Those with a socket."""
        return [request for request in self.rig.requests if request.handle.socket is not None]


TestPoolsMachine = PoolsMachine.TestCase
TestPoolsMachine.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
