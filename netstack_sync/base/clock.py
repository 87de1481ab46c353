"""The clocks: nobody else reads the time, everybody who needs it is handed one of these.

Deadlines, delays and durations use a `TickClock`, which never goes backwards and whose zero means nothing.
Dates that came from outside (the validity of a certificate) are compared with a `WallClock`, which anyone may
set at any moment.
"""

from __future__ import annotations

import time
from typing import Protocol


class TickClock(Protocol):
    """Monotonic time; its readings mean something only in relation to each other."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never less than before. Any thread."""
        ...


class WallClock(Protocol):
    """Civil time; may jump in either direction."""

    def now(self) -> float:
        """Seconds since 1970-01-01 00:00 UTC. Any thread."""
        ...


class SystemTickClock:
    """The machine's monotonic clock."""

    __slots__ = ()

    now = staticmethod(time.monotonic)
    """See TickClock.now; the function itself, because a request asks a dozen times."""


class SystemWallClock:
    """The machine's calendar clock."""

    __slots__ = ()

    now = staticmethod(time.time)
    """See WallClock.now."""


class ManualClock:
    """A TickClock for tests that stands still until it is advanced."""

    __slots__ = ("_now",)

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """See TickClock.now."""
        return self._now

    def advance(self, delta_s: float) -> None:
        """Lets `delta_s` seconds pass; ticks do not go backwards."""
        assert delta_s >= 0, f"a tick clock cannot go back by {-delta_s} s"
        self._now += delta_s

    def __repr__(self) -> str:
        return f"<ManualClock {self._now:.6g} s>"


class ManualWallClock:
    """A WallClock for tests that shows what it was set to."""

    __slots__ = ("_now",)

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """See WallClock.now."""
        return self._now

    def advance(self, delta_s: float) -> None:
        """Moves the time by `delta_s` seconds; a negative number is somebody setting the clock back."""
        self._now += delta_s

    def __repr__(self) -> str:
        return f"<ManualWallClock {self._now:.6g} s>"
