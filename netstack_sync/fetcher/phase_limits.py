"""PhaseLimits: the caller's time limits for the phases of one fetch, as timers of the network thread."""

from __future__ import annotations

from math import inf
from typing import Protocol

from netstack_sync.base.exception_map import TimeoutPhase
from netstack_sync.base.load_state import LoadState
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.loop.timers import DelayedTask, TimerQueue


class LimitedFetch(Protocol):
    """Whose limits they are; called on the network thread."""

    def connecting_since(self) -> float | None:
        """Since when a connection has been under way (clock seconds); None while a slot is waited for."""
        ...

    def load_state(self) -> LoadState:
        """What is waited for."""
        ...

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left on the present connection."""
        ...

    @property
    def waits_for_upload(self) -> bool:
        """True while the caller's own body is waited for."""
        ...

    def on_limit(self, phase: TimeoutPhase, limit_s: float) -> None:
        """A limit was reached."""


class PhaseLimits:
    """Told by fetcher and job which phase it is in; tells the fetcher which limit was reached. Network thread only.

    A TransactionObserver; only there when a phase has a limit.

    Nobody tells when the wait for a slot is over, and it may begin again: the connection under way for one request
    goes to a more urgent one. So the timer of both phases asks, at the earliest moment at which either could be over.
    The time that a delegate or interceptor takes counts for neither; a wait for a slot that follows on it may last up
    to twice as long.
    """

    __slots__ = (
        "_connect",
        "_owner",
        "_progress_at",
        "_read",
        "_sent_bytes",
        "_timeout",
        "_timers",
        "_waiting_since",
    )

    def __init__(self, timeout: Timeout, timers: TimerQueue, owner: LimitedFetch) -> None:
        self._timeout = timeout
        self._timers = timers
        self._owner: LimitedFetch | None = owner  # until stop(), which opens the circle
        self._connect: DelayedTask | None = None
        self._read: DelayedTask | None = None
        self._waiting_since: float | None = 0.0  # clock seconds; when the socket was asked for, as far as is known
        self._progress_at = 0.0  # clock seconds; when bytes went or came last
        self._sent_bytes = 0

    def begin_connect(self) -> None:
        """A socket is asked for."""
        if self._read is not None:
            self.end_read()
        if self._connect is not None:
            self.end_connect()
        if self._timeout.pool is not None or self._timeout.connect is not None:
            self._waiting_since = self._timers.clock.now()
            self._check_connect()

    def on_connected(self) -> None:
        """The connect limit is kept, and the server is to take bytes."""
        if self._connect is not None:
            self.end_connect()
        if self._timeout.read is not None:
            self.begin_read()

    def on_reconnect(self) -> None:
        """The connect limit counts anew."""
        self.begin_connect()

    def on_request_sent(self) -> None:
        """From now on the server is waited for."""
        self.begin_read()

    def end_connect(self) -> None:
        """No connection is waited for any more."""
        if self._connect is not None:
            self._connect.cancel()
            self._connect = None

    def begin_read(self) -> None:
        """The server is to take or to give bytes, from now. Called again at every sign of life, so it is cheap."""
        limit = self._timeout.read
        if limit is not None and self._owner is not None:
            self._progress_at = self._timers.clock.now()
            self._sent_bytes = self._owner.sent_bytes
            if self._read is None:
                self._read = self._timers.call_later(limit, self._on_read_limit)

    def end_read(self) -> None:
        """Nothing is expected of the server at present."""
        if self._read is not None:
            self._read.cancel()
            self._read = None

    def stop(self) -> None:
        """No limit is reached any more; final and idempotent."""
        if self._connect is not None:
            self.end_connect()
        if self._read is not None:
            self.end_read()
        self._owner = None

    def _check_connect(self) -> None:
        """Ends the fetch if it has waited too long for what it waits for now; else asks again later."""
        owner, now = self._owner, self._timers.clock.now()
        pool, connect = self._timeout.pool, self._timeout.connect
        self._connect = None
        if owner is None:
            return
        since = owner.connecting_since()
        if since is None and owner.load_state() == LoadState.WAITING_FOR_DELEGATE:
            self._waiting_since = None
            look_at = now + min(pool or inf, connect or inf)
        elif since is None:
            if self._waiting_since is None:
                self._waiting_since = now
            if pool is not None and now >= self._waiting_since + pool:
                owner.on_limit("pool", pool)
                return
            pool_at = inf if pool is None else self._waiting_since + pool
            look_at = min(pool_at, inf if connect is None else now + connect)
        else:
            if connect is not None and now >= since + connect:
                owner.on_limit("connect", connect)
                return
            look_at = now + pool if connect is None and pool is not None else since + (connect or 0.0)
        self._connect = self._timers.call_at(look_at, self._check_connect)

    def _on_read_limit(self) -> None:
        owner, limit, now = self._owner, self._timeout.read, self._timers.clock.now()
        assert limit is not None and owner is not None, "stop() ends this timer"
        self._read = None
        # Of a long upload nothing but its progress is known; and a slow source of it is not the server's fault.
        if owner.sent_bytes != self._sent_bytes or owner.waits_for_upload:
            self._sent_bytes = owner.sent_bytes
            self._progress_at = now
        rest = self._progress_at + limit - now
        if rest > 0:
            self._read = self._timers.call_later(rest, self._on_read_limit)
        else:
            owner.on_limit("read", limit)
