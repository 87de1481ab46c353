"""TcpSocket: one non-blocking TCP descriptor on the network thread.

The watch for reading stays armed from one request to the next, so that a warm request needs no system call to
arm it. It is taken out only when bytes arrive that nobody waits for: the poll would report them again and again.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Final

from netstack_sync.base.error_map import map_connect_error, map_system_error
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_FAILED, ERR_IO_PENDING, ERR_SOCKET_NOT_CONNECTED, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import byte_count_params
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.pump import READ, WRITE, FdWatchController
from netstack_sync.sockets import tcp_info
from netstack_sync.sockets.endpoints import is_own_peer, local_endpoint
from netstack_sync.sockets.news import News, news_of, peek
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions, bind_local_address, set_client_options

# A program may have SIGPIPE at its default, which ends it; macOS lacks the flag.
_SEND_FLAGS: Final[int] = getattr(socket, "MSG_NOSIGNAL", 0)
_HAS_SENDMSG: Final = hasattr(socket.socket, "sendmsg")  # Windows lacks it
_UNDECIDED: Final = (0, errno.EINPROGRESS, errno.EALREADY)


class TcpSocket:
    """Owns the descriptor; network thread only. After close() it may be connected again."""

    __slots__ = (
        "_failure",
        "_is_reading_watched",
        "_lost",
        "_news",
        "_on_connect",
        "_on_readable",
        "_on_writable",
        "_options",
        "_read_watch",
        "_socket",
        "_thread",
        "_write_watch",
        "net_log",
        "os_error",
        "remote_address",
        "was_ever_used",
    )

    def __init__(
        self, thread: NetworkThread, net_log: NetLogWithSource, options: TcpOptions = DEFAULT_TCP_OPTIONS
    ) -> None:
        self._thread = thread
        self.net_log = net_log
        self._options = options
        self._socket: socket.socket | None = None
        self._read_watch = FdWatchController()
        self._write_watch = FdWatchController()
        self._is_reading_watched = False  # as the watch knows, but without a call
        self._news: News | None = None  # of this descriptor, once somebody has asked
        self._on_readable: Task | None = None
        self._on_writable: Task | None = None
        self._on_connect: Completion | None = None
        self._lost: socket.socket | None = None  # after abort()
        self._failure = ERR_SOCKET_NOT_CONNECTED  # what reading and writing answer without a connection
        self.was_ever_used = False
        self.remote_address: IPEndPoint | None = None  # the peer's; kept, because every response tells it
        self.os_error = 0  # the system's number of the last connect failure, for the log

    def adopt(self, sock: socket.socket) -> None:
        """Takes over a connected socket."""
        set_client_options(sock, self._options)
        self._socket = sock
        self._thread.sockets.add(sock)
        self.remote_address = IPEndPoint.from_sockaddr(sock.family, sock.getpeername())

    def connect(self, endpoint: IPEndPoint, on_done: Completion) -> int:
        """Starts connecting to one address; see StreamSocket.connect. A local address of another family is
        ERR_ADDRESS_INVALID.
        """
        assert self._socket is None
        self.was_ever_used = False
        self.remote_address = endpoint
        self.os_error = 0
        os_error = self._start_connecting(endpoint)
        if os_error == 0:
            return self._connected()
        if os_error not in (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN):
            return self._connect_failed(os_error)
        self._on_connect = on_done
        if not self._watch(self._write_watch, WRITE, persistent=True):
            return self._connect_failed(errno.EBADF)
        # A refusal that came before the watch was armed is not reported everywhere; on loopback it is here already.
        os_error = self._so_error()
        return ERR_IO_PENDING if os_error in _UNDECIDED else self._connect_failed(os_error)

    def close(self) -> None:
        """Closes the descriptor and forgets every callback; idempotent."""
        self._on_readable = self._on_writable = self._on_connect = None
        self._failure = ERR_SOCKET_NOT_CONNECTED
        self._stop_watching()
        sock, self._socket, self._lost = self._socket or self._lost, None, None
        if sock is not None:
            self._thread.sockets.discard(sock)
            sock.close()

    def abort(self, error: int) -> None:
        """See StreamSocket.abort. The descriptor stays until close(): it is what the holder's slot stands for."""
        if self._socket is not None:
            self._failure = error
            self._stop_watching()
            self._lost, self._socket = self._socket, None
            self._thread.post(self._tell_of_abort)

    def _tell_of_abort(self) -> None:
        """Unless it was closed meanwhile, which is the end of every callback."""
        task, self._on_readable = self._on_readable, None
        if task is not None:
            task()
        task, self._on_writable = self._on_writable, None  # the first one may have closed the socket
        if task is not None:
            task()

    def _stop_watching(self) -> None:
        self._is_reading_watched = False
        self._read_watch.stop_watching()
        self._write_watch.stop_watching()
        self._news = None

    def read(self, max_bytes: int) -> bytes | int:
        """See StreamSocket.read."""
        if self._socket is None:
            return self._failure
        try:
            data = self._socket.recv(max_bytes)
        except BlockingIOError:
            return ERR_IO_PENDING
        except OSError as error:
            return self._io_failed(NetLogEventType.SOCKET_READ_ERROR, error)
        if data:
            self.was_ever_used = True
            if self.net_log.net_log.is_capturing:
                self.net_log.event(NetLogEventType.SOCKET_BYTES_RECEIVED, byte_count_params(len(data), data))
        return data

    def write(self, data: bytes | memoryview) -> int:
        """See StreamSocket.write."""
        if self._socket is None:
            return self._failure
        try:
            sent = self._socket.send(data, _SEND_FLAGS)
        except BlockingIOError:
            return ERR_IO_PENDING
        except OSError as error:
            return self._io_failed(NetLogEventType.SOCKET_WRITE_ERROR, error)
        self.was_ever_used = True
        if self.net_log.net_log.is_capturing:
            self.net_log.event(NetLogEventType.SOCKET_BYTES_SENT, byte_count_params(sent, bytes(data[:sent])))
        return sent

    def write_many(self, buffers: Sequence[bytes | memoryview]) -> int:
        """See VectoredWriter.write_many."""
        if self._socket is None:
            return self._failure
        if not _HAS_SENDMSG:
            return self.write(buffers[0])
        try:
            sent = self._socket.sendmsg(buffers, (), _SEND_FLAGS)
        except BlockingIOError:
            return ERR_IO_PENDING
        except OSError as error:
            return self._io_failed(NetLogEventType.SOCKET_WRITE_ERROR, error)
        self.was_ever_used = True
        if self.net_log.net_log.is_capturing:
            data = b"".join(buffers)[:sent]
            self.net_log.event(NetLogEventType.SOCKET_BYTES_SENT, byte_count_params(sent, data))
        return sent

    def notify_readable(self, task: Task) -> None:
        """See StreamSocket.notify_readable."""
        self._on_readable = task
        if self._is_reading_watched:
            return  # fast path
        if self._socket is None:
            self._thread.post(self._tell_of_abort)
        else:
            self._is_reading_watched = self._watch(self._read_watch, READ, persistent=True)

    def notify_writable(self, task: Task) -> None:
        """See StreamSocket.notify_writable."""
        self._on_writable = task
        if self._socket is None:
            self._thread.post(self._tell_of_abort)
        else:
            self._watch(self._write_watch, WRITE, persistent=False)

    def cancel_notify(self) -> None:
        """See StreamSocket.cancel_notify."""
        self._on_readable = self._on_writable = None

    def transport_rtt_s(self) -> float | None:
        """See StreamSocket.transport_rtt_s."""
        return None if self._socket is None else tcp_info.transport_rtt_s(self._socket)

    def is_connected(self) -> bool:
        """See StreamSocket.is_connected."""
        return self._socket is not None and peek(self._socket) != b""

    def is_connected_and_idle(self) -> bool:
        """See StreamSocket.is_connected_and_idle."""
        if self._socket is None:
            return False
        if self._news is None:
            self._news = news_of(self._socket)
        return not self._news(0) or peek(self._socket) is None

    @property
    def is_open(self) -> bool:
        """True while it has a descriptor."""
        return self._socket is not None or self._lost is not None

    @property
    def local_address(self) -> IPEndPoint | None:
        """Our address while open."""
        return local_endpoint(self._socket)

    def on_fd_readable(self, fd: int) -> None:
        """Pump: there is something to read."""
        task, self._on_readable = self._on_readable, None
        if task is None:
            self._is_reading_watched = False
            self._read_watch.stop_watching()
        else:
            task()

    def on_fd_writable(self, fd: int) -> None:
        """Pump: the connect is decided, or there is room to write."""
        if self._on_connect is not None:
            self._connect_decided(self._on_connect)
            return
        task, self._on_writable = self._on_writable, None
        if task is not None:
            task()

    def _start_connecting(self, endpoint: IPEndPoint) -> int:
        """The system's number of what connect() said, or of what went wrong before."""
        if self._options.local_family not in (None, endpoint.family):
            return errno.EADDRNOTAVAIL
        try:
            self._socket = sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
            self._thread.sockets.add(sock)
            set_client_options(sock, self._options)
            bind_local_address(sock, self._options.local_address)
            return sock.connect_ex(endpoint.sockaddr)
        except (OSError, OverflowError) as error:  # OverflowError: no port
            return getattr(error, "errno", None) or errno.EINVAL

    def _connect_decided(self, on_done: Completion) -> None:
        os_error = self._so_error()
        if os_error in (errno.EINPROGRESS, errno.EALREADY):
            return
        self._on_connect = None
        self._write_watch.stop_watching()
        on_done(self._connected() if os_error == 0 else self._connect_failed(os_error))

    def _connected(self) -> int:
        assert self._socket is not None and self.remote_address is not None
        return self._connect_failed(errno.ECONNREFUSED) if is_own_peer(self._socket, self.remote_address) else OK

    def _so_error(self) -> int:
        """The decision about a connect; reading it clears it."""
        assert self._socket is not None
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def _connect_failed(self, os_error: int) -> int:
        self.close()
        self.os_error = os_error
        return map_connect_error(os_error)

    def _watch(self, controller: FdWatchController, mode: int, persistent: bool) -> bool:
        assert self._socket is not None
        return self._thread.pump.watch_file_descriptor(self._socket.fileno(), persistent, mode, controller, self)

    def _io_failed(self, event: NetLogEventType, error: OSError) -> int:
        result = map_system_error(error.errno or -1)
        self.net_log.event(event, lambda _: {"net_error": result, "os_error": error.errno})
        return result if result < ERR_IO_PENDING else ERR_FAILED
