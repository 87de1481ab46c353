"""Proxies one behind the other."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme, ProxyServer

A = ProxyServer(ProxyScheme.HTTP, "a", 3128)
B = ProxyServer(ProxyScheme.SOCKS5, "b", 1080)


def test_made_of_urls() -> None:
    """In the order in which a connection passes them."""
    assert ProxyChain.from_urls("http://A:3128", "socks5://b:1080") == ProxyChain((A, B))
    assert ProxyChain.from_urls("a:3128") == ProxyChain((A,))


def test_how_it_is_shown() -> None:
    """In one line."""
    assert str(ProxyChain((A, B))) == "http://a:3128 -> socks5://b:1080" and not ProxyChain((A,)).is_direct
    assert str(DIRECT) == "direct://" and DIRECT.is_direct


@pytest.mark.parametrize(
    "urls, error, message",
    [
        ((), ValueError, "proxy: a chain has 1 to 2 proxies, not 0"),
        (("a", "b", "c"), ValueError, "proxy: a chain has 1 to 2 proxies, not 3"),
        (("a", "quic://b"), ValueError, "proxy: 'quic://b' has the scheme 'quic'"),
        (("a", A), TypeError, "proxy: a chain is made of URLs as strings, not of ProxyServer"),
        ((["a", "b"],), TypeError, "not of list"),
        (("http://me:secret@a:3128",), ValueError, r"pass proxy_auth=\{'http://a:3128': \(user, password\)\}"),
    ],
)
def test_what_is_no_chain(urls: Any, error: type[Exception], message: str) -> None:
    """The words say what to do, and never a password."""
    with pytest.raises(error, match=message) as caught:
        ProxyChain.from_urls(*urls)
    assert "secret" not in str(caught.value)
