"""Wakers: a descriptor that ends the pump's sleep, written from any thread.

The descriptors are closed when the waker is garbage, not when the loop ends: a thread that is just about to wake
the loop must never write into a descriptor number that belongs to somebody else by then.
"""

from __future__ import annotations

import os
import socket
import sys
import weakref
from contextlib import suppress
from typing import Protocol


class Waker(Protocol):
    """Wakes a pump that sleeps on `fd`."""

    @property
    def fd(self) -> int:
        """The descriptor the pump watches for reading."""

    def wake(self) -> None:
        """Makes `fd` readable; any thread; never blocks."""

    def acknowledge(self) -> None:
        """Makes the waker ready for the next wake; pump thread."""

    def close(self) -> None:
        """Gives the descriptors back."""


class SocketPairWaker:
    """Portable waker; a full buffer means that a wake is pending anyway."""

    __slots__ = ("__weakref__", "_reader", "_writer")

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        # Not __del__: in a garbage cycle the sockets could be finalized first, with a ResourceWarning for each.
        weakref.finalize(self, _close_both, self._reader, self._writer).atexit = False

    @property
    def fd(self) -> int:
        """The read end."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Sends one byte."""
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            return

    def acknowledge(self) -> None:
        """Takes out what is there; one read is enough for as many wakes as fit in it."""
        try:
            self._reader.recv(4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Closes both ends."""
        _close_both(self._reader, self._writer)


def _close_both(reader: socket.socket, writer: socket.socket) -> None:
    reader.close()
    writer.close()


if sys.platform == "linux":

    class EventFdWaker:
        """Linux waker for an edge-triggered watch: every write is an edge, so the counter is never read."""

        __slots__ = ("_fd",)

        def __init__(self) -> None:
            self._fd = -1  # for __del__, if there are no more descriptors
            self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

        @property
        def fd(self) -> int:
            """The event descriptor."""
            return self._fd

        def wake(self) -> None:
            """Adds one to the counter, which is 64 bits wide."""
            os.eventfd_write(self._fd, 1)

        def acknowledge(self) -> None:
            """Needs nothing: the next write is a new edge."""

        def close(self) -> None:
            """Closes the descriptor once, unless somebody else did (os.closerange)."""
            fd, self._fd = self._fd, -1
            if fd >= 0:
                with suppress(OSError):
                    os.close(fd)

        def __del__(self) -> None:
            self.close()
