"""PacDns over our own resolver and its cache; and which addresses this machine has, for scripts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_NAME_NOT_RESOLVED
from netstack_sync.base.shown_text import shown
from netstack_sync.base.url_host import canonical_host
from netstack_sync.dns.host_resolver import HostResolver, ResolveParameters, ResolveRequest
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion

_IPV4_ONLY: Final = ResolveParameters(family=socket.AF_INET)
_BOTH_FAMILIES: Final = ResolveParameters()

# Who is asked for a way there, though nothing is sent: somebody far away, then, for a network that ends at its own
# border, those who have private addresses (net/proxy_resolution/my_ip_address_impl.cc).
_FAR_AWAY: Final = ("8.8.8.8", "2001:4860:4860::8888")
_NEARBY: Final = ("10.0.0.0", "172.16.0.0", "192.168.0.0", "fc00::")


class HostResolverPacDns:
    """See PacDns."""

    __slots__ = ("_resolver",)

    def __init__(self, resolver: HostResolver) -> None:
        self._resolver = resolver

    def create_lookup(self, host: str, is_ipv4_only: bool, net_log: NetLogWithSource) -> HostLookup:
        """See PacDns."""
        parameters = _IPV4_ONLY if is_ipv4_only else _BOTH_FAMILIES
        try:
            name = parse_ip_literal(host) or canonical_host(host)
        except ValueError as error:
            return HostLookup(None, f"{shown(host)!r} {error}")
        return HostLookup(self._resolver.create_request(name, 0, parameters, net_log))


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


def own_addresses(find_source: Callable[[IPEndPoint], str | None]) -> tuple[str, ...]:
    """The addresses that this machine sends from, IPv4 first; none without a network. `find_source`: see FindSource."""
    return _sources_towards(_FAR_AWAY, find_source) or _sources_towards(_NEARBY, find_source)


def _sources_towards(addresses: tuple[str, ...], find_source: Callable[[IPEndPoint], str | None]) -> tuple[str, ...]:
    endpoints = [IPEndPoint(each, 0, socket.AF_INET6 if ":" in each else socket.AF_INET) for each in addresses]
    found = dict.fromkeys([find_source(endpoint) for endpoint in endpoints])
    return tuple([address for address in found if address is not None and _is_usable(address)])


def _is_usable(address: str) -> bool:
    """Not for addresses that nobody else knows, such as a machine without a network has."""
    is_link_local = address.startswith(("169.254.", "fe80:"))
    return not is_link_local and not IPEndPoint(address, 0, _family(address)).is_loopback


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
