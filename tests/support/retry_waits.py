"""What becomes of a fetch whose attempts end in a row, as values."""

from __future__ import annotations

from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.retry_count import RetryCount
from netstack_sync.fetcher.retry_policy import RetryPolicy


def waits(policy: RetryPolicy, *ends: AttemptEnd, method: str = "GET") -> list[float | None]:
    """The wait after each end, until there is none; chance takes nothing off."""
    count = RetryCount(policy, method)
    found: list[float | None] = []
    for end in ends:
        found.append(count.next_wait_s(end, lambda: 0.0))
        if found[-1] is None:
            break
        count.count(end)
    return found
