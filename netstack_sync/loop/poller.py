"""The poller of this platform behind one name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from netstack_sync.loop.waker import Waker


if sys.platform == "linux":
    from netstack_sync.loop.poller_epoll import EpollPoller as DefaultPoller
else:
    from netstack_sync.loop.poller_selectors import SelectorPoller as DefaultPoller

MAX_EVENTS: Final = 64  # a poll's share of a turn; the rest is reported by the next poll


class Poller(Protocol):
    """What the pump asks of the kernel's readiness interface."""

    ready_bits: Sequence[int]

    def make_waker(self) -> Waker: ...

    def set_interest(self, fd: int, old: int, new: int) -> None: ...

    @property
    def poll(self) -> Callable[[float | None, int], list[tuple[int, int]]]:
        """poll(timeout_s, max_events) waits for (descriptor, event bits) pairs; None waits for ever, 0.0 not at all."""

    def close(self) -> None: ...


__all__ = ["MAX_EVENTS", "DefaultPoller", "Poller"]
