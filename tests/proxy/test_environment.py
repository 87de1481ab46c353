"""The variables of the environment that name proxies (C4 of what users expect)."""

from __future__ import annotations

import pytest

from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.proxy.config import DIRECTLY, ProxyConfig, ProxyList
from netstack_sync.proxy.environment import config_from_environment

A, B, C = ((ProxyChain.from_urls(url),) for url in ("http://a:1", "http://b:2", "socks5://c:3"))


def config_of(**environment: str) -> ProxyConfig:
    config = config_from_environment(environment)
    assert config is not None
    return config


def lists_of(url: str, **environment: str) -> ProxyList:
    return config_of(**environment).rules.lists_for(Url.parse(url))


@pytest.mark.parametrize("environment", [{}, {"no_proxy": "x"}, {"http_proxy": "", "HTTPS_PROXY": " "}])
def test_no_proxy_is_named(environment: dict[str, str]) -> None:
    """Empty values mean none."""
    assert config_from_environment(environment) is None


@pytest.mark.parametrize(
    "environment, url, chains",
    [
        ({"http_proxy": "a:1"}, "http://x", A),
        ({"http_proxy": "a:1"}, "ws://x", A),
        ({"http_proxy": "a:1"}, "https://x", DIRECTLY),
        ({"https_proxy": "http://a:1"}, "https://x", A),
        ({"https_proxy": "http://a:1"}, "wss://x", A),
        ({"https_proxy": "http://a:1"}, "http://x", DIRECTLY),
        ({"HTTP_PROXY": "a:1"}, "http://x", A),
        ({"HTTPS_PROXY": "a:1"}, "https://x", A),
        ({"ALL_PROXY": "socks5h://c:3"}, "http://x", C),
        ({"all_proxy": "socks5h://c:3", "http_proxy": "a:1"}, "http://x", A),
        ({"all_proxy": "socks5h://c:3", "http_proxy": "a:1"}, "https://x", C),
        ({"all_proxy": "socks5h://c:3", "http_proxy": "a:1"}, "ws://x", A),
        ({"all_proxy": "socks5h://c:3", "https_proxy": "a:1"}, "wss://x", A),
        ({"http_proxy": " a:1 ", "HTTP_PROXY": "b:2"}, "http://x", A),
        ({"http_proxy": "", "HTTP_PROXY": "b:2", "all_proxy": "socks://c:3"}, "http://x", C),
        ({"all_proxy": "", "ALL_PROXY": "b:2", "http_proxy": "a:1"}, "https://x", DIRECTLY),
    ],
)
def test_who_is_asked(environment: dict[str, str], url: str, chains: ProxyList) -> None:
    """The scheme's own proxy before that for all; lower case before upper, even when it is empty, as with requests."""
    assert lists_of(url, **environment) == chains


def test_httpoxy() -> None:
    """CVE-2016-5385: in a CGI script HTTP_PROXY is a header of whoever sent the request; no other variable can be."""
    assert config_from_environment({"REQUEST_METHOD": "GET", "HTTP_PROXY": "evil:1"}) is None
    assert lists_of("http://x", REQUEST_METHOD="GET", HTTP_PROXY="evil:1", http_proxy="a:1") == A
    assert lists_of("https://x", REQUEST_METHOD="", HTTP_PROXY="evil:1", HTTPS_PROXY="a:1") == A
    assert lists_of("http://x", HTTP_PROXY="a:1") == A


def test_what_goes_directly() -> None:
    """What no_proxy names, in lower case first; bad entries are skipped. This machine only if it is named."""
    assert lists_of("http://x.y", http_proxy="a:1", no_proxy="y", NO_PROXY="*") == DIRECTLY
    assert lists_of("http://x.z", http_proxy="a:1", no_proxy="y", NO_PROXY="*") == A
    assert lists_of("http://x.z", http_proxy="a:1", no_proxy="", NO_PROXY="*") == A
    assert lists_of("http://x.z", http_proxy="a:1", NO_PROXY="bad/entry, *") == DIRECTLY
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert lists_of(f"http://{host}", http_proxy="a:1") == A
        assert lists_of(f"http://{host}", http_proxy="a:1", no_proxy="localhost,127.0.0.0/8,::1") == DIRECTLY


def test_where_it_is_from() -> None:
    """The variables that count, in words."""
    assert config_of(HTTP_PROXY="a", all_proxy="b").source == "environment: HTTP_PROXY, all_proxy"
    assert config_of(https_proxy="a", NO_PROXY="b").source == "environment: https_proxy, NO_PROXY"


def test_credentials() -> None:
    """Each for its own proxy, and shown nowhere."""
    config = config_of(http_proxy="http://u:p%40@a:1", https_proxy="http://b:2", ALL_PROXY="http://u:p%40@A:1")
    assert config.credentials == ((A[0].servers[0], ("u", "p@")),) and "p@" not in repr(config)


@pytest.mark.parametrize(
    "environment, message",
    [
        ({"HTTPS_PROXY": "http://u:secret@h:port"}, r"variable HTTPS_PROXY: 'http://\*\*\*@h:port' has no valid host"),
        ({"all_proxy": "quic://h"}, "variable all_proxy: 'quic://h' has the scheme 'quic'"),
        (
            {"http_proxy": "http://u:secret@h", "https_proxy": "http://u:secret2@h"},
            "variable https_proxy: another variable has other credentials for http://h:80",
        ),
    ],
)
def test_what_cannot_be_used(environment: dict[str, str], message: str) -> None:
    """The variable is named, without its password; nobody goes directly who wanted a proxy."""
    with pytest.raises(ValueError, match=message) as caught:
        config_from_environment(environment)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "environment, is_named",
    [
        ({}, False),
        ({"http_proxy": " ", "HTTP_PROXY": "http://p.test:1"}, False),
        ({"HTTP_PROXY": "http://p.test:1", "REQUEST_METHOD": "GET"}, False),
        ({"no_proxy": "a.test"}, False),
        ({"HTTPS_PROXY": "p.test:1"}, True),
        ({"all_proxy": "p.test:1"}, True),
    ],
)
def test_whether_a_proxy_is_named(environment: dict[str, str], is_named: bool) -> None:
    """Two spellings, of which one counts; and never what a client of a CGI script has sent."""
    assert (config_from_environment(environment) is not None) is is_named
