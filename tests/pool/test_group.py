"""Group: what it counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.pool.group import Group
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.request import SocketRequest
from tests.support.pool import FakeSocket, PoolRig, group_id, pool_rig


@pytest.fixture
def rig() -> Iterator[PoolRig]:
    with pool_rig(per_group=2) as rig:
        yield rig


def found(rig: PoolRig) -> Group:
    """The group; it must be there."""
    group = rig.group()
    assert group is not None
    return group


def test_a_new_group_is_empty() -> None:
    """Nothing to remember, nothing that needs a job."""
    group = Group(group_id(), lambda pooled: None)
    assert group.is_empty and not group.needs_job and group.slots == 0


def test_slots_are_handed_out_connecting_and_idle_sockets(rig: PoolRig) -> None:
    """Each of them keeps the group alive."""
    held = rig.get()
    assert found(rig).slots == 1
    rig.request()
    assert found(rig).slots == 2 and not found(rig).needs_job
    rig.request()
    assert found(rig).slots == 2 and found(rig).needs_job
    assert repr(found(rig)) == "<Group http://a.test active=1 jobs=1 idle=0 pending=2>"
    held.release()
    rig.requests[2].handle.reset()
    assert found(rig).slots == 2 and not found(rig).is_empty


class UnaskedSocket(FakeSocket):
    """Looking at it would be a system call."""

    def is_connected_and_idle(self) -> bool:
        """Must not be needed."""
        raise AssertionError("a system call")


def test_a_used_socket_that_nobody_waits_for_is_taken_back_without_a_look(rig: PoolRig) -> None:
    """It is watched while it idles."""
    request = rig.get()
    unasked = UnaskedSocket(rig.net_log)
    rig.factory.sockets[0] = unasked
    request.handle.socket = request.handle.pooled.socket = unasked
    assert request.release() is unasked and unasked.is_open
    assert rig.idle_count() == 1


def test_the_first_request_sets_the_priority(rig: PoolRig) -> None:
    """The highest priority waiting, and the oldest of it."""
    group = Group(group_id(), lambda pooled: None)
    levels = (RequestPriority.LOW, RequestPriority.HIGHEST, RequestPriority.HIGHEST)
    source = NetLogWithSource.make(rig.net_log, NetLogSourceType.HTTP_STREAM_JOB)
    handles = [ClientSocketHandle(rig.pool, group_id(), level, source) for level in levels]
    for handle in handles:
        handle.request = SocketRequest(None)
        group.push(handle)
    assert group.top_priority is RequestPriority.HIGHEST
    assert [group.take_first() for _ in handles] == [handles[1], handles[2], handles[0]]
    assert group.is_empty
