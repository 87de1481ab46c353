"""Which requests are sent to a proxy itself, what it may leave of them, and what the caller says to it."""

from __future__ import annotations

from typing import Final

from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute

_SURELY_READ_BYTES: Final = 4096  # of a body, with the head


def forwarding_hop(route: ProxyRoute | None, info: HttpRequestInfo) -> ProxyHop | None:
    """The proxy that forwards the request; None where it goes to the server itself, through a tunnel or not."""
    return route.last if route is not None and route.forwards(info.url.is_secure) else None


def may_be_left_unread(info: HttpRequestInfo) -> bool:
    """True when a proxy may answer before it has the whole body: squid 5 leaves the rest unread, and never answers
    what comes behind it. curl waits for that answer.
    """
    upload = info.upload
    return upload is not None and (upload.size is None or upload.size > _SURELY_READ_BYTES)


def has_own_words(info: HttpRequestInfo) -> bool:
    """True when the caller says to a proxy himself who he is."""
    return "proxy-authorization" in info.headers


def without_own_words(info: HttpRequestInfo) -> HttpRequestInfo:
    """The request as all others may get it."""
    info = info.copy()
    info.headers = info.headers.copy()
    info.headers.remove("Proxy-Authorization")
    return info
