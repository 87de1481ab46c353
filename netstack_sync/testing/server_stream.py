"""What a server connection reads from and writes to, and the plain one over TCP."""

from __future__ import annotations

import socket
import struct
from typing import Final, Protocol

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.tcp_socket import TcpSocket

_LINGER_NOT = struct.pack("ii", 1, 0)  # close() drops what is unsent and sends RST


class ServerStream(Protocol):
    """The accepted end of a connection; network thread only. Results are those of a StreamSocket."""

    def read(self, max_bytes: int) -> bytes | int:
        """What is there, b"" at the end of the stream, ERR_IO_PENDING, or an error."""

    def write(self, data: bytes | memoryview) -> int:
        """How many bytes were taken (at least one), ERR_IO_PENDING, or an error."""

    def notify_readable(self, task: Task) -> None:
        """Runs `task` once when read() may have an answer."""

    def notify_writable(self, task: Task) -> None:
        """Runs `task` once when write() may take bytes, and nothing is unsent any more."""

    @property
    def has_unread(self) -> bool:
        """True when bytes are here that no poll will report."""

    @property
    def has_unsent(self) -> bool:
        """True while bytes that write() took are still here."""

    def end(self, has_goodbye: bool) -> None:
        """Sends the end of the stream, over TLS with or without close_notify; reading goes on."""

    def reset(self) -> None:
        """Closes with RST."""

    def close(self) -> None:
        """Closes; no task runs any more; idempotent."""


class PlainStream:
    """A ServerStream over an accepted socket, which it owns."""

    __slots__ = ("_socket", "_tcp", "notify_readable", "notify_writable", "read", "write")

    has_unread: Final = False
    has_unsent: Final = False

    def __init__(self, thread: NetworkThread, accepted: socket.socket, net_log: NetLogWithSource) -> None:
        """Raises OSError, and closes the socket, when the peer has gone already."""
        self._socket = accepted
        self._tcp = TcpSocket(thread, net_log)
        self.read = self._tcp.read
        self.write = self._tcp.write
        self.notify_readable = self._tcp.notify_readable
        self.notify_writable = self._tcp.notify_writable
        try:
            self._tcp.adopt(accepted)
        except OSError:
            self._tcp.close()
            accepted.close()
            raise

    def end(self, has_goodbye: bool) -> None:
        """See ServerStream.end."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the peer was faster

    def reset(self) -> None:
        """See ServerStream.reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._tcp.close()

    def close(self) -> None:
        """See ServerStream.close."""
        self._tcp.close()
