"""RequestQueue: by priority, then first come, first served, whoever leaves in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.request_queue import RequestQueue
from tests.support.pool import PoolRig, pool_rig

LOW, MEDIUM, HIGHEST = RequestPriority.LOW, RequestPriority.MEDIUM, RequestPriority.HIGHEST

MakeHandle = Callable[[RequestPriority], ClientSocketHandle]


@pytest.fixture
def make() -> Iterator[MakeHandle]:
    with pool_rig() as rig:
        yield lambda priority: _handle(rig, priority)


def _handle(rig: PoolRig, priority: RequestPriority) -> ClientSocketHandle:
    handle = rig.new_handle()
    handle.priority = priority
    return handle


def test_an_empty_queue(make: MakeHandle) -> None:
    """Nobody's turn."""
    queue = RequestQueue()
    assert queue.first() is None and len(queue) == queue.size == 0 and list(queue) == []


def test_the_turn(make: MakeHandle) -> None:
    """Row 42: the highest priority, and the oldest of it."""
    queue = RequestQueue()
    handles = [make(priority) for priority in (LOW, HIGHEST, MEDIUM, HIGHEST)]
    for handle in handles:
        queue.push(handle)
    expected = [handles[1], handles[3], handles[2], handles[0]]
    assert list(queue) == expected and queue.first() is handles[1] and queue.size == 4
    assert [queue.pop_first() for _ in handles] == expected
    assert queue.size == 0 and queue.first() is None


def test_whoever_leaves_holds_up_nobody(make: MakeHandle) -> None:
    """Row 43: in the middle, and as the last of its priority."""
    queue = RequestQueue()
    first, second, urgent = make(LOW), make(LOW), make(HIGHEST)
    for handle in (first, second, urgent):
        queue.push(handle)
    queue.remove(urgent)
    queue.remove(first)
    assert list(queue) == [second] and len(queue) == 1


@given(data=st.data())
def test_any_sequence(data: st.DataObject) -> None:
    """The same as a list that is sorted by priority, which sorting keeps in order."""
    with pool_rig() as rig:
        queue, model = RequestQueue(), list[ClientSocketHandle]()
        for _ in range(data.draw(st.integers(1, 40))):
            what = data.draw(st.sampled_from(["push", "push", "pop", "remove"]))
            if what == "push":
                model.append(_handle(rig, data.draw(st.sampled_from(RequestPriority))))
                queue.push(model[-1])
            elif model and what == "pop":
                model.remove(queue.pop_first())
            elif model:
                queue.remove(model.pop(data.draw(st.integers(0, len(model) - 1))))
            expected = sorted(model, key=lambda handle: -handle.priority)
            assert list(queue) == expected and queue.size == len(expected)
            assert queue.first() is (expected[0] if expected else None)
