"""RatePacer: makes one thread read no faster than so many bytes a second; the server is slowed down by what waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from netstack_sync.base.clock import TickClock

_PARTS_A_SECOND: Final = 10
_MAX_PART_BYTES: Final = 64 * 1024


class RatePacer:
    """For one body, from its beginning. What a pause of the server's left over is not made up for."""

    __slots__ = ("_clock", "_free_at", "_part_bytes", "_rate", "_sleep")

    def __init__(self, bytes_per_s: int, clock: TickClock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._rate = bytes_per_s
        self._part_bytes = max(1, min(bytes_per_s // _PARTS_A_SECOND, _MAX_PART_BYTES))
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock.now()

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """The piece in parts, each given when it may have come, so that it flows and does not come in gushes."""
        for start in range(0, len(piece), self._part_bytes):
            part = piece[start : start + self._part_bytes]
            now = self._clock.now()
            self._free_at = max(self._free_at, now) + len(part) / self._rate
            self._sleep(self._free_at - now)
            yield part
