"""TcpClientSocket: connects to the first address of a list that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_OUT_OF_MEMORY,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.log.params import source_params
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import Alarm
from netstack_sync.sockets.connection_attempt import ConnectionAttempt
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.tcp_socket import TcpSocket

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

_MAX_ATTEMPTS_KEPT: Final = 64  # a name may have a thousand addresses
_LAST_WORDS: Final = (OK, ERR_INSUFFICIENT_RESOURCES, ERR_OUT_OF_MEMORY)
"""Connected, or this process can open no socket, whatever the address is."""


def no_limit() -> float | None:
    """An attempt may take as long as the system lets it."""
    return None


class TcpClientSocket(StepMachine):
    """A TransportSocket over TCP: tries its addresses one after the other, the last error is the answer.

    Network thread only. After disconnect() it may connect again (net/socket/tcp_client_socket.cc).

    `attempt_limit` is asked at the start of each attempt how many seconds it may take; an attempt that takes longer
    is ERR_TIMED_OUT, and the next address gets its own time. The first of the two, timer and decision, is the end
    of an attempt: it stops the other one.
    """

    __slots__ = (
        "_addresses",
        "_attempt_limit",
        "_index",
        "_is_alive",
        "_is_connected",
        "_socket",
        "_timer",
        "abort",
        "cancel_notify",
        "connection_attempts",
        "is_connected",
        "is_connected_and_idle",
        "net_log",
        "notify_readable",
        "notify_writable",
        "read",
        "remote_address",
        "transport_rtt_s",
        "write",
        "write_many",
    )

    def __init__(
        self,
        thread: NetworkThread,
        addresses: AddressList,
        net_log: NetLog,
        source: NetLogSource | None = None,
        options: TcpOptions = DEFAULT_TCP_OPTIONS,
        attempt_limit: Callable[[], float | None] = no_limit,
    ) -> None:
        super().__init__()
        self._addresses = _reachable(addresses, options.local_family)
        self._attempt_limit = attempt_limit
        self._timer = Alarm(thread.timers)
        self._index = 0
        self._is_connected = False
        self._is_alive = True
        """What the log has been told."""
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.SOCKET)
        self.connection_attempts: list[ConnectionAttempt] = []
        self.remote_address: IPEndPoint | None = None
        """See StreamSocket.remote_address."""
        self._socket = TcpSocket(thread, self.net_log, options)
        # See StreamSocket; bound directly, one call less for each of them.
        self.read = self._socket.read
        self.write = self._socket.write
        self.write_many = self._socket.write_many
        self.notify_readable = self._socket.notify_readable
        self.notify_writable = self._socket.notify_writable
        self.cancel_notify = self._socket.cancel_notify
        self.abort = self._socket.abort
        self.transport_rtt_s = self._socket.transport_rtt_s
        self.is_connected = self._socket.is_connected
        self.is_connected_and_idle = self._socket.is_connected_and_idle
        self.net_log.begin(NetLogEventType.SOCKET_ALIVE, source_params(source) if source is not None else None)

    def connect(self, on_done: Completion) -> int:
        """See StreamSocket.connect; OK at once when connected."""
        if self._is_connected:
            return OK
        self._index = 0
        self.connection_attempts = []  # a new one: who asked after the last connect() may have kept it
        if not self._is_alive:
            self._is_alive = True
            self.net_log.begin(NetLogEventType.SOCKET_ALIVE)
        if self.net_log.is_capturing:
            self.net_log.begin(
                NetLogEventType.TCP_CONNECT, lambda _: {"address_list": [str(a) for a in self._addresses]}
            )
        return self._begin(self._attempt, on_done)

    def disconnect(self) -> None:
        """See StreamSocket.disconnect."""
        if self.is_pending:
            self.net_log.end(NetLogEventType.TCP_CONNECT_ATTEMPT)
            self.net_log.end_with_net_error(NetLogEventType.TCP_CONNECT, ERR_ABORTED)
        self._stop()
        self._timer.stop()
        self._is_connected = False
        if self._socket.is_open:
            self._socket.close()
            self.net_log.event(NetLogEventType.SOCKET_CLOSED)
        if self._is_alive:
            self._is_alive = False
            self.net_log.end(NetLogEventType.SOCKET_ALIVE)

    @property
    def was_ever_used(self) -> bool:
        """See StreamSocket.was_ever_used."""
        return self._socket.was_ever_used

    @property
    def local_address(self) -> IPEndPoint | None:
        """See StreamSocket.local_address."""
        return self._socket.local_address

    @property
    def ssl_info(self) -> SSLInfo | None:
        """None: plain TCP."""
        return None

    def _attempt(self, _: int) -> int:
        if not self._addresses:
            return self._finish(ERR_NAME_NOT_RESOLVED)
        self.remote_address = endpoint = self._addresses[self._index]
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.TCP_CONNECT_ATTEMPT, lambda _: {"address": str(endpoint)})
        limit_s = self._attempt_limit()
        self._step = self._attempt_complete
        result = self._socket.connect(endpoint, self._on_io_complete)
        if result == ERR_IO_PENDING and limit_s is not None:
            self._timer.start(limit_s, self._on_attempt_expired)
        return result

    def _on_attempt_expired(self) -> None:
        self._socket.close()
        self._on_io_complete(ERR_TIMED_OUT)

    def _attempt_complete(self, result: int) -> int:
        self._timer.stop()
        self._note_attempt(result)
        if result not in _LAST_WORDS and self._index + 1 < len(self._addresses):
            self._index += 1
            self._step = self._attempt
            return OK
        return self._finish(result)

    def _note_attempt(self, result: int) -> None:
        if self.net_log.is_capturing:
            os_error = self._socket.os_error
            error = {"os_error": os_error} if os_error else {"net_error": result}
            self.net_log.end(NetLogEventType.TCP_CONNECT_ATTEMPT, (lambda _: error) if result != OK else None)
        del self.connection_attempts[: 1 - _MAX_ATTEMPTS_KEPT]
        self.connection_attempts.append(ConnectionAttempt(self._addresses[self._index], result))

    def _finish(self, result: int) -> int:
        self._is_connected = result == OK
        self.net_log.end_with_net_error(NetLogEventType.TCP_CONNECT, result)
        return result


def _reachable(addresses: AddressList, local_family: int | None) -> AddressList:
    """Without those that our own address cannot reach: their error would hide why the others failed.

    If it can reach none, that is the error.
    """
    if local_family is None:
        return addresses
    return tuple(a for a in addresses if a.family == local_family) or addresses
