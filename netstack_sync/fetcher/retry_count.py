"""RetryCount: what one fetch has used up of its RetryPolicy; a small file, read also where nothing is ever retried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol, TypeAlias

RetryKind: TypeAlias = Literal["connect", "read", "status", "network_changes"]
"""What an attempt failed of: nothing had been sent, or something had, or the answer itself, or the network."""


class AttemptEnd(NamedTuple):
    """How an attempt ended."""

    net_error: int
    """OK when there is an answer."""
    status: int = 0
    """Of the answer."""
    may_have_been_sent: bool = False
    retry_after_s: float | None = None
    """How long the server asks us to stay away."""


class RetryRules(Protocol):
    """What a count needs to know of a RetryPolicy."""

    @property
    def total(self) -> int | None:
        """How many retries there may be, None for no bound; the others bound those that have one reason."""

    @property
    def connect(self) -> int | None:
        """Of attempts of which nothing was sent."""

    @property
    def read(self) -> int | None:
        """Of those that broke off."""

    @property
    def status(self) -> int | None:
        """Of those that were answered."""

    @property
    def network_changes(self) -> int | None:
        """Of those that a change of the network ended."""

    def kind_of(self, method: str, end: AttemptEnd) -> RetryKind | None:
        """What the attempt failed of; None when it is not to be made again."""

    def wait_s(self, kind: RetryKind, failures: int, end: AttemptEnd, random: Callable[[], float]) -> float | None:
        """The wait after so many failures; None for no retry."""


class RetryCount:
    """What one fetch has used up of its policy."""

    __slots__ = ("_method", "_policy", "_used", "total")

    def __init__(self, policy: RetryRules, method: str) -> None:
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
