"""SharedTotal: one limit for several pools, and whose turn it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.priority import RequestPriority
from tests.support.sharing_pool import ScriptedSharingPool, SharingRig

LOW, MEDIUM, HIGHEST = RequestPriority.LOW, RequestPriority.MEDIUM, RequestPriority.HIGHEST


class Scene(SharingRig):
    """Two pools and a total that is used up."""

    def __init__(self, limit: int = 2) -> None:
        super().__init__(limit)
        self.served: list[str] = []
        self.first = ScriptedSharingPool(self.total, name="first", log=self.served)
        self.second = ScriptedSharingPool(self.total, name="second", log=self.served)
        for _ in range(limit):
            self.total.take()

    def free(self, count: int) -> None:
        """So many sockets go, each at another moment."""
        for _ in range(count):
            self.total.give_back()
            self.run()


def test_a_free_slot_goes_to_whoever_waits() -> None:
    """Row 49: in a posted task, and not before somebody gives one back."""
    scene = Scene()
    scene.second.wants(LOW)
    scene.run()
    assert scene.served == []
    scene.total.give_back()
    assert scene.served == [] and len(scene.posted) == 1
    scene.run()
    assert scene.served == ["second"] and scene.second.saw_slots == [True] and not scene.total.waiting


def test_while_one_waits_the_others_have_no_slot() -> None:
    """Row 47: what one pool gives back is not its own again just because it was there first."""
    scene = Scene()
    scene.second.wants(LOW)
    scene.total.give_back()
    assert not scene.total.has_slot_for(scene.first) and scene.total.has_slot_for(scene.second)
    scene.first.wants(LOW)
    assert not scene.total.has_slot_for(scene.second), "both wait: it is told whose turn it is"
    scene.run()
    assert scene.served == ["second"]


def test_the_most_urgent_comes_first() -> None:
    """Row 42: TotalLimitRespectsPriority; across pools."""
    scene = Scene(4)
    scene.first.wants(LOW, HIGHEST)
    scene.second.wants(MEDIUM, HIGHEST)
    scene.free(4)
    assert scene.served == ["first", "second", "second", "first"]


def test_equals_take_turns() -> None:
    """A pool with many requests does not hold up one with a single one."""
    scene = Scene(5)
    scene.first.wants(*[MEDIUM] * 4)
    scene.second.wants(MEDIUM)
    scene.free(5)
    assert scene.served == ["first", "second", "first", "first", "first"]


def test_an_idle_socket_of_another_pool_makes_room() -> None:
    """Row 86, 183: CloseIdleSocketsHeldByLayeredPoolWhenNeeded; one for each request, and no more."""
    scene = Scene(4)
    scene.first.idle = 3
    scene.second.wants(LOW, LOW)
    assert scene.first.idle == 3, "not from inside the request"
    scene.run()
    assert scene.served == ["second"] * 2 and scene.first.idle == 1 and scene.total.used == 4


def test_nobody_is_asked_for_what_is_free() -> None:
    """An idle socket is worth keeping."""
    scene = Scene()
    scene.first.idle = 1
    scene.total.give_back()
    scene.second.wants(LOW)
    scene.run()
    assert scene.served == ["second"] and scene.first.idle == 1


def test_whoever_has_gone_is_forgotten() -> None:
    """Row 48: CancelStalledSocketAtSocketLimit; nobody closes a socket for it, nor waits for it."""
    scene = Scene()
    scene.first.idle = 1
    scene.second.wants(LOW)
    scene.second.stalled.clear()
    scene.run()
    assert scene.first.idle == 1 and not scene.total.waiting
    scene.total.give_back()
    assert scene.total.has_slot_for(scene.first) and not scene.posted


def test_a_pool_that_is_alone_serves_itself() -> None:
    """Row 41: nobody else has anything to give."""
    rig = SharingRig(1)
    pool = ScriptedSharingPool(rig.total)
    rig.total.take()
    pool.wants(LOW)
    assert not rig.posted and not rig.total.waiting


def test_a_pool_that_was_removed_neither_waits_nor_is_asked() -> None:
    """Its owner has forgotten it."""
    scene = Scene()
    third = ScriptedSharingPool(scene.total, idle=1)
    third.wants(LOW)
    scene.total.remove(third)
    scene.second.wants(LOW)
    scene.run()
    assert scene.served == [] and third.idle == 1
    assert not scene.total.close_idle_sockets("") and third.reasons == []


def test_shouts_when_more_comes_back_than_went_out() -> None:
    """A slot given back twice would let the session grow over its limit."""
    with pytest.raises(AssertionError):
        SharingRig(1).total.give_back()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["want", "free", "idle", "give up"])), max_size=60))
def test_no_waiter_is_lost(steps: list[tuple[int, str]]) -> None:
    """Row 41, 49: whatever happens, nobody waits while there is a slot or an idle socket, and the limit holds."""
    rig = SharingRig(3)
    pools = [ScriptedSharingPool(rig.total) for _ in range(3)]
    busy = 0
    for number, step in steps:
        pool = pools[number]
        if step == "want":
            if rig.total.has_slot_for(pool):
                rig.total.take()
            else:
                pool.wants(LOW)
        elif step == "give up" and pool.stalled:
            pool.stalled.pop()
        elif rig.total.used > sum(pool.idle for pool in pools):
            if step == "free":
                rig.total.give_back()
            elif step == "idle":
                pool.idle += 1
                if rig.total.waiting:
                    rig.total.serve_later()
        rig.run()
        idle = sum(pool.idle for pool in pools)
        busy = rig.total.used - idle
        assert 0 <= busy <= 3 and rig.total.used <= 3
        assert not any(pool.stalled for pool in pools) or busy == 3
