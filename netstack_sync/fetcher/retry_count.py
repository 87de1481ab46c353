"""RetryCount: what one fetch has used up of its RetryPolicy; a small file, read also where nothing is ever retried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.fetcher.attempt_end import AttemptEnd, RetryKind

if TYPE_CHECKING:
    from netstack_sync.fetcher.retry_policy import RetryPolicy


class RetryCount:
    """What one fetch has used up of its policy."""

    __slots__ = ("_method", "_policy", "_used", "total")

    def __init__(self, policy: RetryPolicy, method: str) -> None:
        self._policy = policy
        self._method = method
        self._used: dict[RetryKind, int] = {}
        self.total = 0

    def next_wait_s(self, end: AttemptEnd, random: Callable[[], float]) -> float | None:
        """Seconds until the next attempt should begin; None when there is to be none."""
        policy = self._policy
        kind = policy.kind_of(self._method, end)
        if kind is None or not _is_within(self.total, policy.total):
            return None
        limits = {
            "connect": policy.connect,
            "read": policy.read,
            "status": policy.status,
            "network_changes": policy.network_changes,
        }
        if not _is_within(self._used.get(kind, 0), limits[kind]):
            return None
        return policy.wait_s(kind, self.total + 1, end, random)

    def count(self, end: AttemptEnd) -> None:
        """One retry is made because of this."""
        kind = self._policy.kind_of(self._method, end)
        assert kind is not None, "only what may be retried is counted"
        self.total += 1
        self._used[kind] = self._used.get(kind, 0) + 1


def _is_within(used: int, limit: int | None) -> bool:
    return limit is None or used < limit
