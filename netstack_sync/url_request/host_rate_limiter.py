"""HostRateLimiter: lets requests to a host through no faster than its limit says, in the order of their coming."""

from __future__ import annotations

from collections import OrderedDict

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Task
from netstack_sync.loop.timers import DelayedTask, TimerQueue
from netstack_sync.url_request.rate_limit import RateLimit, RateLimits

_SWEEP_AT = 512  # buckets; a full one without a queue is as good as none
_ROUNDING = 1e-9  # of tokens, so that a timer that comes on time finds a whole one


class _Bucket:
    """The tokens of one host; below zero it is in debt."""

    __slots__ = ("limit", "timer", "tokens", "updated_at", "waiting")

    def __init__(self, limit: RateLimit, now: float) -> None:
        self.limit = limit
        self.tokens = float(limit.burst)
        self.updated_at = now
        self.waiting: OrderedDict[Task, None] = OrderedDict()
        self.timer: DelayedTask | None = None

    def refill(self, now: float) -> None:
        gained = (now - self.updated_at) * self.limit.per_second
        self.tokens = min(float(self.limit.burst), self.tokens + gained)
        self.updated_at = now

    def take(self) -> bool:
        """True when there was a token."""
        if self.tokens < 1 - _ROUNDING:
            return False
        self.tokens -= 1
        return True

    @property
    def next_token_at(self) -> float:
        """When there is a whole one, in clock seconds."""
        return self.updated_at + (1 - self.tokens) / self.limit.per_second

    @property
    def is_idle(self) -> bool:
        return not self.waiting and self.tokens >= self.limit.burst - _ROUNDING


class HostRateLimiter:
    """A token bucket for each host. Network thread only."""

    __slots__ = ("_buckets", "_limits", "_sweep_at", "_timers")

    def __init__(self, limits: RateLimits, timers: TimerQueue) -> None:
        self._limits = limits
        self._timers = timers
        self._buckets: dict[str, _Bucket] = {}
        self._sweep_at = _SWEEP_AT

    def admit(self, host: str, on_admitted: Task) -> int:
        """OK when a request may go now, else ERR_IO_PENDING and one later call; nobody overtakes who came before."""
        bucket = self._bucket_of(host)
        if bucket is None or (not bucket.waiting and bucket.take()):
            return OK
        bucket.waiting[on_admitted] = None
        self._arm(bucket)
        return ERR_IO_PENDING

    def stop_waiting(self, host: str, on_admitted: Task) -> None:
        """The call never comes, and who is next moves up; idempotent."""
        bucket = self._buckets.get(host)
        if bucket is not None:
            bucket.waiting.pop(on_admitted, None)
            self._arm(bucket)

    def turn_in_s(self, host: str) -> float:
        """How long who comes now would wait, if nobody before gives up."""
        bucket = self._bucket_of(host)
        if bucket is None:
            return 0.0
        return max(0.0, (len(bucket.waiting) + 1 - bucket.tokens) / bucket.limit.per_second)

    def charge(self, host: str) -> None:
        """Counts a request that goes in any case; those after it wait the longer."""
        bucket = self._bucket_of(host)
        if bucket is not None:
            bucket.tokens -= 1

    def _bucket_of(self, host: str) -> _Bucket | None:
        limit = self._limits.of(host) if host else None  # data: asks nobody
        if limit is None:
            return None
        now = self._timers.clock.now()
        bucket = self._buckets.get(host)
        if bucket is None:
            self._maybe_sweep(now)
            bucket = self._buckets[host] = _Bucket(limit, now)
        bucket.refill(now)
        return bucket

    def _arm(self, bucket: _Bucket) -> None:
        """A timer exactly while somebody waits."""
        if not bucket.waiting:
            if bucket.timer is not None:
                bucket.timer.cancel()
                bucket.timer = None
        elif bucket.timer is None:
            bucket.timer = self._timers.call_at(bucket.next_token_at, lambda: self._on_token(bucket))

    def _on_token(self, bucket: _Bucket) -> None:
        bucket.timer = None
        bucket.refill(self._timers.clock.now())
        try:
            while bucket.waiting and bucket.take():
                on_admitted, _ = bucket.waiting.popitem(last=False)
                on_admitted()
        finally:
            self._arm(bucket)

    def _maybe_sweep(self, now: float) -> None:
        if len(self._buckets) < self._sweep_at:
            return
        for host, bucket in list(self._buckets.items()):
            bucket.refill(now)
            if bucket.is_idle:
                del self._buckets[host]
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._buckets))  # so that sweeping stays cheap in the long run

    def __repr__(self) -> str:
        waiting = sum(len(bucket.waiting) for bucket in self._buckets.values())
        return f"<HostRateLimiter {len(self._buckets)} hosts, {waiting} waiting>"
