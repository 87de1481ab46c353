"""Which requests are sent to a proxy itself, and which of the caller's headers go with them."""

from __future__ import annotations

from dataclasses import replace

from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute


def forwarding_hop(route: ProxyRoute | None, info: HttpRequestInfo) -> ProxyHop | None:
    """The proxy that forwards the request; None where it goes to the server itself, through a tunnel or not."""
    return route.last if route is not None and route.forwards(info.url.is_secure) else None


def with_headers_for(chain: ProxyChain, info: HttpRequestInfo) -> HttpRequestInfo:
    """The request as these proxies may get it.

    What the caller says to a proxy is for the first one that gets it, over all attempts and redirects: whoever comes
    instead of it is another party, which may be told of by a script, or by whoever keeps the first one from
    answering (rules R5 and R18).
    """
    if "proxy-authorization" not in info.headers or info.own_proxy_chain == chain:
        return info
    if info.own_proxy_chain is None:
        return replace(info, own_proxy_chain=chain)
    headers = info.headers.copy()
    headers.remove("Proxy-Authorization")
    return replace(info, headers=headers)
