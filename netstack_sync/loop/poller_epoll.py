"""Poller over Linux epoll."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from netstack_sync.loop.waker import EventFdWaker, Waker

assert sys.platform == "linux"

_READ, _WRITE = 1, 2
_TO_EPOLL = (0, select.EPOLLIN, select.EPOLLOUT, select.EPOLLIN | select.EPOLLOUT)


def _ready(events: int) -> int:
    """Hang-up and error go to the readers, who then see end of file or the error from recv()."""
    readable = events & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP)
    return (_READ if readable else 0) | (_WRITE if events & select.EPOLLOUT else 0)


class EpollPoller:
    """Level-triggered readiness of descriptors. Loop's thread only."""

    __slots__ = ("_epoll", "poll")

    ready_bits: Sequence[int] = tuple(_ready(events) for events in range(32))
    """Readiness (READ 1, WRITE 2) by epoll's event bits, all of which are below 32 here."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        # Bound directly. Python rounds the time up to whole milliseconds, so a timer never runs early.
        self.poll: Callable[[float | None, int], list[tuple[int, int]]] = self._epoll.poll
        """See Poller.poll."""

    def make_waker(self) -> Waker:
        """Makes an event descriptor and watches it edge-triggered, so that no wake needs a read."""
        waker = EventFdWaker()
        self._epoll.register(waker.fd, select.EPOLLIN | select.EPOLLET)
        return waker

    def set_interest(self, fd: int, old: int, new: int) -> None:
        """Changes what is watched for `fd`; 0 means not at all. Raises OSError for a bad descriptor."""
        if not new:
            self._epoll.unregister(fd)
        elif old:
            self._epoll.modify(fd, _TO_EPOLL[new])
        else:
            self._epoll.register(fd, _TO_EPOLL[new])

    def close(self) -> None:
        """Gives the kernel's object back, unless somebody closed its descriptor already."""
        with suppress(OSError):
            self._epoll.close()
