"""What a piece of work costs this process, and what the process holds."""

from __future__ import annotations

import os
import resource
import socket
import time

Figures = dict[str, float]
"""By name, with the unit in it."""


class Meter:
    """Between start() and stop()."""

    def start(self) -> None:
        """Begins to count."""
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._clock = time.perf_counter()

    def stop(self) -> Figures:
        """Seconds of CPU (user and system, all threads) and of wall clock since."""
        wall = time.perf_counter() - self._clock
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime - self._usage.ru_utime + usage.ru_stime - self._usage.ru_stime
        return {"cpu_s": cpu, "wall_s": wall}


def waits(seconds: list[float], prefix: str = "") -> Figures:
    """How long requests took: median, 99th percentile and longest; nothing of none."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    places = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": -1}
    return {f"{prefix}{name}_ms": ordered[place] * 1e3 for name, place in places.items()}


def memory_mb(field: str = "VmHWM") -> float:
    """Of this process: at most so far, or now (VmRSS)."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) / 1024


def sockets_in_use(port: int) -> int:
    """This process's connections to this port; the kernel's list of all connections may skip some while it changes."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
            if name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(descriptor))) as copy:
                    if copy.family == socket.AF_INET and copy.getpeername()[1] == port:
                        found.add(name)
        except OSError:
            continue  # it is closed, or is not connected
    return len(found)
