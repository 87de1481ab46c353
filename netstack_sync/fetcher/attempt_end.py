"""AttemptEnd: how an attempt of a fetch ended, of which follows whether there is another one."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

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
