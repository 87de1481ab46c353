"""What values of `proxy` and `proxy_auth` stand for."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import (
    AnyAuth,
    AutoDetect,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NegotiateAuth,
    NetrcAuth,
    NtlmAuth,
    PacScript,
    PacUrl,
    ProxyChain,
    ProxyConfig,
)
from netstack_sync.auth.credentials import any_identity
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.fetcher.proxy_arguments import SYSTEM, proxy_auth_from_value, proxy_from_value
from netstack_sync.proxy.config import DIRECT_CONFIG
from netstack_sync.proxy.config import ProxyConfig as Config

A = ProxyServer(ProxyScheme.HTTP, "a", 3128)
B = ProxyServer(ProxyScheme.SOCKS5, "b", 1080)
SCRIPT = "function FindProxyForURL(url, host) { return 'DIRECT'; }"
ENVIRONMENT = {"http_proxy": "http://env:1", "no_proxy": "x"}


def config_of(value: object) -> Config:
    config = proxy_from_value(value, ENVIRONMENT)
    assert config != SYSTEM
    return config


def test_nothing_said() -> None:
    """The environment says it, or there is no proxy."""
    config = proxy_from_value(None, ENVIRONMENT)
    assert isinstance(config, Config) and config.source == "environment: http_proxy, no_proxy"
    assert proxy_from_value(None, {}) is DIRECT_CONFIG
    with pytest.raises(ValueError, match="environment variable http_proxy: 'ftp://x' has the scheme"):
        proxy_from_value(None, {"http_proxy": "ftp://x"})


def test_the_system() -> None:
    """The environment first; what the desktop says is found out elsewhere."""
    assert proxy_from_value("System", ENVIRONMENT) == proxy_from_value(None, ENVIRONMENT)
    assert proxy_from_value("system", {}) == SYSTEM


@pytest.mark.parametrize("value", ["direct", "direct://", ["direct"], {}, {"http": None}, ProxyChain(), ProxyConfig()])
def test_no_proxy(value: object) -> None:
    """However it is said: one value, so that the fast path is taken, and the environment is not asked."""
    assert proxy_from_value(value, ENVIRONMENT) is DIRECT_CONFIG


@pytest.mark.parametrize(
    "value, same",
    [
        ("http://u:p@a:3128", ProxyConfig("http://u:p@a:3128")),
        (["a:3128", "direct"], ProxyConfig(["a:3128", "direct"])),
        ({"https": "a:3128"}, ProxyConfig({"https": "a:3128"})),
        (ProxyChain((A, B)), ProxyConfig([ProxyChain((A, B))])),
        (A, ProxyConfig("a:3128")),
        (PacUrl("http://h/", mandatory=True), ProxyConfig(pac=PacUrl("http://h/", mandatory=True))),
        (PacScript(SCRIPT), ProxyConfig(pac=PacScript(SCRIPT))),
        (AutoDetect(), ProxyConfig(auto_detect=True)),
        (ProxyConfig("a:3128", bypass="x"), ProxyConfig("a:3128", bypass="x")),
    ],
)
def test_what_is_said(value: object, same: ProxyConfig) -> None:
    """All of it as a ProxyConfig would; NO_PROXY of the environment does not count for it."""
    assert config_of(value) == same.config and not config_of(value).is_direct


def test_this_machine_is_not_exempt() -> None:
    """What the caller or the environment names counts for localhost too, as with curl and requests."""
    url = Url.parse("http://localhost/")
    for value in ("http://a:3128", None):
        assert not config_of(value).rules.lists_for(url)[0].is_direct


@pytest.mark.parametrize("value", [5, True, b"http://a", PacUrl, object(), {"a"}, iter(["a"])])
def test_what_is_no_proxy(value: object) -> None:
    """The words name every form there is."""
    with pytest.raises(TypeError, match=r"proxy: must be a URL .* or ProxyConfig, not "):
        proxy_from_value(value, {})


@pytest.mark.parametrize("value", ["", "ftp://a", "http://u:secret@", [], {"x": "y"}])
def test_what_cannot_be_read(value: object) -> None:
    """Before anything is sent, and without passwords."""
    with pytest.raises(ValueError, match=r"^proxy: ") as caught:
        proxy_from_value(value, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value, identity",
    [
        (None, None),
        (("u", "p"), password_identity("u", "p")),
        (["u", "p"], password_identity("u", "p")),
        (BasicAuth("u", "p"), AuthIdentity("u", "p", ("basic",))),
        (DigestAuth("u", "p"), AuthIdentity("u", "p", ("digest",))),
        (NtlmAuth("u", "p", "D"), AuthIdentity("u", "p", ("ntlm",), domain="D")),
        (NegotiateAuth(), AuthIdentity("", "", ("negotiate",))),
        (AnyAuth("u", "p"), any_identity(AnyAuth("u", "p"))),
    ],
)
def test_as_whom(value: object, identity: AuthIdentity | None) -> None:
    """A pair and BasicAuth say who it is with the first request, the others when they are asked."""
    auth = proxy_auth_from_value(value)
    assert auth.identity_of(A) == auth.identity_of(B) == identity and auth.source is None
    if identity is not None:
        known = auth.identity_of(A)
        assert known is not None and known.sends_basic == isinstance(value, (tuple, list, BasicAuth))


def test_by_proxy() -> None:
    """The keys in any spelling of theirs; one without a scheme is for any kind of proxy there, its scheme's port
    included. R3 (CVE-2026-7168): nobody else is told.
    """
    auth = proxy_auth_from_value(
        {"A:3128": ("u", "1"), "https://a.:3128/": ("u", "2"), "socks5h://b": ("u", "3"), "c": None, "d": ("u", "4")}
    )
    passwords = {
        "http://a:3128": "1",
        "socks4://a:3128": "1",
        "https://a:3128": "2",
        "socks5://b:1080": "3",
        "socks4://b:1080": None,
        "http://b:1080": None,
        "http://c": None,
        "http://d": "4",
        "https://d:443": "4",
        "socks5://d:1080": "4",
        "https://d:80": None,
        "http://other:3128": None,
    }
    for url, password in passwords.items():
        identity = auth.identity_of(ProxyChain.from_urls(url).servers[0])
        assert (identity.password if identity is not None else None) == password, url


def test_a_function() -> None:
    """It is given the URL of the proxy, and asked by whoever may wait for it."""
    asked: list[str] = []

    def login(url: str) -> tuple[str, str] | None:
        asked.append(url)
        return ("u", "p") if url == "http://a:3128" else None

    auth = proxy_auth_from_value(login)
    assert auth.source is login and auth.identity_of(A) is None and asked == []
    assert auth.ask(A) == password_identity("u", "p") and auth.ask(B) is None
    assert asked == ["http://a:3128", "socks5://b:1080"]


def test_a_function_that_gives_what_is_none() -> None:
    """It is named, and what it raises is raised."""
    with pytest.raises(ValueError, match="the function <lambda> gave what is no login: it"):
        proxy_auth_from_value(lambda url: "user:secret").ask(A)

    class Fails:
        def __call__(self, url: str) -> Any:
            return BearerAuth("secret")

    with pytest.raises(ValueError, match="the function Fails gave what is no login"):
        proxy_auth_from_value(Fails()).ask(A)
    with pytest.raises(ZeroDivisionError):
        proxy_auth_from_value(lambda url: 1 / 0).ask(A)


@pytest.mark.parametrize(
    "value, message",
    [
        ("u:secret", r"proxy_auth: must be a pair \(user, password\) .* or AnyAuth, a mapping from proxies"),
        (5, "proxy_auth: must be a pair"),
        (("u",), "proxy_auth: must be a pair"),
        (("u", 5), "proxy_auth: must be a pair"),
        ((b"u", b"secret"), "proxy_auth: must be a pair"),
        (BasicAuth, "proxy_auth: must be a pair"),
        (BearerAuth("secret"), "proxy_auth: must be a pair"),
        (NetrcAuth(), "proxy_auth: must be a pair"),
        (("u:v", "secret"), "proxy_auth: is no login: a user name for basic authentication cannot hold a colon"),
        (("u", "secret\ud800"), "proxy_auth: is no login: user name and password must be valid Unicode"),
        ({"http://a:port": ("u", "secret")}, "proxy_auth: 'http://a:port' has no valid host and port"),
        ({"ftp://a": ("u", "secret")}, "proxy_auth: 'ftp://a' has the scheme 'ftp'"),
        ({"http://u:secret@a": ("u", "p")}, "proxy_auth: the key for http://a:80 holds credentials"),
        ({A: ("u", "secret")}, 'proxy_auth: the keys are "host:port" or URLs of proxies, not ProxyServer'),
        ({"a:1": ("u", "secret"), "A.:1": ("v", "secret")}, "proxy_auth: http://a:1 is named twice"),
        ({"http://a": None, "http://a:80": None}, "proxy_auth: http://a:80 is named twice"),
        ({"a": "u:secret"}, "proxy_auth: what belongs to http://a:80 must be a pair"),
        ({"a": lambda url: None}, "proxy_auth: what belongs to http://a:80 must be a pair"),
    ],
)
def test_what_is_no_login(value: Any, message: str) -> None:
    """The words say what to pass instead, without passwords."""
    with pytest.raises(ValueError, match=message) as caught:
        proxy_auth_from_value(value)
    assert "secret" not in str(caught.value)


def test_without_pyspnego(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setattr("netstack_sync.workers.security_context.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"netstack-sync\[auth\]"):
        proxy_auth_from_value({"a": NegotiateAuth()})


def test_nothing_secret_is_shown() -> None:
    """Only for whom there is something."""
    for value, shown in (
        (None, "none"),
        (("u", "secret"), "for all"),
        ({"http://a": ("u", "secret")}, "http://a:80"),
        (lambda url: ("u", "secret"), "asked"),
    ):
        assert repr(proxy_auth_from_value(value)) == f"<ProxyAuth {shown}>"
