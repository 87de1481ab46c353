"""One proxy as a value."""

from __future__ import annotations

from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.proxy_server import DEFAULT_PROXY_PORTS, ProxyScheme, ProxyServer


def test_it_is_shown_as_a_url() -> None:
    """With its port always, and brackets where an IPv6 address needs them."""
    assert str(ProxyServer(ProxyScheme.HTTP, "a.example", 80)) == "http://a.example:80"
    server = ProxyServer(ProxyScheme.SOCKS5, "::1", 1080)
    assert (str(server), server.host_port) == ("socks5://[::1]:1080", "[::1]:1080")


def test_origin() -> None:
    """Two proxies at one address that are spoken to differently are two."""
    assert ProxyServer(ProxyScheme.HTTPS, "p", 3128).origin == SchemeHostPort("https", "p", 3128)


def test_schemes() -> None:
    """Two understand requests; every one has a port that goes without saying."""
    assert [scheme for scheme in ProxyScheme if scheme.is_http] == [ProxyScheme.HTTP, ProxyScheme.HTTPS]
    assert set(DEFAULT_PROXY_PORTS) == set(ProxyScheme)
