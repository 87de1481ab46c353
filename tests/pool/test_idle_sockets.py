"""IdleSockets: which one is taken, which are found to be no good."""

from __future__ import annotations

import pytest

from netstack_sync.pool.idle_sockets import UNUSED_TIMEOUT_S, USED_TIMEOUT_S, IdleSocket, IdleSockets
from tests.support.pool import FakeSocket


class Idle:
    """Idle sockets and those that were reported lost."""

    def __init__(self) -> None:
        self.lost: list[FakeSocket] = []
        self.sockets = IdleSockets(self._on_lost)

    def _on_lost(self, idle: IdleSocket) -> None:
        assert isinstance(idle.socket, FakeSocket)
        self.lost.append(idle.socket)

    def add(self, *, used: bool = True, now: float = 0.0) -> FakeSocket:
        """A socket begins to idle."""
        socket = FakeSocket()
        socket.was_ever_used = used
        self.sockets.add(IdleSocket(socket, now))
        return socket

    def take(self) -> object:
        """The socket that is taken."""
        idle = self.sockets.take()
        return idle.socket if idle is not None else None


@pytest.fixture
def idle() -> Idle:
    return Idle()


def test_the_newest_used_then_the_oldest_unused(idle: Idle) -> None:
    """Row 78: used ones are warm, unused ones should not grow old."""
    unused_old, used_old, used_new, unused_new = (idle.add(used=used) for used in (False, True, True, False))
    assert [idle.take() for _ in range(5)] == [used_new, used_old, unused_old, unused_new, None]


def test_a_taken_socket_is_not_watched_any_more(idle: Idle) -> None:
    """What arrives from then on is for the one who took it."""
    socket = idle.add()
    assert idle.take() is socket
    assert socket.on_readable is None
    assert len(idle.sockets) == 0


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
def test_expiry(used: bool, keep_alive_s: float | None, expected_s: float) -> None:
    """Row 67: at the limit, not before; a server's own limit counts if it is shorter, with some room."""
    socket = FakeSocket()
    socket.was_ever_used = used
    idle = IdleSocket(socket, 10.0, keep_alive_s)
    assert not idle.is_expired(10.0 + expected_s - 0.001)
    assert idle.is_expired(10.0 + expected_s)


def test_one_can_be_removed(idle: Idle) -> None:
    """Row 60: the others stay, in their order."""
    first, second, third = (idle.add() for _ in range(3))
    entry = next(entry for entry in idle.sockets if entry.socket is second)
    idle.sockets.remove(entry)
    assert [entry.socket for entry in idle.sockets] == [first, third] and second.on_readable is None


@pytest.mark.parametrize("used", [True, False])
def test_the_peer_closes(idle: Idle, used: bool) -> None:
    """Row 60: told at once, used or not; the others stay."""
    other = idle.add(used=used)
    socket = idle.add(used=used)
    socket.peer_sends(b"")
    assert idle.lost == [socket] and len(idle.sockets) == 1
    assert idle.take() is other


def test_the_peer_speaks(idle: Idle) -> None:
    """Row 39, 82: fatal for a used socket, fine for an unused one."""
    used, unused = idle.add(), idle.add(used=False)
    used.peer_sends(b"x")
    unused.peer_sends(b"x")
    assert idle.lost == [used] and idle.take() is unused


def test_readiness_without_data_goes_on_being_watched(idle: Idle) -> None:
    """A TLS ticket on an idle socket is nothing to us, and the next event is noticed again."""
    socket = idle.add()
    socket.peer_sends()
    assert idle.lost == [] and len(idle.sockets) == 1
    socket.peer_sends(b"")
    assert idle.lost == [socket]
