"""DescriptorRegistry: the sockets one network thread owns, so that a forked child can drop them."""

from __future__ import annotations

import socket


class DescriptorRegistry:
    """Counts and remembers open sockets. Network thread only, except in a child after fork."""

    __slots__ = ("_sockets",)

    def __init__(self) -> None:
        self._sockets: set[socket.socket] = set()

    def add(self, sock: socket.socket) -> None:
        """Remembers an open socket."""
        self._sockets.add(sock)

    def discard(self, sock: socket.socket) -> None:
        """Forgets a socket that its owner closed."""
        self._sockets.discard(sock)

    def close_all(self) -> None:
        """Closes the descriptors without a word on the wire: the connections go on in the parent process."""
        while self._sockets:
            self._sockets.pop().close()

    def __len__(self) -> int:
        return len(self._sockets)
