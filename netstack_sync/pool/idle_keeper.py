"""IdleKeeper: every idle socket of a pool, and when it is closed: too old, broken, in the way, or all of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group import Group, GroupSocket
from netstack_sync.pool.pooled_socket import USED_TIMEOUT_S, idle_limit_s

_SWEEP_S = 10.0  # how late a socket may be closed that has idled too long


class IdleKeeper:
    """Knows the idle sockets of all groups, the oldest first. Owned by the pool; network thread only.

    Watches every one of them, so that one that its peer closes goes at once. Sweeps while there is something to sweep,
    so that what servers have forgotten is not kept until the next request.
    """

    __slots__ = ("_close", "_is_sweeping", "_now", "_on_closed", "_pump", "_sockets", "_sweep")

    def __init__(
        self,
        thread: NetworkThread,
        close: Callable[[GroupSocket, str], None],
        on_closed: Callable[[Group], None],
    ) -> None:
        """`close` ends a socket for a reason; `on_closed` is told of a group that lost one, unless it asked."""
        self._now = thread.clock.now
        self._pump = thread.pump
        self._close = close
        self._on_closed = on_closed
        # Ordered: the first of a plain dictionary is found by walking over all that were taken before.
        self._sockets: OrderedDict[GroupSocket, None] = OrderedDict()
        self._sweep = OneShotTimer(thread.timers, self._on_sweep)
        self._is_sweeping = False

    def add(self, pooled: GroupSocket, keep_alive_s: float | None) -> None:
        """A socket begins to idle."""
        pooled.since = now = self._now()
        pooled.polls = self._pump.polls
        if pooled.is_used and keep_alive_s is None:  # fast path: nearly always
            pooled.expires = now + USED_TIMEOUT_S
            pooled.group.idle.append(pooled)
        else:
            pooled.expires = now + idle_limit_s(pooled.is_used, keep_alive_s)
            idle = pooled.group.idle
            idle.insert(len(idle) if pooled.is_used else 0, pooled)
        self._sockets[pooled] = None
        pooled.socket.notify_readable(pooled.on_readable)
        if not self._is_sweeping:
            self._is_sweeping = True
            self._sweep.start(_SWEEP_S)

    def take(self, idle: list[GroupSocket]) -> GroupSocket | None:
        """The best socket of a group that is still good; the others found on the way are closed.

        Its watch is left for the next one to replace, and takes no notice of what comes from now on.
        """
        now, pump = self._now(), self._pump
        while idle:
            pooled = idle.pop()
            del self._sockets[pooled]
            if now < pooled.expires and (
                # Fast path: the watch would have told by now, and a look is a system call. Unused ones may have got
                # bytes, about which nobody is told twice.
                (pump.polls - pooled.polls >= 2 and pooled.is_used and not pump.is_behind) or pooled.is_usable()
            ):
                return pooled
            self._close(pooled, close_reasons.of_idle(pooled, now))
        return None

    def on_lost(self, pooled: GroupSocket) -> None:
        """A socket became useless."""
        self._close_idle(pooled, close_reasons.of_idle(pooled, self._now()))

    def close_one(self, spared: Group | None = None) -> bool:
        """Makes room: closes the socket that has idled longest, not one of `spared`; False when there is none."""
        for pooled in self._sockets:
            if pooled.group is not spared:
                self._close_idle(pooled, close_reasons.MADE_ROOM)
                return True
        return False

    def close_all(self, reason: str, endpoint: IPEndPoint | None = None) -> bool:
        """Closes what nobody uses, or what of it leads to one endpoint; False when there was nothing."""
        chosen = [pooled for pooled in self._sockets if endpoint is None or pooled.socket.remote_address == endpoint]
        for pooled in chosen:
            self._close_idle(pooled, reason)
        if not self._sockets:
            self._sweep.stop()
            self._is_sweeping = False
        return bool(chosen)

    def _close_idle(self, pooled: GroupSocket, reason: str) -> None:
        pooled.group.idle.remove(pooled)
        del self._sockets[pooled]
        self._close(pooled, reason)
        self._on_closed(pooled.group)

    def _on_sweep(self) -> None:
        now = self._now()
        for pooled in list(self._sockets):
            if pooled.is_expired(now):
                self._close_idle(pooled, close_reasons.TIMED_OUT)
        self._is_sweeping = bool(self._sockets)
        if self._is_sweeping:
            self._sweep.start(_SWEEP_S)

    def __len__(self) -> int:
        return len(self._sockets)
