"""Why a socket was closed."""

from __future__ import annotations

import pytest

from netstack_sync.pool import close_reasons
from netstack_sync.pool.group import Group
from netstack_sync.pool.pooled_socket import USED_TIMEOUT_S, PooledSocket
from tests.support.pool import FakeSocket, group_id


@pytest.mark.parametrize(
    "received, now, expected",
    [
        (b"", 1.0, close_reasons.REMOTE_CLOSED),
        (b"x", 1.0, close_reasons.UNREAD_DATA),
        (b"x", USED_TIMEOUT_S, close_reasons.TIMED_OUT),
    ],
)
def test_of_a_socket_that_idled(received: bytes, now: float, expected: str) -> None:
    """Rows 39, 60, 67."""
    socket = FakeSocket()
    socket.use()
    idle = PooledSocket(Group(group_id(), lambda pooled: None), socket)
    idle.is_used, idle.expires = True, USED_TIMEOUT_S
    socket.received.append(received)
    assert close_reasons.of_idle(idle, now) == expected
