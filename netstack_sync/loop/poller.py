"""The poller of this platform behind one name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from netstack_sync.loop.waker import Waker


if sys.platform == "linux":
    from netstack_sync.loop.poller_epoll import EpollPoller as DefaultPoller
else:
    from netstack_sync.loop.poller_selectors import SelectorPoller as DefaultPoller


class Poller(Protocol):
    """What the pump asks of the kernel's readiness interface."""

    ready_bits: Sequence[int]

    def make_waker(self) -> Waker: ...

    def set_interest(self, fd: int, old: int, new: int) -> None: ...

    def poll(self, timeout_s: float | None) -> list[tuple[int, int]]: ...

    def close(self) -> None: ...


__all__ = ["DefaultPoller", "Poller"]
