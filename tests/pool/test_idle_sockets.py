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
        self.sockets.add(socket, now)
        return socket

    def take(self, now: float = 0.0) -> object:
        """The socket that is taken."""
        idle, _ = self.sockets.take(now)
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


def test_those_found_unusable_on_the_way_are_named(idle: Idle) -> None:
    """Row 60: closing and counting them is the owner's business."""
    good, broken, stale = idle.add(now=250.0), idle.add(), idle.add(now=1.0)
    broken.received.append(b"")
    taken, lost = idle.sockets.take(USED_TIMEOUT_S + 1.0)
    assert taken is not None and taken.socket is good
    assert [entry.socket for entry in lost] == [stale, broken]
    assert broken.is_open and idle.lost == []


@pytest.mark.parametrize(("used", "timeout_s"), [(True, USED_TIMEOUT_S), (False, UNUSED_TIMEOUT_S)])
def test_expiry(idle: Idle, used: bool, timeout_s: float) -> None:
    """Row 67: at the limit, not before."""
    socket = idle.add(used=used)
    assert idle.sockets.take_expired(timeout_s - 0.001) == []
    assert [entry.socket for entry in idle.sockets.take_expired(timeout_s)] == [socket]
    assert len(idle.sockets) == 0


def test_expiry_goes_by_traffic_not_by_who_had_it(idle: Idle) -> None:
    """Row 67: a socket that was handed out but never used counts as unused."""
    idle.add(used=False)
    assert len(idle.sockets.take_expired(UNUSED_TIMEOUT_S)) == 1


def test_the_oldest_and_all(idle: Idle) -> None:
    """Row 60: to make room, and to clear out."""
    oldest, *others = (idle.add() for _ in range(3))
    assert idle.sockets.take_oldest().socket is oldest
    assert [entry.socket for entry in idle.sockets.take_all()] == others
    assert len(idle.sockets) == 0 and idle.sockets.take_all() == []


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
