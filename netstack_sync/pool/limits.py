"""PoolLimits: how many sockets a pool may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How many sockets, connecting and idle ones included."""

    per_group: int = 6
    total: int = 256
