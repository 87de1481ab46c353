"""A NetworkThread that is not started: its loop runs in pieces on the test's own thread, its clock stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from netstack_sync.base.clock import ManualClock
from netstack_sync.loop.network_thread import NetworkThread
from tests.support.loops import LoopDriver


class NetworkDriver(LoopDriver):
    """A LoopDriver whose loop belongs to `thread`."""

    def __init__(self) -> None:
        self.clock = ManualClock(start=100.0)
        self.thread = NetworkThread(clock=self.clock)
        self.loop = self.thread._loop
        self.thread.task_runner.bind_to_this_thread()


@contextmanager
def driven_network() -> Iterator[NetworkDriver]:
    """A driver whose loop is closed at the end; every socket must be closed by then."""
    driver = NetworkDriver()
    try:
        yield driver
        assert not len(driver.thread.sockets), "sockets left open"
    finally:
        driver.thread.sockets.close_all()
        driver.loop.close()
