"""IdleKeeper: every idle socket of a pool, and when it is closed: too old, broken, in the way, or all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group import Group
from netstack_sync.pool.idle_sockets import IdleSocket
from netstack_sync.sockets.stream_socket import StreamSocket

_SWEEP_S = 10.0  # how late a socket may be closed that has idled too long


class IdleKeeper:
    """Knows the idle sockets of all groups, the oldest first. Owned by the pool; network thread only.

    Sweeps while there is something to sweep, so that what servers have forgotten is not kept until the next request.
    """

    __slots__ = ("_close", "_groups", "_on_closed", "_sweep", "_timers")

    def __init__(
        self, timers: TimerQueue, close: Callable[[StreamSocket, str], None], on_closed: Callable[[Group], None]
    ) -> None:
        """`close` ends a socket for a reason; `on_closed` is told of a group that lost one, unless it asked."""
        self._timers = timers
        self._close = close
        self._on_closed = on_closed
        # Ordered: the first of a plain dictionary is found by walking over all that were taken before.
        self._groups: OrderedDict[IdleSocket, Group] = OrderedDict()
        self._sweep = OneShotTimer(timers, self._on_sweep)

    def add(self, group: Group, socket: StreamSocket, keep_alive_s: float | None) -> None:
        """A socket begins to idle."""
        idle = IdleSocket(socket, self._timers.clock.now(), keep_alive_s)
        group.idle.add(idle)
        self._groups[idle] = group
        if not self._sweep.is_running:
            self._sweep.start(_SWEEP_S)

    def take(self, group: Group, now: float) -> IdleSocket | None:
        """The group's best socket that is still good; the others found on the way are closed."""
        while (idle := group.idle.take()) is not None:
            del self._groups[idle]
            if idle.is_usable() and not idle.is_expired(now):
                return idle
            self._close(idle.socket, close_reasons.of_idle(idle, now))
        return None

    def on_lost(self, group: Group, idle: IdleSocket) -> None:
        """A socket became useless, and its group has let go of it."""
        del self._groups[idle]
        self._close(idle.socket, close_reasons.of_idle(idle, self._timers.clock.now()))
        self._on_closed(group)

    def close_one(self, spared: Group | None = None) -> bool:
        """Makes room: closes the socket that has idled longest, not one of `spared`; False when there is none."""
        for idle, group in self._groups.items():
            if group is not spared:
                self._close_idle(group, idle, close_reasons.MADE_ROOM)
                return True
        return False

    def close_all(self, reason: str, endpoint: IPEndPoint | None = None) -> bool:
        """Closes what nobody uses, or what of it leads to one endpoint; False when there was nothing."""
        chosen = [
            (idle, group)
            for idle, group in self._groups.items()
            if endpoint is None or idle.socket.remote_address == endpoint
        ]
        for idle, group in chosen:
            self._close_idle(group, idle, reason)
        if not self._groups:
            self._sweep.stop()
        return bool(chosen)

    def _close_idle(self, group: Group, idle: IdleSocket, reason: str) -> None:
        group.idle.remove(idle)
        del self._groups[idle]
        self._close(idle.socket, reason)
        self._on_closed(group)

    def _on_sweep(self) -> None:
        now = self._timers.clock.now()
        for idle, group in list(self._groups.items()):
            if idle.is_expired(now):
                self._close_idle(group, idle, close_reasons.TIMED_OUT)
        if self._groups:
            self._sweep.start(_SWEEP_S)

    def __len__(self) -> int:
        return len(self._groups)
