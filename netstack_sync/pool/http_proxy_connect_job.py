"""HttpProxyConnectJob: a connection to a proxy that understands HTTP, and mostly a tunnel through it."""

from __future__ import annotations

from typing import Final

from netstack_sync.auth.controller import AuthController
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import (
    ERR_PROXY_AUTH_REQUESTED,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.params import HttpProxyParams
from netstack_sync.pool.proxy_connect_job import ProxyConnectJob
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.http_tunnel import HttpTunnel
from netstack_sync.sockets.stream_socket import StreamSocket

_MAX_CONNECTIONS: Final = 4  # of one job; a proxy that hangs up after each challenge is not asked for ever


class HttpProxyConnectJob(ProxyConnectJob):
    """Steps: nested job to the proxy; unless it is sent the requests themselves, a tunnel, for which it may want to
    know who asks (net/http/http_proxy_connect_job.cc).

    The job answers by itself, as the route's identity, and is bound to no request by that: whoever is first when it
    is done gets its socket. Where the proxy goes on over another connection only, the job makes one, and the answer
    is remembered for it.
    """

    __slots__ = ("_auth", "_connections", "_destination", "_first_timing", "_tunnel")

    _span = NetLogEventType.HTTP_PROXY_CONNECT_JOB_CONNECT

    def __init__(
        self,
        services: ConnectServices,
        params: HttpProxyParams,
        create_job: CreateConnectJob,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services, params, create_job, NetLogSourceType.HTTP_PROXY_CONNECT_JOB, priority, delegate)
        self._destination = params.destination
        self._auth: AuthController | None = None
        self._tunnel: HttpTunnel | None = None
        self._connections = 0
        self._first_timing = self.timing

    def _connect_layer(self, transport: StreamSocket) -> int:
        self.socket = transport
        if not self._connections:
            self._first_timing = self.timing
        self.timing = self._first_timing  # all that follows counts as connecting
        self._connections += 1
        if self._destination is None:
            return self._finish_connect(OK)
        return self._open_tunnel(transport, self._destination)

    def _open_tunnel(self, transport: StreamSocket, destination: HostPortPair) -> int:
        if self._auth is None and self._hop.identity is not None:
            self._auth = self._make_controller()
        services = self._services
        self._tunnel = HttpTunnel(
            transport,
            self._hop.server,
            destination,
            services.user_agent,
            self._auth,
            self.net_log,
            services.thread.timers,
            lambda: self._limit_time(self.layer_limit_s),
        )
        self._step = self._on_tunnel
        return self._tunnel.connect(self._on_io_complete)

    def _make_controller(self) -> AuthController:
        identity, services = self._hop.identity, self._services
        assert identity is not None
        return AuthController(
            identity, self._hop.server.origin, "/", services.proxy_auth, self.net_log, services.security
        )

    def _on_tunnel(self, result: int) -> int:
        tunnel, self._tunnel = self._tunnel, None
        assert tunnel is not None
        if result == OK:
            return self._finish_connect(OK)
        self._close()
        if result == ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH and self._connections < _MAX_CONNECTIONS:
            self._step = self._connect_nested
            return OK
        self.error_detail = tunnel.error_detail or self._where_it_broke
        if result == ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH:
            self.error_detail = f"the proxy {self._hop.server} hung up after each login; pass another proxy_auth"
            result = ERR_PROXY_AUTH_REQUESTED
        elif result == ERR_SSL_CLIENT_AUTH_CERT_NEEDED:  # in TLS 1.3 that is told only behind the handshake
            self.error_detail = "those of the user's are for servers, and no proxy is shown one"
            result = self._nested_error(result)
        return self._finish_connect(result)

    def _cancel_layer(self) -> None:
        if self._tunnel is not None:
            self._tunnel.cancel()
            self._tunnel = None
        if self._auth is not None:
            self._auth.cancel()
