"""ConnectionAttempt: which address was tried, and how it went."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.base.ip_endpoint import IPEndPoint


class ConnectionAttempt(NamedTuple):
    """One attempt that was decided (net/socket/connection_attempts.h; there the successful one is left out)."""

    endpoint: IPEndPoint
    result: int
