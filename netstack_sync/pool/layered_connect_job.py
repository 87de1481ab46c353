"""LayeredConnectJob: a connection over one that another job makes first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import SLOW_CONNECT_S, ConnectJob, ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.params import ConnectParams
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.stream_socket import StreamSocket


class LayeredConnectJob(ConnectJob, ABC):
    """Steps: nested job, then what the subclass does over its connection.

    The nested job has limits of its own; the layer's begins when the connection below stands. `socket` is there from
    then on, and closed if the layer fails, but for a TLS socket with its verdict.
    """

    __slots__ = ("_below", "_create_job", "_layer_start", "_nested", "_services")

    time_limit_s = None
    layer_limit_s: ClassVar[float] = 30.0
    _layer_state: ClassVar[LoadState]
    _span: ClassVar[NetLogEventType]

    def __init__(
        self,
        services: ConnectServices,
        below: ConnectParams,
        create_job: CreateConnectJob,
        source_type: NetLogSourceType,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services.thread, services.net_log, source_type, priority, delegate)
        self._services = services
        self._below = below
        self._create_job = create_job
        self._nested: ConnectJob | None = None
        self._layer_start: float | None = None

    @property
    def load_state(self) -> LoadState:
        """The nested job's state, then the layer's."""
        return self._layer_state if self._nested is None else self._nested.load_state

    @property
    def has_established_connection(self) -> bool:
        """See ConnectJob; true of the first TCP connection, however many layers there are."""
        nested = self._nested
        return self._layer_start is not None or (nested is not None and nested.has_established_connection)

    @property
    def is_slow(self) -> bool:
        """See ConnectJob; the layer has time of its own."""
        if self._nested is not None:
            return self._nested.is_slow
        return self._layer_start is not None and self.clock.now() - self._layer_start >= SLOW_CONNECT_S

    def on_connect_job_complete(self, job: ConnectJob, result: int) -> None:
        """The nested job is done."""
        self._on_io_complete(result)

    def _first_step(self, _: int) -> int:
        self.net_log.begin(self._span)
        self._step = self._connect_nested
        return OK

    def _connect_nested(self, _: int) -> int:
        self._stop_timer()
        self._layer_start = None
        self._nested = self._create_job(self._below, self.priority, self)
        self._step = self._on_nested
        return self._nested.connect()

    def _on_nested(self, result: int) -> int:
        job, self._nested = self._nested, None
        assert job is not None
        self.timing = job.timing
        socket = job.take_socket()
        if result != OK:
            self.error_detail, self.ssl_info = job.error_detail, job.ssl_info
            self.has_reached_server = job.has_reached_server
            if socket is not None:
                socket.disconnect()
            return self._finish_connect(self._nested_error(result))
        assert socket is not None
        self._limit_time(self.layer_limit_s)
        self._layer_start = self.clock.now()
        return self._connect_layer(socket)

    @abstractmethod
    def _connect_layer(self, transport: StreamSocket) -> int:
        """Begins the work over the connection below, and sets `socket`."""

    def _nested_error(self, result: int) -> int:
        """What an error of the nested job means here."""
        return result

    def _finish_connect(self, result: int) -> int:
        if self._layer_start is not None:
            self._layer_start = None
            self.timing.connect_end = self.clock.now()
        self.net_log.end_with_net_error(self._span, result)
        return result

    def _close(self) -> None:
        socket = self.take_socket()
        if socket is not None:
            socket.disconnect()

    def _change_priority(self, priority: RequestPriority) -> None:
        if self._nested is not None:
            self._nested.change_priority(priority)

    def _cancel_child(self) -> None:
        if self.is_pending:
            self.net_log.end(self._span)
        if self._nested is not None:
            self._nested.cancel()
            self._nested = None
        self._cancel_layer()
        self._close()

    def _cancel_layer(self) -> None:
        """Cancels what runs over the connection; closing it is enough for most."""
