"""Whether a socket has anything to tell, found out without reading it."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

_HAS_POLL: Final = hasattr(select, "poll")  # Windows lacks it

News: TypeAlias = Callable[[int], Sequence[object]]
"""Given 0, since it is not to wait: empty when there are neither bytes nor an end nor an error, if that is sure."""


def news_of(sock: socket.socket) -> News:
    """For one descriptor, as long as it is open.

    A peek that finds nothing raises an exception, which takes longer than this system call. Where there is no poll(2)
    nothing is sure, so who wants to know has to peek.
    """
    if not _HAS_POLL:
        return _unsure
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll.poll


def _unsure(_: int) -> Sequence[object]:
    return (None,)


def peek(sock: socket.socket) -> bytes | None:
    """The next byte; b"" at the end of the stream or when it is broken; None when nothing has come."""
    try:
        return sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return None
    except OSError:
        return b""
