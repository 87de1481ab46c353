"""RequestPriority: how urgent a request is, in Chromium's six levels (net/base/request_priority.h)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class RequestPriority(IntEnum):
    """Bigger is more urgent. Queues are first come, first served within one level."""

    THROTTLED = 0  # must not get in the way of anything
    IDLE = 1  # when nobody else wants the network
    LOWEST = 2
    LOW = 3
    MEDIUM = 4
    HIGHEST = 5

    @classmethod
    def from_value(cls, value: str | int | RequestPriority) -> RequestPriority:
        """The level a user means by "high", "LOWEST", 4 or a member; ValueError for anything else."""
        if isinstance(value, str):
            level = _BY_NAME.get(value.lower())
            if level is not None:
                return level
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < NUM_PRIORITIES:
            return cls(value)
        names = ", ".join(repr(name) for name in _BY_NAME)
        raise ValueError(f"priority must be one of {names} or a number from 0 to 5, not {value!r}")


NUM_PRIORITIES: Final = len(RequestPriority)
DEFAULT_PRIORITY: Final = RequestPriority.MEDIUM

_BY_NAME: Final = {
    **{level.name.lower(): level for level in RequestPriority},
    "high": RequestPriority.HIGHEST,
}
