"""BootstrapResolver: resolves the names of DNS over HTTPS servers, which DNS over HTTPS cannot."""

from __future__ import annotations

from netstack_sync.dns.host_resolver import HostResolver, ResolveParameters, ResolveRequest, ResolveSource
from netstack_sync.log.bound import NetLogWithSource


class BootstrapResolver:
    """A HostResolver that has another one ask the system; without it a lookup would wait for itself."""

    __slots__ = ("_resolver",)

    def __init__(self, resolver: HostResolver) -> None:
        self._resolver = resolver

    def create_request(
        self, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> ResolveRequest:
        """See HostResolver."""
        bootstrap = parameters._replace(source=ResolveSource.SYSTEM, is_bootstrap=True)
        return self._resolver.create_request(host, port, bootstrap, net_log)
