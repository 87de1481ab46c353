"""Poller for systems without epoll, over the standard selectors: kqueue on macOS and BSD, select on Windows."""

from __future__ import annotations

import selectors
from collections.abc import Sequence

from netstack_sync.loop.waker import SocketPairWaker, Waker


class SelectorPoller:
    """Level-triggered readiness of descriptors. Loop's thread only."""

    __slots__ = ("_selector",)

    ready_bits: Sequence[int] = (0, 1, 2, 3)
    """Readiness (READ 1, WRITE 2) by event mask; selectors speak our bits already."""

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector if selector is not None else selectors.DefaultSelector()

    def make_waker(self) -> Waker:
        """Makes the waker that fits this poller and watches it."""
        waker = SocketPairWaker()
        self._selector.register(waker.fd, selectors.EVENT_READ)
        return waker

    def set_interest(self, fd: int, old: int, new: int) -> None:
        """Changes what is watched for `fd`; 0 means not at all. Raises OSError for a bad descriptor."""
        if not new:
            self._selector.unregister(fd)
        elif old:
            self._selector.modify(fd, new)
        else:
            self._selector.register(fd, new)

    def poll(self, timeout_s: float | None, max_events: int) -> list[tuple[int, int]]:
        """See Poller.poll; selectors cannot be told how many events are wanted, and report them all."""
        if timeout_s is not None and timeout_s > 0:
            timeout_s += 0.001  # select may round down; a timer must never run early
        return [(key.fd, events) for key, events in self._selector.select(timeout_s)]

    def close(self) -> None:
        """Gives the kernel's object back."""
        self._selector.close()
