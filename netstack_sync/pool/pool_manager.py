"""ClientSocketPoolManager: the pools of a session, one for direct connections and one for each chain of proxies."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool import close_reasons
from netstack_sync.pool.connect_job_factory import ConnectJobFactory
from netstack_sync.pool.group import Group
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.shared_total import SharedTotal
from netstack_sync.pool.socket_pool import ClientSocketPool


class ClientSocketPoolManager:
    """Owner of the pools; network thread only (net/socket/client_socket_pool_manager_impl.cc).

    Through one chain go at most `per_proxy` sockets, whatever they are for, and of all pools together there are at
    most `total`, where Chromium counts each pool for itself. A pool that is empty goes when the next one comes: a
    script may name ever new proxies.
    """

    __slots__ = ("_factory", "_limits", "_past_opened", "_past_reused", "_proxied", "_thread", "_total", "direct")

    def __init__(self, thread: NetworkThread, factory: ConnectJobFactory, limits: PoolLimits) -> None:
        self._thread = thread
        self._factory = factory
        self._limits = limits
        self._total = SharedTotal(limits.total, thread.post)
        self._proxied: dict[ProxyChain, ClientSocketPool] = {}
        self._past_opened = 0  # by pools that are gone
        self._past_reused = 0
        self.direct = ClientSocketPool(thread, factory, limits, self._total)
        """The pool of all groups without a proxy."""

    def pool_for(self, group_id: GroupId) -> ClientSocketPool:
        """The pool that the group belongs in; to be used now, before it is asked again."""
        route = group_id.proxy
        if route is None:
            return self.direct
        proxies = route.chain
        pool = self._proxied.get(proxies)
        if pool is None:
            self._drop_empty_pools()
            most = min(self._limits.per_proxy, self._limits.total)
            limits = PoolLimits(min(self._limits.per_group, most), most)
            pool = self._proxied[proxies] = ClientSocketPool(self._thread, self._factory, limits, self._total)
        return pool

    def pools(self) -> tuple[ClientSocketPool, ...]:
        """The direct one, then the others."""
        return (self.direct, *self._proxied.values())

    def preconnect(self, group_id: GroupId, count: int, net_log: NetLogWithSource) -> None:
        """See ClientSocketPool."""
        self.pool_for(group_id).preconnect(group_id, count, net_log)

    def flush_with_error(self, error: int, reason: str) -> None:
        """See ClientSocketPool."""
        for pool in self.pools():
            pool.flush_with_error(error, reason)

    def refresh(self, reason: str) -> None:
        """See ClientSocketPool."""
        for pool in self.pools():
            pool.refresh(reason)

    def close_idle_sockets(self, reason: str, endpoint: IPEndPoint | None = None) -> None:
        """See ClientSocketPool."""
        for pool in self.pools():
            pool.close_idle_sockets(reason, endpoint)

    def groups(self) -> Iterator[Group]:
        """Those of all pools, to be looked at."""
        return chain.from_iterable([pool.groups() for pool in self.pools()])

    @property
    def slots(self) -> int:
        """Sockets handed out, connecting and idle."""
        return self._total.used

    @property
    def sockets_opened(self) -> int:
        """Connections made so far."""
        return self._past_opened + sum([pool.sockets_opened for pool in self.pools()])

    @property
    def sockets_reused(self) -> int:
        """How often a request got a connection that was there already."""
        return self._past_reused + sum([pool.sockets_reused for pool in self.pools()])

    def _drop_empty_pools(self) -> None:
        for proxies, pool in list(self._proxied.items()):
            if next(pool.groups(), None) is None:
                del self._proxied[proxies]
                self._total.remove(pool)
                pool.close_idle_sockets(close_reasons.POOL_DESTROYED)  # there are none; it stops looking after them
                self._past_opened += pool.sockets_opened
                self._past_reused += pool.sockets_reused
