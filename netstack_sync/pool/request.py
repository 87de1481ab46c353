"""SocketRequest: one question of a handle that no idle socket answered."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.pool.connect_job import ConnectJob


class SocketRequest:
    """The pool's notes about who waits, and what it waits for; the handle has a new one for each question.

    Network thread only (Request in net/socket/transport_client_socket_pool.h).
    """

    __slots__ = ("failed_job", "has_freed_descriptors", "job", "job_since", "on_done", "result")

    def __init__(self, on_done: Completion | None) -> None:
        self.on_done = on_done
        """Who is told; None for a question that has been answered or withdrawn."""
        self.result = ERR_IO_PENDING
        """What it is to be told, once that is known."""
        self.job: ConnectJob | None = None
        """The job that it owns while it waits; the group's."""
        self.job_since: float | None = None
        """When it came to own a job last (clock seconds)."""
        self.has_freed_descriptors = False
        """Idle sockets were closed for it because there were no more descriptors."""
        self.failed_job: ConnectJob | None = None
        """The job that brought an error instead of a socket."""

    @property
    def is_queued(self) -> bool:
        """True while it stands in the queue of its group, as it does until there is an answer or nobody wants one."""
        return self.result == ERR_IO_PENDING


NOT_ASKED: Final = SocketRequest(None)
NOT_ASKED.result = OK
"""Of a handle that has asked for nothing, or got an idle socket at once."""
