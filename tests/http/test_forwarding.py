"""Who forwards a request, and what he gets to see of it."""

from __future__ import annotations

import pytest

from netstack_sync.http.forwarding import forwarding_hop, with_headers_for
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from tests.support.scripted_proxies import chain_of, server_of
from tests.support.scripted_stack import request_info

OWN = [("Proxy-Authorization", "Basic mine"), ("A", "1"), ("PROXY-authorization", "Basic too")]


def route_of(text: str) -> ProxyRoute:
    return ProxyRoute(tuple([ProxyHop(server_of(part)) for part in text.split()]))


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5"])
@pytest.mark.parametrize("before", ["", "socks5://s:1 ", "http://s:1 "])
def test_only_plain_http_through_a_proxy_that_speaks_it(scheme: str, before: str) -> None:
    """R18 (CVE-2026-6253): the target's scheme decides whether it is spoken to in TLS, the last proxy how."""
    route = route_of(f"{before}{scheme}://p:80")
    hop = forwarding_hop(route, request_info("http://a.test/"))
    assert hop == (route.last if scheme in ("http", "https") else None)
    assert forwarding_hop(route, request_info("https://a.test/")) is None


def test_without_a_proxy() -> None:
    """Nobody does."""
    assert forwarding_hop(None, request_info()) is None


def test_the_callers_word_to_a_proxy_is_for_the_first_one() -> None:
    """R5, R18 (CVE-2026-6253): over attempts and redirects no other one gets it, in whatever spelling and number."""
    info = request_info(headers=OWN)
    first = with_headers_for(chain_of("http://p:80"), info)
    assert first.headers.items() == OWN and first.own_proxy_chain == chain_of("http://p:80")
    assert with_headers_for(chain_of("http://p:80"), first) is first
    for other in ("http://q:80", "https://p:80", "socks5://s:1 http://p:80"):
        assert with_headers_for(chain_of(other), first).headers.items() == [("A", "1")]
    assert info.headers.items() == OWN, "the caller's own list stays"


def test_a_request_that_says_nothing_to_proxies() -> None:
    """Stays what it is."""
    info = request_info(headers=[("Proxy-Connection", "close")])
    assert with_headers_for(chain_of("http://p:80"), info) is info
