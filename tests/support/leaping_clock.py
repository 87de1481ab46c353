"""Sessions on a clock that can be put forward, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from netstack_sync.fetcher.runtime import runtime
from netstack_sync.loop.network_thread import NetworkThread


class LeapingClock:
    """The machine's monotonic clock, some seconds ahead."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now(self) -> float:
        """See TickClock."""
        return time.monotonic() + self._ahead_s

    def leap(self, delta_s: float) -> None:
        """All of a sudden it is later."""
        self._ahead_s += delta_s


@contextmanager
def leaping_clock() -> Iterator[LeapingClock]:
    """That of all sessions made in the block, which must be closed in it and be the only ones of the process."""
    clock = LeapingClock()
    thread = NetworkThread(clock=clock)
    with runtime.lock:
        assert runtime._thread is None, "there are sessions on another clock"
        runtime._thread = thread
        thread.start()
    try:
        yield clock
    finally:
        with runtime.lock:
            if runtime._thread is thread:  # no session was made
                runtime.release_thread(None)
    assert not thread.is_alive, "a session was not closed"
