"""Why a socket was closed."""

from __future__ import annotations

import pytest

from netstack_sync.pool import close_reasons
from netstack_sync.pool.handle import NO_GENERATION
from netstack_sync.pool.idle_sockets import USED_TIMEOUT_S, IdleSocket
from tests.support.pool import FakeSocket


@pytest.mark.parametrize(
    "generation, present, expected",
    [
        (0, 1, close_reasons.OLD_GENERATION),
        (1, 1, close_reasons.NOT_REUSABLE),
        (NO_GENERATION, 1, close_reasons.NOT_REUSABLE),
    ],
)
def test_of_a_socket_that_came_back(generation: int, present: int, expected: str) -> None:
    """Row 71: flushed, or of no use by itself."""
    assert close_reasons.of_returned(generation, present) == expected


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
    idle = IdleSocket(socket, 0.0)
    socket.received.append(received)
    assert close_reasons.of_idle(idle, now) == expected
