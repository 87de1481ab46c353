"""A MessageLoop on the test's own thread, with a clock that stands still, driven until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.loop.message_loop import MessageLoop
from netstack_sync.loop.poller import Poller

DEADLINE_S = 20.0  # far beyond what a loaded machine needs: only a hang gets here


class LoopDriver:
    """Runs a loop in pieces; `clock` moves only when `advance()` is called."""

    def __init__(self, poller: Poller | None = None) -> None:
        self.clock = ManualClock(start=100.0)
        self.loop = MessageLoop(self.clock, poller)

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Runs until `condition` holds, which is looked at once a turn; a hang is an AssertionError."""
        give_up_at = time.monotonic() + DEADLINE_S

        def look() -> None:
            if condition():
                self.loop.quit()
            else:
                assert post(look)
                if time.monotonic() > give_up_at:
                    self.loop.quit()

        post = self.loop.task_runner.post_task
        assert post(look)
        self.loop.run()
        assert condition(), f"does not hold after {DEADLINE_S:.0f} s"

    def run_until_idle(self) -> None:
        """Runs what there is to do now: tasks, due timers, ready descriptors."""
        self.loop.run_until_idle()

    def advance(self, delta_s: float) -> None:
        """Lets time pass, then runs what became due and all that follows from it."""
        self.clock.advance(delta_s)
        self.loop.run_until_idle()


@contextmanager
def driven_loop(poller: Poller | None = None) -> Iterator[LoopDriver]:
    """A driver whose loop is closed at the end; the body of a fixture is `with driven_loop() as d: yield d`."""
    driver = LoopDriver(poller)
    try:
        yield driver
    finally:
        driver.loop.close()


class RecordedCompletion:
    """A Completion that remembers its calls (Chromium's TestCompletionCallback)."""

    def __init__(self) -> None:
        self.results: list[int] = []

    def __call__(self, result: int) -> None:
        self.results.append(result)

    @property
    def is_called(self) -> bool:
        """True once the operation has completed."""
        return bool(self.results)

    @property
    def result(self) -> int:
        """The result of the one call; ERR_IO_PENDING before."""
        assert len(self.results) <= 1, f"completed more than once: {self.results}"
        return self.results[0] if self.results else ERR_IO_PENDING
