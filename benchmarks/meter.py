"""What a piece of work costs this process."""

from __future__ import annotations

import resource
import time

Figures = tuple[float, float]
"""Seconds of CPU (user and system, all threads) and of wall clock."""


class Meter:
    """Between start() and stop()."""

    def start(self) -> None:
        """Begins to count."""
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._clock = time.perf_counter()

    def stop(self) -> Figures:
        """What has passed since."""
        wall = time.perf_counter() - self._clock
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime - self._usage.ru_utime + usage.ru_stime - self._usage.ru_stime
        return cpu, wall
