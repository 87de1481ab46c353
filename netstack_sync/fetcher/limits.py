"""Limits: how many sockets a session may have."""

from __future__ import annotations

from dataclasses import dataclass

from netstack_sync.pool.limits import PoolLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sockets a session may have: to one host, to one proxy, and in all. The next request waits for its turn.

    The defaults are Chromium's. Connecting and idle sockets count. ValueError for limits that allow nothing, or
    that contradict each other.
    """

    per_host: int = 6
    per_proxy: int = 32
    total: int = 256

    def __post_init__(self) -> None:
        for name in ("per_host", "per_proxy", "total"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"limits: {name} must be a whole number from 1 on, not {value!r}")
        if self.total < self.per_host:
            raise ValueError(
                f"limits: total ({self.total}) is less than per_host ({self.per_host}), which could never be reached; "
                "raise total or lower per_host"
            )

    def for_pool(self) -> PoolLimits:
        """The same in the words of the pools."""
        return PoolLimits(self.per_host, self.total, self.per_proxy)


def check_limits(limits: object) -> Limits:
    """The limits, the built-in ones for None; raises TypeError."""
    if limits is None:
        return Limits()
    if not isinstance(limits, Limits):
        raise TypeError(f"limits: must be a Limits, not {type(limits).__name__}")
    return limits
