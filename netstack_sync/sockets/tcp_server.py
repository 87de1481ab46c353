"""TcpServer: a listening socket on the network thread that hands over every connection it accepts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from netstack_sync.base.error_map import map_accept_error
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.pump import READ, FdWatchController
from netstack_sync.loop.timers import OneShotTimer

_BACKLOG = 1024
_PAUSE_S = 0.1  # without descriptors the listener stays readable; accepting again at once would spin


class TcpServer:
    """Accepts until the system has no more. Network thread only, but for the constructor.

    When the process runs out of descriptors it stops watching for a moment: the connection stays in the backlog,
    and the loop does not spin on it.
    """

    __slots__ = ("_on_accept", "_pause", "_socket", "_thread", "_watch")

    def __init__(
        self,
        thread: NetworkThread,
        on_accept: Callable[[socket.socket], None],
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Binds and listens at once, so that the port is known; raises OSError."""
        self._thread = thread
        self._on_accept = on_accept
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._socket.setblocking(False)
        self._watch = FdWatchController()
        self._pause = OneShotTimer(thread.timers, self.start)

    def start(self) -> None:
        """Begins to accept."""
        self._thread.sockets.add(self._socket)
        self._thread.pump.watch_file_descriptor(self._socket.fileno(), True, READ, self._watch, self)

    def close(self) -> None:
        """Stops accepting; idempotent."""
        self._pause.stop()
        self._watch.stop_watching()
        self._thread.sockets.discard(self._socket)
        self._socket.close()

    @property
    def address(self) -> IPEndPoint:
        """Where it listens; any thread."""
        return IPEndPoint.from_sockaddr(self._socket.family, self._socket.getsockname())

    def on_fd_readable(self, fd: int) -> None:
        """Pump: connections are waiting."""
        while self._watch.is_watching:  # until accept() says EAGAIN, or a callback closed the server
            try:
                accepted, _ = self._socket.accept()
            except OSError as error:
                self._accept_failed(error.errno or 0)
                if error.errno != errno.ECONNABORTED:
                    return
            else:
                accepted.setblocking(False)
                self._on_accept(accepted)

    def on_fd_writable(self, fd: int) -> None:
        """Pump: not watched."""

    def _accept_failed(self, os_error: int) -> None:
        if map_accept_error(os_error) != ERR_IO_PENDING:
            self._watch.stop_watching()
            self._pause.start(_PAUSE_S)
