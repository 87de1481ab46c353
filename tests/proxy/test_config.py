"""Settings: which list is for which URL (row 217)."""

from __future__ import annotations

import pytest

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECT_CONFIG, DIRECTLY, ProxyConfig, ProxyList, ProxyRules

A, B, C = (ProxyChain.from_urls(url) for url in ("http://a:1", "https://b:2", "socks5://c:3"))
PER_SCHEME = ProxyRules(by_scheme=(("http", (A,)), ("https", (B, DIRECT))))


@pytest.mark.parametrize(
    "rules, url, chains",
    [
        (ProxyRules(), "http://x", DIRECTLY),
        (ProxyRules(single=(A, B)), "https://x", (A, B)),
        (ProxyRules(single=(A, B)), "ftp://x", (A, B)),
        (PER_SCHEME, "http://x", (A,)),
        (PER_SCHEME, "https://x", (B, DIRECT)),
        (PER_SCHEME, "ftp://x", DIRECTLY),
        (PER_SCHEME, "wss://x", (B, DIRECT)),
        (PER_SCHEME, "ws://x", (B, DIRECT)),
        (ProxyRules(by_scheme=(("http", (A,)),)), "wss://x", (A,)),
        (ProxyRules(by_scheme=(("http", (A,)),)), "https://x", DIRECTLY),
        (ProxyRules(by_scheme=(("http", (A,)), ("ws", (B,)))), "ws://x", (B,)),
        (ProxyRules(by_scheme=(("http", (A,)),), fallback=(C,)), "http://x", (A,)),
        (ProxyRules(by_scheme=(("http", (A,)),), fallback=(C,)), "https://x", (C,)),
        (ProxyRules(by_scheme=(("https", (A,)),), fallback=(C,)), "wss://x", (C,)),
        (ProxyRules(fallback=(C,)), "http://x", (C,)),
    ],
)
def test_which_list(rules: ProxyRules, url: str, chains: ProxyList) -> None:
    """Row 217 (PerProtocolProxyTests, DefaultProxyFallbackToSOCKS): WebSockets prefer what can certainly tunnel."""
    assert rules.lists_for(Url.parse(url)) == chains


def test_bypass() -> None:
    """Row 217 (ProxyBypassList, ImplicitlyBypassWithManualSettings): directly, and not even by a direct entry."""
    rules = ProxyRules(single=(A,), bypass=ProxyBypassRules("*.example"))
    for url in ("http://x.example", "http://localhost"):
        assert rules.lists_for(Url.parse(url)) == DIRECTLY
    assert rules.lists_for(Url.parse("http://x.other")) == (A,)


def test_reversed_bypass() -> None:
    """Only what the rules name goes through the proxies."""
    rules = ProxyRules(single=(A,), bypass=ProxyBypassRules("*.example"), reverses_bypass=True)
    assert rules.lists_for(Url.parse("http://x.example")) == (A,)
    assert rules.lists_for(Url.parse("http://x.other")) == DIRECTLY


@pytest.mark.parametrize(
    "config, is_direct, has_script, description",
    [
        (DIRECT_CONFIG, True, False, "direct://"),
        (ProxyConfig(rules=ProxyRules(single=DIRECTLY)), True, False, "direct://"),
        (ProxyConfig(rules=PER_SCHEME), False, False, "http://a:1, https://b:2, direct://"),
        (ProxyConfig(rules=ProxyRules(fallback=(C,))), False, False, "socks5://c:3"),
        (ProxyConfig(rules=ProxyRules(single=(A, A))), False, False, "http://a:1"),
        (ProxyConfig(auto_detect=True), False, True, "auto-detect"),
        (ProxyConfig(pac_url="http://u:secret@p/", rules=ProxyRules(single=(A,))), False, True, "script, http://a:1"),
        (ProxyConfig(pac_script="secret", pac_mandatory=True), False, True, "mandatory script"),
    ],
)
def test_what_they_are(config: ProxyConfig, is_direct: bool, has_script: bool, description: str) -> None:
    """In a word, and in one line; no text of them shows what may be secret."""
    assert (config.is_direct, config.has_automatic_settings) == (is_direct, has_script)
    assert config.description == description and "secret" not in repr(config)


def test_credentials_are_for_one_proxy() -> None:
    """R1: a proxy at the same place that is spoken to otherwise is another one."""
    config = ProxyConfig(credentials=((A.servers[0], ("u", "secret")),))
    assert config.credentials_of(A.servers[0]) == ("u", "secret") and "secret" not in repr(config)
    assert config.credentials_of(B.servers[0]) is None


def test_without_credentials() -> None:
    """Neither those of proxies nor those in the URL of a script; all else stays."""
    config = ProxyConfig(
        pac_url="http://me:secret@pac.test/p?a#b", credentials=((A.servers[0], ("me", "p")),), source="x"
    )
    assert config.without_credentials() == ProxyConfig(pac_url="http://pac.test/p?a#b", source="x")
    assert DIRECT_CONFIG.without_credentials() == DIRECT_CONFIG
