"""PooledSocket: a connection of a group, and until when it may idle."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from netstack_sync.sockets.stream_socket import StreamSocket

USED_TIMEOUT_S = 300.0  # net/socket/client_socket_pool.cc
UNUSED_TIMEOUT_S = 60.0
_RACE_S = 1.0  # a server counts from its last byte: a request sent just before its limit crosses its goodbye


def idle_limit_s(is_used: bool, keep_alive_s: float | None) -> float:
    """How long a socket may idle whose server said, or did not say, how long it keeps it."""
    limit_s = USED_TIMEOUT_S if is_used else UNUSED_TIMEOUT_S
    return limit_s if keep_alive_s is None else min(limit_s, max(keep_alive_s - _RACE_S, keep_alive_s / 2))


class IdleWatcher(Protocol):
    """What a socket needs of its group."""

    def check_idle(self, pooled: PooledSocket[Any]) -> None:
        """Something has come on a socket that idles, or did until somebody took it."""


Owner = TypeVar("Owner", bound=IdleWatcher)


class PooledSocket(Generic[Owner]):
    """Lives from the job that brought the socket until the pool closes it, in use or idle. Network thread only."""

    __slots__ = ("expires", "group", "is_sound", "is_used", "polls", "since", "socket", "why_spoiled")

    def __init__(self, group: Owner, socket: StreamSocket) -> None:
        self.group = group
        self.socket = socket
        self.is_used = False
        """Whether bytes of a user had gone through when it began to idle last."""
        self.since = 0.0
        """When that was (clock seconds)."""
        self.expires = 0.0
        """Until when it may idle (clock seconds)."""
        self.is_sound = False
        """It has been used, and nothing speaks against using it again: who gets it back need not look further."""
        self.polls = 0
        """MessagePump.polls at that moment."""
        self.why_spoiled = ""
        """See spoil(); empty while it may serve others."""

    def spoil(self, why: str) -> None:
        """It serves nobody after its present holder."""
        self.why_spoiled = why
        self.is_sound = False

    def on_readable(self) -> None:
        """The watch of an idle socket: bytes or the end have come."""
        self.group.check_idle(self)

    def is_fit(self, is_waited_for: bool) -> bool:
        """False for what its holder gives back closed, spoiled or with bytes that nobody asked for.

        A used socket that goes to nobody now costs no system call: it is watched while it idles.
        """
        if self.is_sound:  # fast path
            return not is_waited_for or self.socket.is_connected_and_idle()
        if self.why_spoiled:
            return False
        self.is_used = self.is_sound = self.is_used or self.socket.was_ever_used
        return (self.is_used and not is_waited_for) or self.socket.is_connected_and_idle()

    def is_usable(self) -> bool:
        """A used socket must be quiet: bytes that nobody asked for belong to no answer."""
        return self.socket.is_connected_and_idle() if self.is_used else self.socket.is_connected()

    def is_expired(self, now: float) -> bool:
        """True when it has idled too long; servers and middle boxes forget."""
        return now >= self.expires
