"""Proxies as callers write them."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.fetcher.proxy_lists import ProxyListReader
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECTLY, ProxyList, ProxyRules

A, B, C = (ProxyChain.from_urls(url) for url in ("http://a:1", "https://b:2", "socks5://c:3"))
AB = ProxyChain.from_urls("http://a:1", "https://b:2")


def rules_of(value: object, bypass: str = "", reverses_bypass: bool = False) -> ProxyRules:
    return ProxyListReader().read_rules(value, ProxyBypassRules(bypass), reverses_bypass)


def lists_of(value: object, url: str) -> ProxyList:
    return rules_of(value).lists_for(Url.parse(url))


@pytest.mark.parametrize(
    "value, chains",
    [
        ("http://a:1", (A,)),
        ("a:1", (A,)),
        ("socks5h://c:3", (C,)),
        ("direct", DIRECTLY),
        (" Direct:// ", DIRECTLY),
        (["http://a:1", "https://b:2", "direct"], (A, B, DIRECT)),
        (("http://a:1", AB), (A, AB)),
        (AB, (AB,)),
        (DIRECT, DIRECTLY),
        (A.servers[0], (A,)),
        ([A.servers[0]], (A,)),
    ],
)
def test_for_all_schemes(value: object, chains: ProxyList) -> None:
    """One proxy, a chain, or several that are tried one after the other."""
    assert rules_of(value) == ProxyRules(single=chains)


@pytest.mark.parametrize(
    "value, url, chains",
    [
        ({"http": "a:1"}, "http://x", (A,)),
        ({"http": "a:1"}, "https://x", DIRECTLY),
        ({"http://": "a:1", "HTTPS://": ["https://b:2", "direct"]}, "https://x", (B, DIRECT)),
        ({"http": "a:1", "all": AB}, "https://x", (AB,)),
        ({"all://": "a:1"}, "http://x", (A,)),
        ({"http": "a:1", "all": C}, "ws://x", (A,)),
        ({"https": "a:1", "all": C}, "wss://x", (A,)),
        ({"https": "a:1", "wss": "https://b:2"}, "wss://x", (B,)),
        ({"https": None, "all": "a:1"}, "https://x", DIRECTLY),
        ({"https": "", "all": "a:1"}, "https://x", DIRECTLY),
        ({"https": "direct", "all": "a:1"}, "https://x", DIRECTLY),
        ({"ftp": "direct", "all": "a:1"}, "ftp://x", DIRECTLY),
        ({}, "https://x", DIRECTLY),
        ({"all": "a:1", "no_proxy": "y, z"}, "http://w.y", DIRECTLY),
        ({"all": "a:1", "no_proxy": "y, z"}, "http://x", (A,)),
        ({"all": "a:1", "no_proxy": None}, "http://x", (A,)),
    ],
)
def test_by_scheme(value: object, url: str, chains: ProxyList) -> None:
    """As requests and httpx spell it; nothing said of a scheme is no proxy for it."""
    assert lists_of(value, url) == chains


def test_no_proxy_goes_with_bypass_rules() -> None:
    """Neither takes back what the other says of this machine."""
    rules = rules_of({"all": "a:1", "no_proxy": "127.0.0.1"}, "<-loopback>;[::1]")
    for url, chains in (("http://127.0.0.1", DIRECTLY), ("http://[::1]", DIRECTLY), ("http://localhost", (A,))):
        assert rules.lists_for(Url.parse(url)) == chains


def test_bypass_rules_go_along() -> None:
    """With one list, and with several."""
    for value in ("a:1", {"http": "a:1"}):
        rules = rules_of(value, "*.example", reverses_bypass=True)
        assert rules.bypass == ProxyBypassRules("*.example") and rules.reverses_bypass


def test_credentials() -> None:
    """They are no part of the lists; the same ones may be said twice."""
    reader = ProxyListReader()
    read = reader.read_list(["http://u:p%40@a:1", "http://u:p%40@a:1", "socks5://v@c:3", "https://b:2"])
    assert read == (A, A, C, B)
    assert reader.credentials == ((A.servers[0], ("u", "p@")), (C.servers[0], ("v", "")))


@pytest.mark.parametrize(
    "value, error, message",
    [
        ("", ValueError, 'proxy: the URL is empty; for no proxy pass "direct"'),
        ("system", ValueError, 'proxy: "system" stands alone'),
        (["a", "System"], ValueError, 'proxy: "system" stands alone'),
        ("http://me:secret@a:port", ValueError, r"proxy: 'http://\*\*\*@a:port' has no valid host and port"),
        ("ftp://a", ValueError, "proxy: 'ftp://a' has the scheme 'ftp', which no proxy has; there are http, https, "),
        ("http://me:secret@", ValueError, "has credentials, but no host"),
        ("a:1,b:2", ValueError, "pass several proxies as a list"),
        (["http://u:secret1@a", "http://u:secret2@a"], ValueError, "proxy: http://a:80 is named twice, with different"),
        ([], ValueError, 'proxy: the list is empty; for no proxy pass "direct"'),
        ([None], TypeError, "a list of these, or a mapping, not NoneType"),
        ([["a"]], TypeError, "not list"),
        (5, TypeError, 'proxy: must be a URL such as "http://host:3128"'),
        (b"http://a", TypeError, "not bytes"),
        (
            {"gopher": "a"},
            ValueError,
            "proxy: the mapping has the key 'gopher'; there are http, https, ftp, ",
        ),
        ({"http://me:secret@host": "a"}, ValueError, r"proxy: the mapping has the key 'http://\*\*\*@host'"),
        ({"all://host": "a"}, ValueError, r"no_proxy; single hosts are for ProxyConfig\(bypass=...\), or a script$"),
        ({5: "a"}, TypeError, "proxy: the keys of a mapping are http, https, .*, not int"),
        ({"http": "a", "HTTP://": "b"}, ValueError, "proxy: the mapping names 'http' twice"),
        ({"http": {"x": "y"}}, TypeError, "not dict"),
        ({"no_proxy": ["a"]}, TypeError, "proxy: no_proxy must be a string of hosts, not list"),
        ({"no_proxy": "a,b/c"}, ValueError, "proxy: no_proxy: the rule 'b/c' has a / but is no range"),
        (ProxyChain((*AB.servers, *C.servers)), ValueError, "proxy: a chain has at most 2 proxies, not 3"),
        (ProxyChain(("http://a",)), TypeError, r"proxy: make chains of URLs by ProxyChain.from_urls\(\)"),  # type: ignore[arg-type]
        (ProxyChain("http://a"), TypeError, "proxy: make chains of URLs"),  # type: ignore[arg-type]
    ],
)
def test_what_is_none(value: Any, error: type[Exception], message: str) -> None:
    """The words say what was wrong and what to do, never a password."""
    with pytest.raises(error, match=message) as caught:
        rules_of(value)
    assert "secret" not in str(caught.value)


def test_no_proxy_cannot_be_reversed() -> None:
    """It says what goes directly, the other what does not."""
    with pytest.raises(ValueError, match="no_proxy and reverse_bypass contradict each other"):
        rules_of({"all": "a:1", "no_proxy": "b"}, "c", reverses_bypass=True)


def test_every_scheme_of_a_proxy() -> None:
    """Names always go to the proxy, whichever way SOCKS5 is spelt."""
    for scheme in ("http", "https", "socks4", "socks4a", "socks5"):
        assert rules_of(f"{scheme}://h:9").single == (ProxyChain((ProxyServer(ProxyScheme(scheme), "h", 9),)),)
    assert rules_of("socks5h://h") == rules_of("socks://h") == rules_of("socks5://h")
