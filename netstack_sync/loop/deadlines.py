"""DeadlineQueue: deadlines of one length, which are due in the order in which they were begun.

Almost every deadline is given up long before it is due. So those of one length share a timer, which is armed for the
first of them and left alone: when it runs, it looks who is first now. A deadline that is kept then costs an entry in
a dict and its removal, and no timer.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

from netstack_sync.base.clock import TickClock
from netstack_sync.loop.completion import Task

_MIN_QUEUES = 16  # as many lengths are kept in mind, whether or not somebody waits for them


class Expiring(Protocol):
    """Has a deadline; told on the loop's thread."""

    def on_deadline(self) -> None:
        """The deadline has come."""


class ArmedTimer(Protocol):
    """A timer that can be given up."""

    def cancel(self) -> None:
        """The task never runs; idempotent."""


CallAt = Callable[[float, Task], ArmedTimer]
"""Runs a task at a time in clock seconds; see TimerQueue.call_at()."""


class DeadlineQueue:
    """Deadlines of many owners, each of whom is called at most once and never after discard(). Loop's thread only.

    Made by DeadlineQueues. An owner has at most one deadline at a time.
    """

    __slots__ = ("_call_at", "_clock", "_due_at", "_last_due_at", "_out_of_order", "_timer")

    def __init__(self, clock: TickClock, call_at: CallAt) -> None:
        self._clock = clock
        self._call_at = call_at
        self._due_at: dict[Expiring, float] = {}  # in clock seconds, none less than the one before
        self._last_due_at = -inf
        self._out_of_order: dict[Expiring, ArmedTimer] = {}
        self._timer: ArmedTimer | None = None  # armed for no later than the first of `_due_at`

    def add(self, owner: Expiring, due_at: float) -> None:
        """`owner` is told once the clock shows `due_at`; what is due before the one added last has its own timer."""
        assert owner not in self._due_at, owner
        if due_at < self._last_due_at:
            assert owner not in self._out_of_order, owner
            self._out_of_order[owner] = self._call_at(due_at, lambda: self._end_out_of_order(owner))
            return
        self._due_at[owner] = self._last_due_at = due_at
        if self._timer is None:
            self._timer = self._call_at(due_at, self._on_timer)

    def discard(self, owner: Expiring) -> None:
        """`owner` is not told; nothing happens if it was."""
        if owner in self._due_at:
            del self._due_at[owner]
        elif owner in self._out_of_order:
            self._out_of_order.pop(owner).cancel()

    @property
    def is_idle(self) -> bool:
        """True while the timer is armed for nobody."""
        return self._timer is not None and not self._due_at

    def stop_if_empty(self) -> bool:
        """Gives the timer up if it has nobody to be armed for; False while it has."""
        if self._due_at:
            return False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return True

    def _on_timer(self) -> None:
        # One owner in a run of the timer, so that as many are told in a turn of the loop as have timers of their own.
        self._timer = None
        owner = next(iter(self._due_at), None)
        if owner is None:
            return
        is_due = self._due_at[owner] <= self._clock.now()
        if is_due:
            del self._due_at[owner]
        first_due_at = next(iter(self._due_at.values()), None)
        if first_due_at is not None:
            self._timer = self._call_at(first_due_at, self._on_timer)
        if is_due:
            owner.on_deadline()

    def _end_out_of_order(self, owner: Expiring) -> None:
        del self._out_of_order[owner]
        owner.on_deadline()

    def __len__(self) -> int:
        return len(self._due_at) + len(self._out_of_order)

    def __repr__(self) -> str:
        return f"<DeadlineQueue {len(self)} waiting>"


class DeadlineQueues(dict[float, DeadlineQueue]):
    """The queues of one loop, by the seconds of their deadlines; each is made when it is asked for, to be used at once.

    A dict, so that to find the one that nearly all use costs no call.
    """

    __slots__ = ("_call_at", "_clock", "_max_kept")

    def __init__(self, clock: TickClock, call_at: CallAt) -> None:
        super().__init__()
        self._clock = clock
        self._call_at = call_at
        self._max_kept = _MIN_QUEUES

    def __missing__(self, length_s: float) -> DeadlineQueue:
        if len(self) >= self._max_kept:
            self._drop_empty()
        queue = self[length_s] = DeadlineQueue(self._clock, self._call_at)
        return queue

    def _drop_empty(self) -> None:
        """Or callers who compute each limit anew would leave a queue and an armed timer for each."""
        for length_s in [length_s for length_s, queue in self.items() if queue.stop_if_empty()]:
            del self[length_s]
        self._max_kept = max(_MIN_QUEUES, 2 * len(self))
