"""Which requests are sent to a proxy itself, and whether the caller's word to a proxy goes with them."""

from __future__ import annotations

from dataclasses import replace

from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute


def forwarding_hop(route: ProxyRoute | None, info: HttpRequestInfo) -> ProxyHop | None:
    """The proxy that forwards the request; None where it goes to the server itself, through a tunnel or not."""
    return route.last if route is not None and route.forwards(info.url.is_secure) else None


def has_own_words(info: HttpRequestInfo) -> bool:
    """True when the caller says to a proxy himself who he is."""
    return "proxy-authorization" in info.headers


def without_own_words(info: HttpRequestInfo) -> HttpRequestInfo:
    """The request as all others may get it."""
    headers = info.headers.copy()
    headers.remove("Proxy-Authorization")
    return replace(info, headers=headers)
