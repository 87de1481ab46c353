"""SslConnectJob: a transport connection, then TLS over it."""

from __future__ import annotations

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    OK,
    is_certificate_error,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import SLOW_CONNECT_S, ConnectJob, ConnectJobDelegate
from netstack_sync.pool.params import TransportParams
from netstack_sync.pool.transport_connect_job import ConnectServices, TransportConnectJob
from netstack_sync.sockets.factory import SecureSocket
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer

_BROKEN_OFF = (ERR_CONNECTION_ABORTED, ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET)


class SslConnectJob(ConnectJob):
    """Steps: nested transport job, handshake with verdict (net/socket/ssl_connect_job.cc).

    The nested job has a limit of its own; the handshake's begins when TCP is up. A handshake that fails although, or
    because, it offered a session is done once more without: a session must never cost more than it saves. So is one
    that went on from a session whose certificate counts no more: the server may have a new one by now.
    """

    __slots__ = ("_config", "_has_started_over", "_params", "_secure", "_services", "_transport_job")

    time_limit_s = TransportConnectJob.time_limit_s
    handshake_limit_s = 30.0

    def __init__(
        self,
        services: ConnectServices,
        params: TransportParams,
        config: TlsConfig,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services.thread, services.net_log, NetLogSourceType.SSL_CONNECT_JOB, priority, delegate)
        self._services = services
        self._params = params
        self._config = config
        self._transport_job: TransportConnectJob | None = None
        self._secure: SecureSocket | None = None
        self._has_started_over = False

    @property
    def load_state(self) -> LoadState:
        """The nested job's state, then SSL_HANDSHAKE."""
        job = self._transport_job
        return job.load_state if job is not None else LoadState.SSL_HANDSHAKE

    @property
    def has_established_connection(self) -> bool:
        """See ConnectJob."""
        return self._secure is not None

    @property
    def is_slow(self) -> bool:
        """See ConnectJob; the handshake has time of its own."""
        begun = self.timing.ssl_start
        if begun is None:
            return super().is_slow
        return self.timing.ssl_end is None and self.clock.now() - begun >= SLOW_CONNECT_S

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """The nested job is done."""
        self._on_io_complete(result)

    def _first_step(self, _: int) -> int:
        self.net_log.begin(NetLogEventType.SSL_CONNECT_JOB_CONNECT)
        self._step = self._connect_transport
        return OK

    def _connect_transport(self, _: int) -> int:
        self._transport_job = TransportConnectJob(self._services, self._params, self.priority, self)
        self.timing = self._transport_job.timing
        self._step = self._handshake
        return self._transport_job.connect()

    def _handshake(self, result: int) -> int:
        job, self._transport_job = self._transport_job, None
        assert job is not None
        self.error_detail = job.error_detail
        transport = job.take_socket()
        if result != OK:
            return self._connected(result)
        assert transport is not None
        self._limit_time(self.handshake_limit_s)
        self.timing.ssl_start = self._thread.clock.now()
        self._secure = self._services.sockets.create_secure_socket(transport, TlsPeer(*self._params), self._config)
        self.socket = self._secure
        self._step = self._connected
        return self.socket.connect(self._on_io_complete)

    def _connected(self, result: int) -> int:
        assert result != ERR_IO_PENDING
        secure = self._secure
        if secure is not None and secure.has_offered_session and self._is_worth_another_try(secure, result):
            return self._start_over(secure)
        if self._secure is not None:
            self.timing.ssl_end = self._thread.clock.now()
            self.timing.connect_end = self.timing.ssl_end
            self.error_detail = self._secure.error_detail or self._what_ended(result)
            self.ssl_info = self._secure.ssl_info
        self.net_log.end_with_net_error(NetLogEventType.SSL_CONNECT_JOB_CONNECT, result)
        return result

    def _what_ended(self, result: int) -> str:
        """Of a connection that just ends nobody else says that it had come as far as TLS."""
        server = HostPortPair(self._params.host, self._params.port)
        return f"the connection ended during the TLS handshake with {server}" if result in _BROKEN_OFF else ""

    def _is_worth_another_try(self, secure: SecureSocket, result: int) -> bool:
        if result == OK or self._has_started_over:
            return False
        info = secure.ssl_info
        return not is_certificate_error(result) or (info is not None and info.is_resumed)

    def _start_over(self, secure: SecureSocket) -> int:
        """The session is forgotten by now."""
        self._has_started_over = True
        self._secure = self.socket = None
        secure.disconnect()
        self._limit_time(self.time_limit_s)
        self._step = self._connect_transport
        return OK

    def _change_priority(self, priority: RequestPriority) -> None:
        if self._transport_job is not None:
            self._transport_job.change_priority(priority)

    def _cancel_child(self) -> None:
        if self.is_pending:
            self.net_log.end(NetLogEventType.SSL_CONNECT_JOB_CONNECT)
        if self._transport_job is not None:
            self._transport_job.cancel()
            self._transport_job = None
        if self.socket is not None:
            self.socket.disconnect()
            self.socket = None
