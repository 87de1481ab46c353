"""SocksConnectJob: a connection that a SOCKS proxy makes for us."""

from __future__ import annotations

import socket

from netstack_sync.auth.identity import BASIC
from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_PROXY_AUTH_UNSUPPORTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyScheme
from netstack_sync.dns.host_resolver import ResolveParameters, ResolveRequest
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.pool.connect_job import ConnectJobDelegate, CreateConnectJob
from netstack_sync.pool.params import SocksParams
from netstack_sync.pool.proxy_connect_job import ProxyConnectJob
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.socks_client import SocksClient
from netstack_sync.sockets.stream_socket import StreamSocket


class SocksConnectJob(ProxyConnectJob):
    """Steps: nested job to the proxy; for SOCKS4, which takes nothing but IPv4 addresses, a look-up of the
    destination; the handshake (net/socket/socks_connect_job.cc). Every other scheme is given the name.
    """

    __slots__ = ("_client", "_params", "_request")

    _span = NetLogEventType.SOCKS_CONNECT_JOB_CONNECT

    def __init__(
        self,
        services: ConnectServices,
        params: SocksParams,
        create_job: CreateConnectJob,
        priority: RequestPriority,
        delegate: ConnectJobDelegate,
    ) -> None:
        super().__init__(services, params, create_job, NetLogSourceType.SOCKS_CONNECT_JOB, priority, delegate)
        self._params = params
        self._request: ResolveRequest | None = None
        self._client: SocksClient | None = None

    @property
    def load_state(self) -> LoadState:
        """See LayeredConnectJob; RESOLVING_HOST again where the destination is looked up here."""
        return LoadState.RESOLVING_HOST if self._request is not None else super().load_state

    def _connect_layer(self, transport: StreamSocket) -> int:
        self.socket = transport
        identity = self._hop.identity
        if identity is not None and BASIC not in identity.schemes:
            return self._refuse_login()
        is_name = parse_ip_literal(self._params.destination.host) is None
        if is_name and self._hop.server.scheme == ProxyScheme.SOCKS4:
            return self._resolve()
        return self._shake_hands(None)

    def _refuse_login(self) -> int:
        """SOCKS says user and password in the open, and whoever chose another scheme did not want that."""
        what_it_knows = "knows no login but user and password; pass a tuple or BasicAuth"
        self.error_detail = f"the proxy {self._hop.server} {what_it_knows}"
        self._close()
        return self._finish_connect(ERR_PROXY_AUTH_UNSUPPORTED)

    def _resolve(self) -> int:
        host, port = self._params.destination.host, self._params.destination.port
        parameters = ResolveParameters(self.priority, socket.AF_INET, partition=self._params.partition)
        self._request = self._services.resolver.create_request(host, port, parameters, self.net_log)
        self._step = self._on_resolved
        return self._request.start(self._on_io_complete)

    def _on_resolved(self, result: int) -> int:
        request, self._request = self._request, None
        assert request is not None
        if result == OK:
            return self._shake_hands(request.addresses[0] if request.addresses else None)
        words = (self._params.destination.host, request.error_detail, f"the proxy {self._hop.server} needs its address")
        self.error_detail = ": ".join([word for word in words if word]) + "; with socks4a:// it looks names up itself"
        self._close()
        return self._finish_connect(result)

    def _shake_hands(self, address: IPEndPoint | None) -> int:
        identity, transport = self._hop.identity, self.socket
        assert transport is not None
        self._client = SocksClient(
            transport,
            self._hop.server,
            self._params.destination,
            self.net_log,
            address=address,
            username=identity.username if identity is not None else None,
            password=identity.password if identity is not None else None,
        )
        self._step = self._on_shaken
        return self._client.connect(self._on_io_complete)

    def _on_shaken(self, result: int) -> int:
        client, self._client = self._client, None
        assert client is not None
        if result != OK:
            self.error_detail = client.error_detail or self._where_it_broke
            self.has_reached_server = client.is_refused
            self._close()
        return self._finish_connect(result)

    def _change_priority(self, priority: RequestPriority) -> None:
        super()._change_priority(priority)
        if self._request is not None:
            self._request.change_priority(priority)

    def _cancel_layer(self) -> None:
        if self._request is not None:
            self._request.cancel()
            self._request = None
        if self._client is not None:
            self._client.cancel()
            self._client = None
