"""LateProxyParts: what a context has for proxies, read and made when somebody goes through one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netstack_sync.base.clock import WallClock
    from netstack_sync.dns.host_resolver import HostResolver
    from netstack_sync.proxy.config import ProxyConfig
    from netstack_sync.sockets.tls_config import TlsConfig
    from netstack_sync.url_request.context import URLRequestContext
    from netstack_sync.url_request.proxy_parts import ProxyParts
    from netstack_sync.url_request.proxy_services import ServiceInUse


def load_proxy_rooms() -> None:
    """Reads the files that a request through a proxy needs, some fifty. On the thread of whoever names a proxy, so
    that the network thread finds them there.
    """
    import netstack_sync.http.exchange_parties
    import netstack_sync.http.proxy_preconnect
    import netstack_sync.pool.http_proxy_connect_job
    import netstack_sync.pool.socks_connect_job
    import netstack_sync.url_request.proxy_parts  # noqa: F401


class LateProxyParts:
    """See ProxyParts, which it makes once; also the ScriptEngine of its ProxyServices."""

    __slots__ = ("_is_shut_down", "_parts", "_resolver", "_side_context", "_tls", "_wall_clock")

    def __init__(
        self, side_context: URLRequestContext, resolver: HostResolver, tls: TlsConfig, wall_clock: WallClock
    ) -> None:
        self._side_context = side_context
        self._resolver = resolver
        self._tls = tls
        self._wall_clock = wall_clock
        self._parts: ProxyParts | None = None
        self._is_shut_down = False

    def make_service(self, config: ProxyConfig) -> ServiceInUse:
        """See ProxyParts.make_service."""
        return self._made().make_service(config)

    def shut_down(self) -> None:
        """See ScriptEngine."""
        self._is_shut_down = True
        if self._parts is not None:
            self._parts.engine.shut_down()

    def abandon_after_fork(self) -> None:
        """See ScriptEngine."""
        if self._parts is not None:
            self._parts.engine.abandon_after_fork()

    def _made(self) -> ProxyParts:
        if self._parts is None:
            from netstack_sync.url_request.proxy_parts import ProxyParts  # late: see load_proxy_rooms()

            self._parts = ProxyParts(self._side_context, self._resolver, self._tls, self._wall_clock)
            if self._is_shut_down:
                self._parts.engine.shut_down()
        return self._parts
