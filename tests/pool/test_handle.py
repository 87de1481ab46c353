"""ClientSocketHandle: one claim, ended once, whatever its pool does (see test_socket_pool for the pool's part)."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import ConnectTiming
from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.group import Group
from netstack_sync.pool.handle import ClientSocketHandle, ReuseType
from netstack_sync.pool.pooled_socket import PooledSocket
from netstack_sync.pool.request import SocketRequest
from tests.support.net_logs import RecordingNetLog
from tests.support.pool import FakeSocket, group_id


class CallsOfHandle:
    """A SocketPool that remembers what it was asked."""

    def __init__(self) -> None:
        self.result = ERR_IO_PENDING
        self.calls: list[str] = []

    def request_socket(self, handle: ClientSocketHandle) -> int:
        """See SocketPool."""
        self.calls.append("request")
        handle.net_log.begin(NetLogEventType.SOCKET_POOL)
        if self.result == OK:
            handle.pooled = PooledSocket(Group(group_id(), lambda pooled: None), FakeSocket())
            handle.socket = handle.pooled.socket
        return self.result

    def cancel_request(self, handle: ClientSocketHandle) -> None:
        """See SocketPool."""
        self.calls.append("cancel")

    def release_socket(self, pooled: PooledSocket[Any], keep_alive_s: float | None) -> None:
        """See SocketPool."""
        self.calls.append("release closed" if pooled.why_spoiled else "release open")
        assert pooled.socket.is_connected() != bool(pooled.why_spoiled)

    def set_priority(self, handle: ClientSocketHandle, priority: RequestPriority) -> None:
        """See SocketPool."""
        self.calls.append(f"priority {int(handle.priority)} to {int(priority)}")

    def load_state_of(self, handle: ClientSocketHandle) -> LoadState:
        """See SocketPool."""
        return LoadState.RESOLVING_HOST


@pytest.fixture
def pool() -> CallsOfHandle:
    return CallsOfHandle()


@pytest.fixture
def handle(pool: CallsOfHandle) -> ClientSocketHandle:
    net_log = NetLogWithSource.make(RecordingNetLog(), NetLogSourceType.HTTP_STREAM_JOB)
    return ClientSocketHandle(pool, group_id(), RequestPriority.MEDIUM, net_log)


def unexpected(result: int) -> None:
    """A callback that must not come."""
    pytest.fail(f"called back with {result}")


def test_without_a_claim_there_is_nothing_to_end(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """A new handle may be reset."""
    handle.reset()
    handle.reset_and_close()
    assert pool.calls == []


def answer(request: SocketRequest, result: int) -> None:
    """What the pool does when it has an answer."""
    request.result = result
    on_done, request.on_done = request.on_done, None
    if on_done is not None:
        on_done(result)


@pytest.mark.parametrize("result", [OK, ERR_CONNECTION_FAILED])
def test_an_answer_at_once_calls_nobody_back(pool: CallsOfHandle, handle: ClientSocketHandle, result: int) -> None:
    """Not even if the pool delivers by mistake."""
    pool.result = result
    assert handle.init(unexpected) == result
    answer(handle.request, result)
    handle.reset()
    assert pool.calls == ["request"] + ["release open"] * (result == OK)


def test_an_answer_is_delivered_once(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Afterwards there is nothing to cancel."""
    results: list[int] = []
    handle.init(results.append)
    answer(handle.request, ERR_CONNECTION_FAILED)
    assert results == [ERR_CONNECTION_FAILED]
    handle.reset()
    assert pool.calls == ["request"]


def test_a_waiting_request_is_cancelled(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Row 56: and an answer that was on its way reaches nobody."""
    handle.init(unexpected)
    handle.reset()
    handle.reset()
    answer(handle.request, OK)
    assert pool.calls == ["request", "cancel"]


def test_who_ends_the_claim_before_the_answer_came_gives_the_socket_back(
    pool: CallsOfHandle, handle: ClientSocketHandle
) -> None:
    """Row 56: it has been handed out, and is not told of any more."""
    pool.result = OK
    handle.init(unexpected)
    handle.request.on_done = unexpected
    handle.reset()
    answer(handle.request, OK)
    assert pool.calls == ["request", "release open"]


def test_an_old_answer_does_not_reach_a_new_request(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Row 55: the handle waits again when the old answer arrives."""
    handle.init(unexpected)
    old = handle.request
    handle.reset()
    results: list[int] = []
    handle.init(results.append)
    answer(old, OK)
    assert results == []
    answer(handle.request, ERR_CONNECTION_FAILED)
    assert results == [ERR_CONNECTION_FAILED]


def test_a_socket_goes_back_open_or_closed(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Row 52: reset() leaves the decision to the pool, reset_and_close() takes it."""
    pool.result = OK
    handle.init(unexpected)
    handle.reset()
    handle.init(unexpected)
    handle.reset_and_close()
    assert handle.socket is None
    assert pool.calls == ["request", "release open", "request", "release closed"]


def test_the_priority_moves_only_what_waits(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Row 45: the same priority again moves nothing."""
    handle.set_priority(RequestPriority.LOW)
    handle.init(unexpected)
    handle.set_priority(RequestPriority.LOW)
    handle.set_priority(RequestPriority.HIGHEST)
    assert pool.calls == ["request", "priority 3 to 5"]
    assert handle.priority is RequestPriority.HIGHEST


def test_the_load_state_is_the_pools(handle: ClientSocketHandle) -> None:
    """Row 64: the handle knows nothing of it."""
    assert handle.load_state is LoadState.RESOLVING_HOST


def test_a_socket_that_was_not_made_for_this_request_may_be_stale(handle: ClientSocketHandle) -> None:
    """An unused idle socket as well: its server may have lost patience."""
    pooled = PooledSocket(Group(group_id(), lambda pooled: None), FakeSocket())
    handle.hold(pooled)
    assert handle.is_reused
    types = [handle.reuse_type]
    pooled.is_used = True
    types.append(handle.reuse_type)
    handle.is_reused = False
    types.append(handle.reuse_type)
    assert types == [ReuseType.UNUSED_IDLE, ReuseType.REUSED_IDLE, ReuseType.UNUSED]


def test_the_next_request_may_go_over_the_same_socket(pool: CallsOfHandle, handle: ClientSocketHandle) -> None:
    """Which was not made for that one."""
    pool.result = OK
    assert handle.init(unexpected) == OK
    handle.is_reused, handle.connect_timing = False, ConnectTiming()
    handle.keep()
    assert handle.is_reused and handle.connect_timing is None and handle.reuse_type is ReuseType.REUSED_IDLE
