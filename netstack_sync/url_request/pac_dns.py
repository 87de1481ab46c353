"""PacDns over our own resolver and its cache."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED
from netstack_sync.base.shown_text import shown
from netstack_sync.base.url_host import canonical_host
from netstack_sync.dns.host_resolver import DEFAULT_PARAMETERS, HostResolver, ResolveRequest
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


class HostResolverPacDns:
    """See PacDns."""

    __slots__ = ("_resolver",)

    def __init__(self, resolver: HostResolver) -> None:
        self._resolver = resolver

    def create_lookup(self, host: str, net_log: NetLogWithSource) -> HostLookup:
        """See PacDns."""
        try:
            name = parse_ip_literal(host) or canonical_host(host)
        except ValueError as error:
            return HostLookup(None, f"{shown(host)!r} {error}")
        return HostLookup(self._resolver.create_request(name, 0, DEFAULT_PARAMETERS, net_log))


class HostLookup:
    """See PacLookup."""

    __slots__ = ("_request", "addresses", "error_detail")

    def __init__(self, request: ResolveRequest | None, error_detail: str = "") -> None:
        """Without a request there is nobody to ask, for the reason given."""
        self._request = request
        self.addresses: tuple[str, ...] = ()
        self.error_detail = error_detail

    def start(self, on_done: Completion) -> int:
        """See PacLookup."""
        request = self._request
        if request is None:
            return ERR_NAME_NOT_RESOLVED

        def finish(result: int) -> None:
            on_done(self._take(request, result))

        result = request.start(finish)
        return result if result == ERR_IO_PENDING else self._take(request, result)

    def cancel(self) -> None:
        """See PacLookup."""
        if self._request is not None:
            self._request.cancel()

    def _take(self, request: ResolveRequest, result: int) -> int:
        self.addresses = tuple([endpoint.address for endpoint in request.addresses])
        self.error_detail = request.error_detail
        return result
