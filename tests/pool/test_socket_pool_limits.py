"""ClientSocketPool: limits, priorities, late binding and stalled groups."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_CONNECTION_REFUSED, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool.handle import ReuseType
from netstack_sync.pool.limits import PoolLimits
from tests.support.pool import PoolRequest, PoolRig, pool_rig

IDLE, LOWEST, LOW, MEDIUM, HIGHEST = (
    RequestPriority.IDLE,
    RequestPriority.LOWEST,
    RequestPriority.LOW,
    RequestPriority.MEDIUM,
    RequestPriority.HIGHEST,
)


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    """Two sockets a group, four in all (the numbers of Chromium's tests)."""
    with pool_rig(per_group=2, total=4) as rig:
        yield rig


def fill(rig: PoolRig) -> list[PoolRequest]:
    """Takes all four slots: two in a, two in b."""
    return [rig.get(name) for name in "aabb"]


def serve_all(rig: PoolRig, held: list[PoolRequest], *, keep_alive: bool) -> None:
    """Gives one socket back after the other, until everybody has had one."""
    held = list(held)
    while held:
        held.pop(0).release(keep_alive=keep_alive)
        for job in rig.factory.pending_jobs:
            job.finish()
        rig.run()
        served = [request for request in rig.requests if request.results == [OK] and request.handle.socket is not None]
        held += [request for request in served if request not in held]


class TestLimits:
    def test_the_defaults(self) -> None:
        """6 a group and 256 in all, as in browsers."""
        assert PoolLimits() == PoolLimits(per_group=6, total=256)

    def test_the_total_limit_stalls_requests_even_of_new_groups(self, rig: PoolRig) -> None:
        """Row 41: no job, no group too small to matter."""
        fill(rig)
        request = rig.request("c")
        assert request.first_result == ERR_IO_PENDING
        assert rig.factory.pending_jobs == [] and rig.pool.slots == 4
        assert request.handle.load_state == LoadState.WAITING_FOR_STALLED_SOCKET_POOL

    def test_connecting_sockets_count(self, rig: PoolRig) -> None:
        """Row 44: jobs are slots."""
        for name in "aabbcc":
            rig.request(name)
        assert len(rig.factory.pending_jobs) == 4 and rig.pool.slots == 4

    def test_the_group_limit_stalls_one_group_only(self, rig: PoolRig) -> None:
        """Row 43: the others go on."""
        for name in "aaab":
            rig.request(name)
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["a.test", "a.test", "b.test"]

    def test_the_log_tells_which_limit_stalls(self, rig: PoolRig) -> None:
        """Row 41: STALLED_MAX_SOCKETS and STALLED_MAX_SOCKETS_PER_GROUP."""
        fill(rig)
        rig.request("a")
        rig.request("c")
        for event in (
            NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP,
            NetLogEventType.SOCKET_POOL_STALLED_MAX_SOCKETS,
        ):
            assert len(rig.net_log.params_of(event, NetLogEventPhase.NONE)) == 1

    def test_an_idle_socket_of_another_group_makes_room(self, rig: PoolRig) -> None:
        """Row 50, 82: it is closed, and its group, empty now, is forgotten."""
        with pool_rig(per_group=2, total=1) as rig:
            socket = rig.get("a").release()
            assert rig.request("b").first_result == ERR_IO_PENDING
            assert not socket.is_open and rig.group("a") is None
            assert len(rig.factory.pending_jobs) == 1 and rig.pool.slots == 1

    def test_the_oldest_idle_socket_makes_room(self, rig: PoolRig) -> None:
        """Row 50: the one that is nearest to being closed anyway."""
        first, second = fill(rig)[:2]
        older, newer = first.release(), second.release()
        rig.request("c")
        assert not older.is_open and newer.is_open

    def test_idle_sockets_do_not_stall(self, rig: PoolRig) -> None:
        """Row 46: with four idle sockets four others can be opened."""
        for request in fill(rig):
            request.release()
        for name in "ccdd":
            rig.request(name)
        assert len(rig.factory.pending_jobs) == 4 and rig.factory.open_sockets == []


class TestOrder:
    @pytest.mark.parametrize("keep_alive", [True, False])
    def test_priority_then_first_come_first_served(self, keep_alive: bool) -> None:
        """Row 51: with and without reuse."""
        with pool_rig(per_group=2, total=100) as rig:
            held = [rig.get(), rig.get()]
            for priority, name in ((LOW, "l1"), (HIGHEST, "h1"), (MEDIUM, "m1"), (LOW, "l2"), (HIGHEST, "h2")):
                rig.request("a", priority, name)
            serve_all(rig, held, keep_alive=keep_alive)
            assert rig.order == ["h1", "h2", "m1", "l1", "l2"]

    @pytest.mark.parametrize("keep_alive", [True, False])
    def test_a_freed_slot_goes_to_the_highest_priority_of_all_groups(self, keep_alive: bool) -> None:
        """Row 42: a request of the group that gave the slot back has no precedence over a more urgent one."""
        with pool_rig(per_group=3, total=4) as rig:
            held = [rig.get(name) for name in "aabb"]
            rig.request("c", LOWEST, "c lowest")
            rig.request("a", MEDIUM, "a medium")
            rig.request("d", HIGHEST, "d highest")
            if keep_alive:  # then the socket itself is worth something, but only to its own group
                held[3].release()
            else:
                held[0].release(keep_alive=False)
            assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["d.test"]
            rig.factory.pending_jobs[0].finish()
            rig.run()
            held[1].release(keep_alive=False)
            assert rig.factory.pending_jobs[0].group_id.origin.host == "a.test"

    def test_among_equals_the_group_that_waits_longest_is_next(self, rig: PoolRig) -> None:
        """Row 42: no group starves behind another of the same priority."""
        held = fill(rig)
        for name in ("c", "c", "d", "e"):
            rig.request(name)
        for request in held[:3]:
            request.release(keep_alive=False)
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["c.test", "d.test", "e.test"]

    def test_a_group_at_its_own_limit_is_skipped(self, rig: PoolRig) -> None:
        """Row 43: its more urgent request could not use the slot."""
        held = fill(rig)
        rig.request("a", HIGHEST)
        rig.request("c", LOW)
        held[2].release(keep_alive=False)
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["c.test"]

    def test_many_dead_sockets_at_once_free_their_slots_in_order(self, rig: PoolRig) -> None:
        """Row 68: MultipleReleasingDisconnectedSockets, …MaintainsPriorityOrder."""
        held = fill(rig)
        for priority, name in ((LOW, "c"), (HIGHEST, "d"), (MEDIUM, "c"), (HIGHEST, "e")):
            rig.request(name, priority)
        for request in held:
            request.socket.peer_sends(b"")
        for request in held:
            request.release()
        jobs = rig.factory.pending_jobs
        assert [(job.group_id.origin.host[0], job.priority) for job in jobs] == [
            ("d", HIGHEST),
            ("e", HIGHEST),
            ("c", MEDIUM),
            ("c", LOW),
        ]

    def test_a_failed_job_gives_its_slot_to_the_most_urgent(self, rig: PoolRig) -> None:
        """Row 58, 69: FailingActiveRequestWithPendingRequests."""
        requests = [rig.request(name) for name in "aabb"]
        waiting = rig.request("c")
        rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
        rig.run()
        assert requests[0].results == [ERR_CONNECTION_FAILED] and waiting.results == []
        assert rig.factory.pending_jobs[-1].group_id.origin.host == "c.test"


class TestReprioritize:
    def order_after(self, priorities: list[RequestPriority], index: int, priority: RequestPriority) -> str:
        """Requests with these priorities wait, one changes; answers the order in which they are served."""
        with pool_rig(per_group=1) as rig:
            held = rig.get()
            requests = [rig.request("a", priority, str(i)) for i, priority in enumerate(priorities)]
            requests[index].handle.set_priority(priority)
            assert requests[index].handle.priority == priority
            serve_all(rig, [held], keep_alive=True)
            return "".join(rig.order)

    def test_up_past_others(self) -> None:
        """Row 45: ReprioritizeUpReorder."""
        assert self.order_after([MEDIUM, LOW, LOWEST], 2, HIGHEST) == "201"

    def test_up_without_effect(self) -> None:
        """Row 45: ReprioritizeUpNoReorder."""
        assert self.order_after([HIGHEST, MEDIUM, LOWEST], 2, LOW) == "012"

    def test_down_past_others(self) -> None:
        """Row 45: ReprioritizeDownReorder."""
        assert self.order_after([HIGHEST, MEDIUM, LOW], 0, LOWEST) == "120"

    def test_to_the_tail_of_the_new_priority(self) -> None:
        """Row 45: ReprioritizeResetFIFO; whoever moves loses the place."""
        assert self.order_after([LOW, MEDIUM, MEDIUM], 0, MEDIUM) == "120"

    def test_the_same_priority_keeps_the_place(self) -> None:
        """Row 45: ReprioritizeOne; nothing moves."""
        assert self.order_after([MEDIUM, MEDIUM], 0, MEDIUM) == "01"

    def test_of_a_request_that_has_its_socket(self, rig: PoolRig) -> None:
        """Row 45: remembered for the next time, no harm done."""
        request = rig.get()
        request.handle.set_priority(HIGHEST)
        assert request.handle.priority == HIGHEST
        late = rig.request("b")
        rig.factory.pending_jobs[0].finish(ERR_CONNECTION_FAILED)
        late.handle.set_priority(HIGHEST)  # its callback is on the way
        rig.run()
        assert late.results == [ERR_CONNECTION_FAILED]

    def test_counts_among_stalled_groups_too(self, rig: PoolRig) -> None:
        """Row 42, 45: the slot goes by the priorities of the moment it is free."""
        held = fill(rig)
        rig.request("c", LOW)
        late = rig.request("d", LOWEST)
        late.handle.set_priority(HIGHEST)
        held[0].release(keep_alive=False)
        assert rig.factory.pending_jobs[0].group_id.origin.host == "d.test"


class TestLateBinding:
    def test_the_job_that_is_done_first_serves_the_first_request(self, rig: PoolRig) -> None:
        """Row 63: whichever it is."""
        first, second = rig.request(name="first"), rig.request(name="second")
        early, late = rig.factory.jobs[1], rig.factory.jobs[0]
        early.finish()
        rig.run()
        assert first.results == [OK] and second.results == []
        late.finish(ERR_CONNECTION_FAILED)
        rig.run()
        assert second.results == [ERR_CONNECTION_FAILED]

    def test_a_more_urgent_request_is_served_by_the_job_of_another(self, rig: PoolRig) -> None:
        """Row 63: the queue decides, not the job."""
        low = rig.request("a", LOW)
        high = rig.request("a", HIGHEST)
        rig.factory.jobs[0].finish()
        rig.run()
        assert high.results == [OK] and low.results == []

    def test_a_socket_that_comes_back_serves_who_waits_for_a_connect(self, rig: PoolRig) -> None:
        """Row 76: DelayedSocketBindingWaitingForConnect; the job goes on and ends as an idle socket."""
        held = rig.get()
        waiting = rig.request()
        socket = held.release()
        rig.run()
        assert waiting.results == [OK] and waiting.socket is socket
        assert waiting.handle.reuse_type == ReuseType.REUSED_IDLE and waiting.handle.connect_timing is None
        rig.factory.pending_jobs[0].finish()
        assert rig.idle_count() == 1 and rig.pool.slots == 2

    def test_an_unused_socket_that_comes_back_is_told_from_a_used_one(self, rig: PoolRig) -> None:
        """Row 76: it may be new to the server, but not to us."""
        held, waiting = rig.get(), rig.request()
        held.release(used=False)
        assert waiting.handle.reuse_type == ReuseType.UNUSED_IDLE

    def test_a_socket_that_comes_back_serves_who_waits_at_the_group_limit(self, rig: PoolRig) -> None:
        """Row 76: DelayedSocketBindingAtGroupCapacity."""
        held, connecting, waiting = rig.get(), rig.request(), rig.request()
        held.release()
        rig.run()
        assert connecting.results == [OK] and waiting.results == []
        rig.factory.pending_jobs[0].finish()
        rig.run()
        assert waiting.results == [OK]

    def test_a_socket_that_comes_back_serves_who_waits_at_the_total_limit(self, rig: PoolRig) -> None:
        """Row 49, 76: WaitForStalledSocketAtSocketLimit, DelayedSocketBindingAtStall."""
        held = fill(rig)
        waiting = rig.request("c")
        socket = held[0].release()  # b and c could both use a slot, only c waits for one
        assert not socket.is_open and rig.group("a") is not None
        rig.factory.pending_jobs[0].finish()
        rig.run()
        assert waiting.results == [OK]

    def test_a_job_that_nobody_waits_for_any_more_makes_room(self, rig: PoolRig) -> None:
        """Row 49, 76: it goes as soon as its request is served otherwise, when another group is stalled."""
        held = [rig.get("a"), rig.get("b"), rig.get("b")]
        waiting = rig.request("a")
        stalled = rig.request("c")
        held[0].release()
        rig.run()
        assert waiting.results == [OK] and stalled.results == []
        assert rig.factory.jobs[-2].is_cancelled and rig.idle_count() == 0
        assert [job.group_id.origin.host for job in rig.factory.pending_jobs] == ["c.test"]

    @pytest.mark.parametrize("outcomes", [[OK], [ERR_CONNECTION_REFUSED, OK]])
    def test_jobs_that_are_done_at_once_serve_waiting_requests(self, rig: PoolRig, outcomes: list[int]) -> None:
        """Row 77: SynchronouslyProcessOnePendingRequest; each failure fails one request."""
        held = fill(rig)
        waiting = [rig.request("c") for _ in outcomes]
        rig.factory.outcomes += outcomes
        held[0].release(keep_alive=False)
        assert [request.results for request in waiting] == [[]] * len(outcomes), "posted, not called"
        rig.run()
        assert [request.result for request in waiting] == outcomes

    def test_each_waiting_request_gets_a_failure_of_its_own(self) -> None:
        """Row 59: a thousand jobs that fail at once after one that failed later; no recursion."""
        with pool_rig(per_group=1, total=1) as rig:
            requests = [rig.request() for _ in range(1000)]
            rig.factory.outcomes += [ERR_CONNECTION_REFUSED] * 999
            rig.factory.jobs[0].finish(ERR_CONNECTION_FAILED)
            rig.run()
            assert [request.result for request in requests] == [ERR_CONNECTION_FAILED] + [ERR_CONNECTION_REFUSED] * 999
            assert rig.pool.slots == 0


def test_load_state_at_the_group_limit(rig: PoolRig) -> None:
    """Row 64: who is behind all jobs waits for a socket, whatever the jobs do."""
    requests = [rig.request() for _ in range(3)]
    assert [request.handle.load_state for request in requests] == [
        LoadState.CONNECTING,
        LoadState.CONNECTING,
        LoadState.WAITING_FOR_AVAILABLE_SOCKET,
    ]
    requests[2].handle.set_priority(HIGHEST)
    assert requests[2].handle.load_state == LoadState.CONNECTING
    assert requests[1].handle.load_state == LoadState.WAITING_FOR_AVAILABLE_SOCKET


def test_load_state_at_the_total_limit(rig: PoolRig) -> None:
    """Row 64: a stalled pool is told from a full group."""
    fill(rig)
    assert rig.request("a").handle.load_state == LoadState.WAITING_FOR_AVAILABLE_SOCKET
    assert rig.request("c").handle.load_state == LoadState.WAITING_FOR_STALLED_SOCKET_POOL


class TestUnwantedJobs:
    def test_at_the_limit_a_job_that_nobody_waits_for_makes_room(self, rig: PoolRig) -> None:
        """Requests that gave up on dead hosts leave their jobs behind; a living host does not wait for these."""
        for name in "abcd":
            rig.request(name).handle.reset()
        jobs = rig.factory.pending_jobs
        request = rig.request("e")
        assert request.first_result == ERR_IO_PENDING
        assert len([job for job in jobs if job in rig.factory.pending_jobs]) == 3, "one has made room"
        assert rig.pool.slots == 4
        rig.factory.pending_jobs[-1].finish()
        rig.run()
        assert request.results == [OK]

    def test_a_job_that_is_waited_for_stays(self, rig: PoolRig) -> None:
        """Row 44: connecting sockets count."""
        waiting = [rig.request(name) for name in "abcd"]
        late = rig.request("e")
        assert len(rig.factory.pending_jobs) == 4
        rig.factory.pending_jobs[0].finish()
        rig.run()
        assert waiting[0].results == [OK] and late.results == []


def test_a_slow_job_that_nobody_waits_for_gives_way_to_a_fresh_one() -> None:
    """After an outage its packets come at ever longer intervals, a new one's at once."""
    with pool_rig(per_group=1) as rig:
        rig.request().handle.reset()
        rig.request().handle.reset()
        assert len(rig.factory.jobs) == 1, "it may still be useful"
        rig.factory.jobs[0].timing.connect_start = rig.driver.clock.now()
        rig.driver.advance(2.0)
        waiting = rig.request()
        first, second = rig.factory.jobs
        assert first.is_cancelled and waiting.handle.request.job is second
        second.timing.connect_start = rig.driver.clock.now()
        rig.driver.advance(2.0)
        rig.request()
        assert len(rig.factory.jobs) == 2, "somebody waits for it"
