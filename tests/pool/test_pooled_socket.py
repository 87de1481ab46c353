"""PooledSocket: how long it may idle, and when it is of no use any more (which one is taken: see IdleKeeper)."""

from __future__ import annotations

import pytest

from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.pooled_socket import UNUSED_TIMEOUT_S, USED_TIMEOUT_S, PooledSocket, idle_limit_s
from tests.support.pool import FakeSocket, group_id


@pytest.mark.parametrize(
    "used, keep_alive_s, expected_s",
    [
        (True, None, USED_TIMEOUT_S),
        (False, None, UNUSED_TIMEOUT_S),
        (True, 1000.0, USED_TIMEOUT_S),
        (True, 60.0, 59.0),
        (True, 1.0, 0.5),
        (True, 0.0, 0.0),
    ],
)
def test_how_long_it_may_idle(used: bool, keep_alive_s: float | None, expected_s: float) -> None:
    """Row 67: a server's own limit counts if it is shorter, with some room."""
    assert idle_limit_s(used, keep_alive_s) == expected_s


@pytest.fixture
def lost() -> list[GroupSocket]:
    return []


@pytest.fixture
def pooled(lost: list[GroupSocket]) -> GroupSocket:
    return PooledSocket(Group(group_id(), lost.append), FakeSocket())


def test_it_expires_at_its_limit(pooled: GroupSocket) -> None:
    """Row 67: not before."""
    pooled.expires = 300.0
    assert not pooled.is_expired(299.999)
    assert pooled.is_expired(300.0)


@pytest.mark.parametrize("used, piece, expected", [(True, b"x", False), (False, b"x", True), (False, b"", False)])
def test_bytes_that_nobody_asked_for(pooled: GroupSocket, used: bool, piece: bytes, expected: bool) -> None:
    """Row 39: they belong to no answer, but some servers greet before they are asked."""
    assert isinstance(pooled.socket, FakeSocket)
    assert pooled.is_usable()
    pooled.is_used = used
    pooled.socket.received.append(piece)
    assert pooled.is_usable() is expected


def test_what_comes_is_its_groups_business_while_it_idles(pooled: GroupSocket, lost: list[GroupSocket]) -> None:
    """Row 60: afterwards it is that of its holder."""
    assert isinstance(pooled.socket, FakeSocket)
    pooled.socket.received.append(b"")
    pooled.on_readable()
    assert lost == []
    pooled.group.idle.append(pooled)
    pooled.on_readable()
    assert lost == [pooled]


@pytest.mark.parametrize(
    "used, is_waited_for, piece, expected",
    [
        (True, False, None, True),
        (True, True, None, True),
        (True, True, b"x", False),
        (False, False, None, True),
        (False, False, b"x", False),
    ],
)
def test_what_a_holder_gives_back(
    pooled: GroupSocket, used: bool, is_waited_for: bool, piece: bytes | None, expected: bool
) -> None:
    """Row 39: whoever gets it now, or may not be told of what has come, must not get bytes of somebody else."""
    assert isinstance(pooled.socket, FakeSocket)
    pooled.socket.was_ever_used = used
    if piece is not None:
        pooled.socket.received.append(piece)
    for _ in ("first", "known to be sound"):
        assert pooled.is_fit(is_waited_for) is expected
        assert pooled.is_used is pooled.is_sound is used


def test_a_spoiled_socket_serves_nobody_any_more(pooled: GroupSocket) -> None:
    """Row 71: whatever was known of it."""
    assert isinstance(pooled.socket, FakeSocket)
    pooled.socket.use()
    assert pooled.is_fit(is_waited_for=False) and pooled.is_sound
    pooled.spoil("why")
    assert not pooled.is_sound and not pooled.is_fit(is_waited_for=False) and pooled.why_spoiled == "why"
