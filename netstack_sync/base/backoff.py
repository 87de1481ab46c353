"""BackoffEntry: after failures, leave a peer alone for a while, longer each time.

The rules are Chromium's (net/base/backoff_entry.cc): the delay grows exponentially, the jitter only shortens
it, the moment of release never moves earlier, and a success undoes one failure, not all of them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

from netstack_sync.base.clock import TickClock


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """How patient to be with one kind of peer. Times are seconds; by default those of a RetryPolicy."""

    num_errors_to_ignore: int = 0
    """So many failures are free."""
    initial_delay_s: float = 0.5
    """The wait after the first failure that counts."""
    multiply_factor: float = 2.0
    """Each further failure makes the wait so many times longer."""
    jitter_factor: float = 0.4
    """The largest part of a delay, 0 to 1, that chance takes off: clients should not return all at once."""
    maximum_backoff_s: float | None = 120.0
    """No wait is longer; None for no limit. By default urllib3's."""
    entry_lifetime_s: float | None = None
    """An entry that was not used for so long may be forgotten; None for never."""
    always_use_initial_delay: bool = False
    """Wait the initial delay after a success, too, and after failures that are ignored."""

    def delay_s(self, failure_count: int, random: Callable[[], float]) -> float:
        """The wait after so many failures; `random` gives numbers from 0 to 1."""
        counted = max(0, failure_count - self.num_errors_to_ignore)
        if self.always_use_initial_delay:
            counted += 1
        if counted == 0:
            return 0.0
        delay_s = _exponential(self.initial_delay_s, self.multiply_factor, counted - 1)
        delay_s -= random() * self.jitter_factor * delay_s
        return delay_s if self.maximum_backoff_s is None else min(delay_s, self.maximum_backoff_s)


class BackoffEntry:
    """What is remembered of one peer. `random` gives numbers from 0 to 1."""

    __slots__ = ("_clock", "_policy", "_random", "_release_time", "failure_count")

    def __init__(self, policy: BackoffPolicy, clock: TickClock, random: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._random = random
        self.failure_count = 0
        """Failures that no success has undone yet."""
        self._release_time = -math.inf

    @property
    def release_time(self) -> float:
        """When requests are welcome again, in clock seconds; minus infinity if they always were."""
        return self._release_time

    def inform_of_request(self, succeeded: bool) -> None:
        """Counts the outcome of one request and moves the release time, never to an earlier moment."""
        if succeeded:
            # Only one failure is undone, and the release stays: with several requests in flight, one that got
            # through says little about the others.
            self.failure_count = max(0, self.failure_count - 1)
            delay_s = self._policy.initial_delay_s if self._policy.always_use_initial_delay else 0.0
        else:
            self.failure_count += 1
            delay_s = self._policy.delay_s(self.failure_count, self._random)
        self.set_custom_release_time(max(self._release_time, self._clock.now() + delay_s))

    def should_reject_request(self) -> bool:
        """Whether a request now would come too early."""
        return self._release_time > self._clock.now()

    def time_until_release_s(self) -> float:
        """Seconds until requests are welcome again; 0 if they are."""
        return max(0.0, self._release_time - self._clock.now())

    def set_custom_release_time(self, release_time: float) -> None:
        """Sets the release to a clock time, such as what the peer asked for in Retry-After."""
        self._release_time = release_time

    def can_discard(self) -> bool:
        """Whether forgetting this entry would change nothing that matters."""
        lifetime_s = self._policy.entry_lifetime_s
        if lifetime_s is None:
            return False
        unused_s = self._clock.now() - self._release_time
        if self.failure_count > 0:
            # A further failure would still add to the delay, until the longest possible one has passed.
            return unused_s >= max(self._policy.maximum_backoff_s or 0.0, lifetime_s)
        return unused_s >= lifetime_s

    def reset(self) -> None:
        """Forgets all failures and releases at once."""
        self.failure_count = 0
        self._release_time = -math.inf

    def __repr__(self) -> str:
        return f"<BackoffEntry failures={self.failure_count} release in {self.time_until_release_s():.3f} s>"


def _exponential(initial: float, factor: float, exponent: int) -> float:
    """`initial * factor ** exponent`, the largest float instead of an overflow."""
    try:
        return min(initial * factor**exponent, sys.float_info.max)
    except OverflowError:
        return sys.float_info.max
