"""Chromium's words for settings made by hand."""

from __future__ import annotations

import pytest

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyList, ProxyRules
from netstack_sync.proxy.rules_text import parse_proxy_list, parse_rules_text


def chain(url: str) -> ProxyChain:
    return ProxyChain.from_urls(url)


@pytest.mark.parametrize(
    "text, rules",
    [
        ("", ProxyRules()),
        (" ; ", ProxyRules()),
        ("myproxy:80", ProxyRules(single=(chain("http://myproxy:80"),))),
        ("myproxy:80;ignored:80", ProxyRules(single=(chain("http://myproxy:80"),))),
        ("a:1, https://b, direct://", ProxyRules(single=(chain("http://a:1"), chain("https://b:443"), DIRECT))),
        (
            "http=foo:80;https=bar:443;socks=s:1080",
            ProxyRules(
                (),
                (("http", (chain("http://foo:80"),)), ("https", (chain("http://bar:443"),))),
                (chain("socks4://s:1080"),),
            ),
        ),
        ("socks=socks5://s", ProxyRules(fallback=(chain("socks5://s"),))),
        (" HTTP = foo ; ignored:80", ProxyRules(by_scheme=(("http", (chain("http://foo:80"),)),))),
        ("http=a;http=b", ProxyRules(by_scheme=(("http", (chain("http://a"), chain("http://b"))),))),
        ("crazy=foo;ftp=b", ProxyRules(by_scheme=(("ftp", (chain("http://b"),)),))),
        ("http=;https=quic://x", ProxyRules()),
        ("http://u:p@a:1", ProxyRules(single=(chain("http://a:1"),))),
    ],
)
def test_the_words(text: str, rules: ProxyRules) -> None:
    """Row 217 (PerProtocolProxyTests): one list for all, or lists for some and one for the rest."""
    assert parse_rules_text(text) == rules


def test_what_goes_along() -> None:
    """The bypass rules are no part of the text."""
    bypass = ProxyBypassRules("*.example")
    for text in ("a:1", "http=a:1"):
        rules = parse_rules_text(text, bypass, reverses_bypass=True)
        assert rules.bypass is bypass and rules.reverses_bypass


@pytest.mark.parametrize(
    "text, chains",
    [
        ("", ()),
        ("bad host, , ftp://x, h", (chain("socks4://h"),)),
        ("http://h,DIRECT://", (chain("http://h"), DIRECT)),
    ],
)
def test_lists(text: str, chains: ProxyList) -> None:
    """Row 224 (ProxyUriToProxyServer: Direct, Invalid): garbage is skipped."""
    assert parse_proxy_list(text, ProxyScheme.SOCKS4) == chains
