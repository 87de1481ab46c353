"""ProxyRoute: who is on the way, and who is sent what."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.pool.proxy_route import ProxyRoute
from tests.support.proxy_jobs import hop


def test_its_chain_is_who_the_proxies_are() -> None:
    """Without as whom they are spoken to: it may be logged, and is what a pool is for."""
    first, last = hop("http", "p", password_identity("me", "p")), hop("socks5", "q")
    route = ProxyRoute((first, last))
    assert route.chain == ProxyChain((first.server, last.server)) and route.last is last
    assert route.chain == ProxyRoute((hop("http", "p"), last)).chain


@pytest.mark.parametrize("first", ["http", "socks5"])
@pytest.mark.parametrize(
    "last, forwards", [("http", True), ("https", True), ("socks4", False), ("socks4a", False), ("socks5", False)]
)
def test_only_a_last_proxy_that_understands_http_is_sent_requests(first: str, last: str, forwards: bool) -> None:
    """R18 (CVE-2026-6253): and nothing that is to be secured."""
    route = ProxyRoute((hop(first, "p"), hop(last, "q")))
    assert route.forwards(is_secure=False) == forwards and not route.forwards(is_secure=True)
