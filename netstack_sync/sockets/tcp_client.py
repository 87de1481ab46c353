"""TcpClientSocket: connects to the first address of a list that answers."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog, NetLogSource
from netstack_sync.log.params import source_params
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.sockets.tcp_socket import TcpSocket


class TcpClientSocket(StepMachine):
    """A StreamSocket over TCP: tries its addresses one after the other, the last error is the answer.

    Network thread only. After disconnect() it may connect again (net/socket/tcp_client_socket.cc).
    """

    __slots__ = (
        "_addresses",
        "_index",
        "_is_alive",
        "_is_connected",
        "_socket",
        "cancel_notify",
        "is_connected",
        "is_connected_and_idle",
        "net_log",
        "notify_readable",
        "notify_writable",
        "read",
        "write",
    )

    def __init__(
        self,
        thread: NetworkThread,
        addresses: AddressList,
        net_log: NetLog,
        source: NetLogSource | None = None,
    ) -> None:
        super().__init__()
        self._addresses = addresses
        self._index = 0
        self._is_connected = False
        self._is_alive = True
        """What the log has been told."""
        self.net_log = NetLogWithSource.make(net_log, NetLogSourceType.SOCKET)
        self._socket = TcpSocket(thread, self.net_log)
        # See StreamSocket; bound directly, one call less for each of them.
        self.read = self._socket.read
        self.write = self._socket.write
        self.notify_readable = self._socket.notify_readable
        self.notify_writable = self._socket.notify_writable
        self.cancel_notify = self._socket.cancel_notify
        self.is_connected = self._socket.is_connected
        self.is_connected_and_idle = self._socket.is_connected_and_idle
        self.net_log.begin(NetLogEventType.SOCKET_ALIVE, source_params(source) if source is not None else None)

    def connect(self, on_done: Completion) -> int:
        """See StreamSocket.connect; OK at once when connected."""
        if self._is_connected:
            return OK
        self._index = 0
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
    def remote_address(self) -> IPEndPoint | None:
        """See StreamSocket.remote_address."""
        return self._socket.remote_address

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
        endpoint = self._addresses[self._index]
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.TCP_CONNECT_ATTEMPT, lambda _: {"address": str(endpoint)})
        self._step = self._attempt_complete
        return self._socket.connect(endpoint, self._on_io_complete)

    def _attempt_complete(self, result: int) -> int:
        if self.net_log.is_capturing:
            os_error = self._socket.os_error
            self.net_log.end(
                NetLogEventType.TCP_CONNECT_ATTEMPT,
                (lambda _: {"os_error": os_error}) if result != OK else None,
            )
        if result != OK and self._index + 1 < len(self._addresses):
            self._index += 1
            self._step = self._attempt
            return OK
        return self._finish(result)

    def _finish(self, result: int) -> int:
        self._is_connected = result == OK
        self.net_log.end_with_net_error(NetLogEventType.TCP_CONNECT, result)
        return result
