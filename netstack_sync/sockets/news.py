"""News: whether a socket has anything to tell, found out without reading it."""

from __future__ import annotations

import select
import socket
from typing import Final

_HAS_POLL: Final = hasattr(select, "poll")  # Windows lacks it


class News:
    """Of one descriptor at a time. What it needs of the system is made when somebody asks first."""

    __slots__ = ("_poll",)

    def __init__(self) -> None:
        self._poll: select.poll | None = None

    def is_silent(self, sock: socket.socket) -> bool:
        """True when there are neither bytes nor an end nor an error; False if that is not sure.

        A peek that finds nothing raises an exception, which takes longer than this system call. Where there is no
        poll(2) nothing is sure, so who wants to know has to peek.
        """
        if self._poll is None:
            if not _HAS_POLL:
                return False
            self._poll = select.poll()
            self._poll.register(sock, select.POLLIN)
        return not self._poll.poll(0)

    def forget(self) -> None:
        """The next one asked about is another descriptor."""
        self._poll = None
