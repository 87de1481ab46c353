"""HttpNetworkSession: what the exchanges of one context share: pools, request heads, drainers, memory of logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.identity import AuthIdentity, owner_of_connections
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NETWORK_CHANGED
from netstack_sync.base.url import Url
from netstack_sync.http.body_drainer import HttpResponseBodyDrainer
from netstack_sync.http.build_headers import RequestHeads
from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.auth.security_service import SecurityService
    from netstack_sync.http.proxy_preconnect import ProxyPreconnect
    from netstack_sync.http.proxy_source import ProxyResolver, ProxySource
    from netstack_sync.http.stream import HttpStream
    from netstack_sync.proxy.config import ProxyConfig


class HttpNetworkSession:
    """Owner of the pools; network thread only."""

    __slots__ = (
        "_drainers",
        "_preconnects",
        "auth_cache",
        "heads",
        "is_direct",
        "meter",
        "net_log",
        "now",
        "pools",
        "proxies",
        "proxy_auth",
        "security",
        "thread",
    )

    def __init__(
        self,
        thread: NetworkThread,
        pools: ClientSocketPoolManager,
        meter: ExchangeMeter,
        net_log: NetLog,
        security: SecurityService | None = None,
        proxies: ProxySource | None = None,
        proxy_auth: HttpAuthCache | None = None,
    ) -> None:
        """Without `security` nothing that NTLM and Negotiate ask for is answered, without `proxies` all connections
        are direct. `proxy_auth` is what those who open tunnels remember of logins, too.
        """
        self.thread = thread
        self.now = thread.clock.now
        """The time in seconds of the thread's clock; bound directly, since every exchange asks several times."""
        self.pools = pools
        self.meter = meter
        self.heads = RequestHeads()
        self.auth_cache = HttpAuthCache()
        self.proxies = proxies
        self.is_direct = proxies is None or proxies.is_direct
        """See ProxySource."""
        self.proxy_auth = proxy_auth if proxy_auth is not None else HttpAuthCache()
        self.security = security
        self.net_log = net_log
        self._drainers: set[HttpResponseBodyDrainer] = set()
        self._preconnects: set[ProxyPreconnect] = set()

    def drain_or_close(self, stream: HttpStream) -> None:
        """Ends a stream whose user is through with it; reads a small rest so that the connection can be reused."""
        if stream.is_body_complete or not stream.can_find_end:
            stream.close()
            return
        drainer = HttpResponseBodyDrainer(stream, self.thread.timers, self._drainers.discard)
        self._drainers.add(drainer)
        drainer.start()

    def proxies_for(self, config: ProxyConfig | None) -> ProxyResolver | None:
        """The service of a request with these settings; None for one that goes directly."""
        if self.proxies is None:
            assert config is None or config.is_direct, "who knows no proxies would go around them"
            return None
        return self.proxies.service_for(config)

    def preconnect(
        self,
        url: Url,
        tls: TlsConfig,
        count: int,
        partition: str | None = None,
        auth: AuthIdentity | None = None,
        proxy: ProxyConfig | None = None,
    ) -> None:
        """Opens connections that requests for the URL, with this `auth` and these settings, may use.

        Where no way through the proxies is found there are none, and the requests will tell.
        """
        owner, log = owner_of_connections(auth), NetLogWithSource.make(self.net_log, NetLogSourceType.NONE)
        group_id = GroupId(url.origin, tls if url.is_secure else None, partition, identity=owner)
        service = self.proxies_for(proxy)
        if self.proxies is None or service is None:
            self.pools.preconnect(group_id, count, log)
            return
        # late: see load_proxy_rooms()
        from netstack_sync.http.proxy_preconnect import ProxyPreconnect
        from netstack_sync.http.proxy_way import ProxyWay

        preconnect = ProxyPreconnect(self.pools, group_id, count, log, self._preconnects.discard)
        self._preconnects.add(preconnect)
        preconnect.start(ProxyWay(self.proxies, service, url, tls, log))

    def on_ip_address_changed(self, is_lost: Callable[[str], bool]) -> None:
        """Connections of the old network serve no further request; those that wait ask again.

        What is under way goes on, but for connections from an address of which `is_lost` says that this machine does
        not have it any more: nothing will come over them, and nobody would say so.
        """
        for group in self.pools.groups():
            group.abort_lost_sockets(ERR_NETWORK_CHANGED, is_lost)
        self.pools.flush_with_error(ERR_NETWORK_CHANGED, close_reasons.NETWORK_CHANGED)

    def on_endpoint_avoided(self, endpoint: IPEndPoint) -> None:
        """No present connection to the endpoint serves another request."""
        for group in self.pools.groups():
            group.disown_sockets_to(endpoint)
        self.pools.close_idle_sockets(close_reasons.ENDPOINT_AVOIDED, endpoint)

    def on_trust_changed(self) -> None:
        """Connections that were verified under other terms serve no further request."""
        self.pools.refresh(close_reasons.TRUST_CHANGED)

    def shut_down(self, error: int) -> None:
        """Fails what waits for a socket with `error`, stops drainers and preconnects, closes every idle socket."""
        for drainer in list(self._drainers):
            drainer.cancel()
        for preconnect in list(self._preconnects):
            preconnect.cancel()
        self.pools.flush_with_error(error, close_reasons.POOL_DESTROYED)
