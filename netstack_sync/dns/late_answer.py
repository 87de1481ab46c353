"""LateAnswer: a ResolveTask whose answer is known already, given in the loop's next turn."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.dns.resolve_answer import ResolveAnswer
from netstack_sync.loop.timers import DelayedTask, TimerQueue


class LateAnswer:
    """For answers that must not come inside the call that asks. Network thread only."""

    __slots__ = ("_answer", "_delayed", "_timers")

    def __init__(self, answer: ResolveAnswer, timers: TimerQueue) -> None:
        self._answer = answer
        self._timers = timers
        self._delayed: DelayedTask | None = None

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        self._delayed = self._timers.call_later(0.0, lambda: on_done(self._answer))

    def cancel(self) -> None:
        """See ResolveTask."""
        if self._delayed is not None:
            self._delayed.cancel()
