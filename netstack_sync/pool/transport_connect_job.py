"""TransportConnectJob: resolves a name and connects to one of its addresses."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import HostResolver, ResolveRequest
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.sockets.factory import ClientSocketFactory


class ConnectServices(NamedTuple):
    """What connect jobs are made from."""

    thread: NetworkThread
    resolver: HostResolver
    sockets: ClientSocketFactory
    net_log: NetLog


class TransportConnectJob(ConnectJob):
    """Steps: resolve the host, connect (net/socket/transport_connect_job.cc)."""

    __slots__ = ("_host", "_port", "_request", "_services")

    # Above what the system takes for a few addresses that do not answer (20 to 190 s each).
    time_limit_s = 240.0

    def __init__(
        self,
        services: ConnectServices,
        host: str,
        port: int,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services.thread, services.net_log, NetLogSourceType.TRANSPORT_CONNECT_JOB, priority, delegate)
        self._services = services
        self._host = host
        self._port = port
        self._request: ResolveRequest | None = None

    @property
    def load_state(self) -> LoadState:
        """RESOLVING_HOST, then CONNECTING; it never goes back."""
        return LoadState.RESOLVING_HOST if self._request is not None else LoadState.CONNECTING

    @property
    def has_established_connection(self) -> bool:
        """See ConnectJob; the job is done when TCP is up."""
        return False

    def _first_step(self, _: int) -> int:
        self.net_log.begin(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT)
        self.timing.domain_lookup_start = self._thread.clock.now()
        self._request = self._services.resolver.create_request(self._host, self._port, self.priority, self.net_log)
        self._step = self._connect_transport
        return self._request.start(self._on_io_complete)

    def _connect_transport(self, result: int) -> int:
        request, self._request = self._request, None
        assert request is not None
        now = self._thread.clock.now()
        self.timing.domain_lookup_end = now
        if result != OK:
            self.error_detail = self._host
            return self._connected(result)
        self.timing.connect_start = now
        self.socket = self._services.sockets.create_transport_socket(
            request.addresses, self._services.net_log, self.net_log.source
        )
        self.error_detail = ", ".join(str(endpoint) for endpoint in request.addresses)
        self._step = self._connected
        return self.socket.connect(self._on_io_complete)

    def _connected(self, result: int) -> int:
        if result == OK:
            self.timing.connect_end = self._thread.clock.now()
            self.error_detail = ""
        self.net_log.end_with_net_error(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT, result)
        return result

    def _cancel_child(self) -> None:
        if self.is_pending:
            self.net_log.end(NetLogEventType.TRANSPORT_CONNECT_JOB_CONNECT)
        if self._request is not None:
            self._request.cancel()
            self._request = None
        if self.socket is not None:
            self.socket.disconnect()
            self.socket = None
