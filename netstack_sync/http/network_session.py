"""HttpNetworkSession: what the exchanges of one context share: pools, request heads, drainers, memory of logins."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.identity import AuthIdentity, owner_of_connections
from netstack_sync.auth.negotiate import SecurityService
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_NETWORK_CHANGED
from netstack_sync.base.url import Url
from netstack_sync.http.body_drainer import HttpResponseBodyDrainer
from netstack_sync.http.build_headers import RequestHeads
from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.http.stream import HttpStream
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.pool.proxy_route import ProxyRoute
from netstack_sync.sockets.tls_config import TlsConfig


class HttpNetworkSession:
    """Owner of the pools; network thread only."""

    __slots__ = ("_drainers", "auth_cache", "heads", "meter", "net_log", "pools", "security", "thread")

    def __init__(
        self,
        thread: NetworkThread,
        pools: ClientSocketPoolManager,
        meter: ExchangeMeter,
        net_log: NetLog,
        security: SecurityService | None = None,
    ) -> None:
        """Without `security` nothing that NTLM and Negotiate ask for is answered."""
        self.thread = thread
        self.pools = pools
        self.meter = meter
        self.heads = RequestHeads()
        self.auth_cache = HttpAuthCache()
        self.security = security
        self.net_log = net_log
        self._drainers: set[HttpResponseBodyDrainer] = set()

    def drain_or_close(self, stream: HttpStream) -> None:
        """Ends a stream whose user is through with it; reads a small rest so that the connection can be reused."""
        if stream.is_body_complete or not stream.can_find_end:
            stream.close()
            return
        drainer = HttpResponseBodyDrainer(stream, self.thread.timers, self._drainers.discard)
        self._drainers.add(drainer)
        drainer.start()

    def preconnect(
        self,
        url: Url,
        tls: TlsConfig,
        count: int,
        partition: str | None = None,
        auth: AuthIdentity | None = None,
        proxy: ProxyRoute | None = None,
    ) -> None:
        """Opens connections that requests for the URL, with this `auth` and by this route, may use."""
        owner = owner_of_connections(auth)
        group_id = GroupId(url.origin, tls if url.is_secure else None, partition, identity=owner, proxy=proxy)
        self.pools.preconnect(group_id, count, NetLogWithSource.make(self.net_log, NetLogSourceType.NONE))

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
        """Fails what waits for a socket with `error`, stops the drainers, closes every idle socket."""
        for drainer in list(self._drainers):
            drainer.cancel()
        self.pools.flush_with_error(error, close_reasons.POOL_DESTROYED)
