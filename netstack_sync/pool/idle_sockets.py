"""IdleSockets: the sockets of a group that nobody uses."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.loop.completion import Task
from netstack_sync.sockets.stream_socket import StreamSocket

USED_TIMEOUT_S = 300.0  # net/socket/client_socket_pool.cc
UNUSED_TIMEOUT_S = 60.0


class IdleSocket:
    """A socket and since when it idles (clock seconds)."""

    __slots__ = ("is_used", "since", "socket")

    def __init__(self, socket: StreamSocket, since: float) -> None:
        self.socket = socket
        self.since = since
        self.is_used = socket.was_ever_used

    def is_usable(self) -> bool:
        """A used socket must be quiet: bytes that nobody asked for belong to no answer."""
        return self.socket.is_connected_and_idle() if self.is_used else self.socket.is_connected()

    def is_expired(self, now: float) -> bool:
        """True when it has idled too long; servers and middle boxes forget."""
        return now - self.since >= (USED_TIMEOUT_S if self.is_used else UNUSED_TIMEOUT_S)


class IdleSockets:
    """Oldest first. Watches every socket, so that one the peer closes goes at once. Network thread only."""

    __slots__ = ("_on_lost", "_sockets")

    def __init__(self, on_lost: Callable[[IdleSocket], None]) -> None:
        """`on_lost` is told of a socket that became unusable while idle; it is removed and closed by then."""
        self._sockets: list[IdleSocket] = []
        self._on_lost = on_lost

    def add(self, socket: StreamSocket, now: float) -> None:
        """Takes a socket in."""
        idle = IdleSocket(socket, now)
        self._sockets.append(idle)
        socket.notify_readable(self._watcher(idle))

    def take(self, now: float) -> tuple[IdleSocket | None, list[IdleSocket]]:
        """The newest used socket, else the oldest unused one; and those found unusable on the way, removed."""
        lost: list[IdleSocket] = []
        while self._sockets:
            idle = self._candidate()
            self._sockets.remove(idle)
            idle.socket.cancel_notify()
            if idle.is_usable() and not idle.is_expired(now):
                return idle, lost
            lost.append(idle)
        return None, lost

    def take_expired(self, now: float) -> list[IdleSocket]:
        """Removes those that idled too long."""
        expired = [idle for idle in self._sockets if idle.is_expired(now)]
        for idle in expired:
            self._sockets.remove(idle)
        return expired

    def take_oldest(self) -> IdleSocket:
        """Removes the one that idled longest; there must be one."""
        return self._sockets.pop(0)

    def take_all(self) -> list[IdleSocket]:
        """Removes them all."""
        taken, self._sockets = self._sockets, []
        return taken

    def retire(self) -> None:
        """Nothing will idle here any more: lets go of whoever was to be told."""
        self._on_lost = _nobody

    def _candidate(self) -> IdleSocket:
        newest = self._sockets[-1]
        if newest.is_used:  # nearly always
            return newest
        for idle in reversed(self._sockets):
            if idle.is_used:
                return idle
        return self._sockets[0]

    def _watcher(self, idle: IdleSocket) -> Task:
        return lambda: self._on_readable(idle)

    def _on_readable(self, idle: IdleSocket) -> None:
        if idle.socket.is_connected_and_idle():
            idle.socket.notify_readable(self._watcher(idle))  # only a TLS record without user data
        elif not idle.is_usable():
            self._sockets.remove(idle)
            self._on_lost(idle)

    def __len__(self) -> int:
        return len(self._sockets)


def _nobody(_: IdleSocket) -> None:
    """Is told when nobody listens."""
