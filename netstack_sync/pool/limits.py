"""PoolLimits: how many sockets the pools of a session may have."""

from __future__ import annotations

from typing import NamedTuple


class PoolLimits(NamedTuple):
    """How many sockets, connecting and idle ones included."""

    per_group: int = 6
    total: int = 256
    per_proxy: int = 32
    """Through one chain of proxies, of the total."""
