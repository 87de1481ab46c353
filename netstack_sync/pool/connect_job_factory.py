"""ConnectJobFactory: the right job for a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.pool.connect_job import ConnectJob, ConnectJobDelegate
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.params import ConnectParams, HttpProxyParams, SocksParams, SslParams, TransportParams
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.pool.transport_connect_job import ConnectServices, TransportConnectJob
from netstack_sync.sockets.tls_peer import TlsPeer

if TYPE_CHECKING:
    from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute


class ConnectJobFactory(Protocol):
    """Makes unstarted jobs; the seam between the pool's rules and the network."""

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """A job that ends with a socket of the group."""


class DefaultConnectJobFactory:
    """Real connections, with TLS where the group says so, through the proxies of its route. Network thread only."""

    __slots__ = ("_services",)

    def __init__(self, services: ConnectServices) -> None:
        self._services = services

    def create_job(self, group_id: GroupId, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """See ConnectJobFactory."""
        return self.create(params_for(group_id), priority, delegate)

    def create(self, params: ConnectParams, priority: RequestPriority, delegate: ConnectJobDelegate) -> ConnectJob:
        """See CreateConnectJob."""
        services = self._services
        if isinstance(params, TransportParams):
            return TransportConnectJob(services, params, priority, delegate)
        if isinstance(params, SslParams):
            return SslConnectJob(services, params, self.create, priority, delegate)
        if isinstance(params, SocksParams):
            from netstack_sync.pool.socks_connect_job import SocksConnectJob  # late: see load_proxy_rooms()

            return SocksConnectJob(services, params, self.create, priority, delegate)
        from netstack_sync.pool.http_proxy_connect_job import HttpProxyConnectJob  # late: as above

        return HttpProxyConnectJob(services, params, self.create, priority, delegate)


def params_for(group_id: GroupId) -> ConnectParams:
    """The way to a socket of the group. Whether it is secured depends on the group alone (rule R18)."""
    origin, route, tls = group_id.origin, group_id.proxy, group_id.tls
    if route is None:
        params: ConnectParams = TransportParams(origin.host, origin.port, group_id.partition)
    else:
        params = _through(route, group_id)
    if tls is None:
        return params
    via = _who_is_told(route.hops) if route is not None else ()
    return SslParams(params, TlsPeer(origin.host, origin.port, group_id.partition, group_id.privacy_mode, via), tls)


def _who_is_told(hops: tuple[ProxyHop, ...]) -> tuple[tuple[ProxyServer, AuthIdentity | None], ...]:
    return tuple([(hop.server, hop.identity) for hop in hops])


def _through(route: ProxyRoute, group_id: GroupId) -> ConnectParams:
    """Each proxy is told to connect to the next one, the last one to the server, unless it is sent the requests."""
    origin, partition = group_id.origin, group_id.partition
    first = route.hops[0].server
    is_forwarded = route.forwards(group_id.tls is not None)
    destinations: list[HostPortPair | None] = [HostPortPair(hop.server.host, hop.server.port) for hop in route.hops[1:]]
    destinations.append(None if is_forwarded else HostPortPair(origin.host, origin.port))
    params: ConnectParams = TransportParams(first.host, first.port, partition)
    for number, (hop, destination) in enumerate(zip(route.hops, destinations, strict=True), start=1):
        server = hop.server
        if server.scheme == ProxyScheme.HTTPS:
            assert hop.tls is not None, server
            via = _who_is_told(route.hops[:number])
            params = SslParams(
                params, TlsPeer(server.host, server.port, partition, group_id.privacy_mode, via), hop.tls
            )
        if server.scheme.is_http:
            params = HttpProxyParams(params, hop, destination)
        else:
            assert destination is not None, server
            params = SocksParams(params, hop, destination, partition)
    return params
