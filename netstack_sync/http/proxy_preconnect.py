"""ProxyPreconnect: connections in advance, once it is known through which proxy."""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.pool_manager import ClientSocketPoolManager


class ProxyPreconnect:
    """Owned by the session until `on_end` is called with it, which says nothing of the result. Network thread only."""

    __slots__ = ("_count", "_group_id", "_net_log", "_on_end", "_pools", "_way")

    def __init__(
        self,
        pools: ClientSocketPoolManager,
        group_id: GroupId,
        count: int,
        net_log: NetLogWithSource,
        on_end: Callable[[ProxyPreconnect], None],
    ) -> None:
        """`group_id` is that of direct connections."""
        self._pools = pools
        self._group_id = group_id
        self._count = count
        self._net_log = net_log
        self._on_end = on_end
        self._way: ProxyWay | None = None

    def start(self, way: ProxyWay) -> None:
        """Opens the connections now or later, or none."""
        self._way = way
        result = way.find(self._on_found)
        if result != ERR_IO_PENDING:
            self._on_found(result)

    def cancel(self) -> None:
        """Ends the search; idempotent."""
        if self._way is not None:
            self._way.cancel()
            self._way = None
            self._on_end(self)

    def _on_found(self, result: int) -> None:
        way, self._way = self._way, None
        assert way is not None
        self._on_end(self)
        if result == OK:
            self._pools.preconnect(self._group_id._replace(proxy=way.route), self._count, self._net_log)
