"""RatePacer: makes one thread read no faster than so many bytes a second; the server is slowed down by what waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from netstack_sync.base.clock import TickClock

_PIECES_A_SECOND: Final = 10


class RatePacer:
    """For one body, from its beginning. What a pause of the server's left over is not made up for."""

    __slots__ = ("_clock", "_free_at", "_rate", "_sleep")

    def __init__(self, bytes_per_s: int, clock: TickClock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate = bytes_per_s
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock.now()

    @property
    def piece_bytes(self) -> int:
        """How much to read at once, so that it flows and does not come in gushes."""
        return max(1, min(self._rate // _PIECES_A_SECOND, 64 * 1024))

    def wait(self, size_bytes: int) -> None:
        """Waits until so many bytes more may have come."""
        now = self._clock.now()
        self._free_at = max(self._free_at, now) + size_bytes / self._rate
        self._sleep(self._free_at - now)
