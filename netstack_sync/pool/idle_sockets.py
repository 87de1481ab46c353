"""IdleSockets: the sockets of a group that nobody uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netstack_sync.loop.completion import Task
from netstack_sync.sockets.stream_socket import StreamSocket

USED_TIMEOUT_S = 300.0  # net/socket/client_socket_pool.cc
UNUSED_TIMEOUT_S = 60.0
_RACE_S = 1.0  # a server counts from its last byte: a request sent just before its limit crosses its goodbye


class IdleSocket:
    """A socket, since when it idles and until when it may (clock seconds)."""

    __slots__ = ("expires", "is_used", "since", "socket")

    def __init__(self, socket: StreamSocket, since: float, keep_alive_s: float | None = None) -> None:
        self.socket = socket
        self.since = since
        self.is_used = socket.was_ever_used
        limit_s = USED_TIMEOUT_S if self.is_used else UNUSED_TIMEOUT_S
        if keep_alive_s is not None:
            limit_s = min(limit_s, max(keep_alive_s - _RACE_S, keep_alive_s / 2))
        self.expires = since + limit_s

    def is_usable(self) -> bool:
        """A used socket must be quiet: bytes that nobody asked for belong to no answer."""
        return self.socket.is_connected_and_idle() if self.is_used else self.socket.is_connected()

    def is_expired(self, now: float) -> bool:
        """True when it has idled too long; servers and middle boxes forget."""
        return now >= self.expires


class IdleSockets:
    """Oldest first. Watches every socket, so that one the peer closes goes at once. Network thread only."""

    __slots__ = ("_on_lost", "_sockets")

    def __init__(self, on_lost: Callable[[IdleSocket], None]) -> None:
        """`on_lost` is told of a socket that became unusable while idle; it is removed by then."""
        self._sockets: list[IdleSocket] = []
        self._on_lost = on_lost

    def add(self, idle: IdleSocket) -> None:
        """Takes a socket in."""
        self._sockets.append(idle)
        idle.socket.notify_readable(self._watcher(idle))

    def take(self) -> IdleSocket | None:
        """Removes the newest used socket, else the oldest unused one; the caller looks whether it is any good."""
        if not self._sockets:
            return None
        idle = self._candidate()
        self.remove(idle)
        return idle

    def remove(self, idle: IdleSocket) -> None:
        """Takes a socket out; it is not watched any more."""
        self._sockets.remove(idle)
        idle.socket.cancel_notify()

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

    def __iter__(self) -> Iterator[IdleSocket]:
        return iter(self._sockets)

    def __len__(self) -> int:
        return len(self._sockets)


def _nobody(_: IdleSocket) -> None:
    """Is told when nobody listens."""
