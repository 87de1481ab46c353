"""SslConnectJob: TLS over whatever connection another job makes."""

from __future__ import annotations

from typing import Any

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_UNEXPECTED,
    OK,
    is_certificate_error,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.layered_connect_job import LayeredConnectJob
from netstack_sync.pool.params import SslParams
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.factory import SecureSocket
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.workers.worker_job import WorkerJob

_BROKEN_OFF = (ERR_CONNECTION_ABORTED, ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET)


class SslConnectJob(LayeredConnectJob):
    """Steps: nested job, what TLS needs is read, handshake with verdict (net/socket/ssl_connect_job.cc).

    A handshake that fails although, or because, it offered a session is done once more without: a session must never
    cost more than it saves. So is one that went on from a session whose certificate counts no more: the server may
    have a new one by now.
    """

    __slots__ = ("_has_started_over", "_loading", "_params", "_secure")

    _layer_state = LoadState.SSL_HANDSHAKE
    _span = NetLogEventType.SSL_CONNECT_JOB_CONNECT

    def __init__(
        self,
        services: ConnectServices,
        params: SslParams,
        create_job: CreateConnectJob,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services, params.below, create_job, NetLogSourceType.SSL_CONNECT_JOB, priority, delegate)
        self._params = params
        self._loading: WorkerJob[Any] | None = None
        self._secure: SecureSocket | None = None
        self._has_started_over = False

    def _connect_layer(self, transport: StreamSocket) -> int:
        self.timing.ssl_start = self.clock.now()
        self.has_reached_server = True
        self.socket = transport
        self._step = self._shake_hands
        self._loading = self._services.sockets.secure_sockets.load(self._on_loaded)
        return OK if self._loading is None else ERR_IO_PENDING

    def _on_loaded(self, error: BaseException | None) -> None:
        self._loading = None
        if error is not None:
            self.error_detail = f"TLS cannot be used: {error!r}"
        self._on_io_complete(OK if error is None else ERR_UNEXPECTED)

    def _shake_hands(self, result: int) -> int:
        if result != OK:
            self._close()
            return self._finish_connect(result)
        transport, params = self.take_socket(), self._params
        assert transport is not None
        self._secure = self._services.sockets.secure_sockets.create_socket(transport, params.peer, params.config)
        self.socket = self._secure
        self._step = self._connected
        return self.socket.connect(self._on_io_complete)

    def _connected(self, result: int) -> int:
        assert result != ERR_IO_PENDING
        secure = self._secure
        assert secure is not None
        if secure.has_offered_session and self._is_worth_another_try(secure, result):
            return self._start_over()
        self.timing.ssl_end = self.clock.now()
        self.error_detail = secure.error_detail or self._what_ended(result)
        self.ssl_info = secure.ssl_info
        return self._finish_connect(result)

    def _what_ended(self, result: int) -> str:
        """Of a connection that just ends nobody else says that it had come as far as TLS."""
        server = HostPortPair(self._params.peer.host, self._params.peer.port)
        return f"the connection ended during the TLS handshake with {server}" if result in _BROKEN_OFF else ""

    def _is_worth_another_try(self, secure: SecureSocket, result: int) -> bool:
        if result == OK or self._has_started_over:
            return False
        info = secure.ssl_info
        return not is_certificate_error(result) or (info is not None and info.is_resumed)

    def _start_over(self) -> int:
        """The session is forgotten by now."""
        self._has_started_over = True
        self._secure = None
        self._close()
        self._step = self._connect_nested
        return OK

    def _cancel_layer(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None
