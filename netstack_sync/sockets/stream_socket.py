"""StreamSocket: the one interface of everything that carries bytes in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.sockets.connection_attempt import ConnectionAttempt

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo


class StreamSocket(Protocol):
    """A connection. Network thread only; owned by one holder at a time (net/socket/stream_socket.h).

    Reading and writing try first and wait second: an answer of ERR_IO_PENDING is followed by one call of
    `notify_readable` or `notify_writable`, whose task runs once, when trying again makes sense.
    """

    net_log: NetLogWithSource

    def connect(self, on_done: Completion) -> int:
        """OK, an error, or ERR_IO_PENDING and one later callback."""

    def disconnect(self) -> None:
        """Closes; no callback of this socket comes any more; idempotent."""

    def abort(self, error: int) -> None:
        """The connection is lost, as the caller knows: who waits is told, and reading and writing answer `error`."""

    def read(self, max_bytes: int) -> bytes | int:
        """What is there, b"" at the end of the stream, ERR_IO_PENDING, or an error."""

    def write(self, data: bytes | memoryview) -> int:
        """How many bytes were taken (at least one), ERR_IO_PENDING, or an error."""

    def notify_readable(self, task: Task) -> None:
        """Runs `task` once when read() may have an answer; replaces an earlier task."""

    def notify_writable(self, task: Task) -> None:
        """Runs `task` once when write() may take bytes; replaces an earlier task."""

    def cancel_notify(self) -> None:
        """Neither task runs."""

    def transport_rtt_s(self) -> float | None:
        """The smoothed round trip time in seconds, where the system tells."""

    def is_connected(self) -> bool:
        """False once the peer closed or the connection broke; unread bytes do not matter."""

    def is_connected_and_idle(self) -> bool:
        """True when the connection stands and nothing is there to be read: fit for a new request."""

    @property
    def was_ever_used(self) -> bool:
        """True once bytes of the user have gone through."""

    @property
    def remote_address(self) -> IPEndPoint | None:
        """Whom we talk to."""

    @property
    def local_address(self) -> IPEndPoint | None:
        """Our side."""

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What the handshake agreed on; None without TLS."""


class TransportSocket(StreamSocket, Protocol):
    """A StreamSocket that connects by itself, to one of several addresses."""

    connection_attempts: list[ConnectionAttempt]
    """Those of the last connect() that are decided, in their order; of very many only the last ones."""


@runtime_checkable
class VectoredWriter(Protocol):
    """A StreamSocket that takes several pieces with one system call."""

    def write_many(self, buffers: Sequence[bytes | memoryview]) -> int:
        """Like write() of all the pieces joined; at most 256 of them."""
