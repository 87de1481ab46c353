"""What a system's settings mean as a ProxyConfig."""

from __future__ import annotations

import pytest

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.proxy_server import ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.proxy.system_config import config_from_settings, read_system_config
from netstack_sync.workers.proxy_settings import SystemProxySettings

PROXY = ProxyServer(ProxyScheme.HTTP, "proxy.test", 8080)


def test_rules_made_by_hand() -> None:
    """Each scheme has its list; SOCKS is for the rest."""
    settings = SystemProxySettings("GNOME", rules="http=proxy.test:8080;socks=socks5://s.test:1080", bypass="*.b.test")
    config = config_from_settings(settings)
    socks = ProxyServer(ProxyScheme.SOCKS5, "s.test", 1080)
    assert config == ProxyConfig(
        rules=ProxyRules(
            by_scheme=(("http", (ProxyChain((PROXY,)),)),),
            fallback=(ProxyChain((socks,)),),
            bypass=ProxyBypassRules("*.b.test"),
        ),
        source="system: GNOME",
    )
    assert config.rules.lists_for(Url.parse("http://a.test/")) == (ProxyChain((PROXY,)),)
    assert config.rules.lists_for(Url.parse("https://a.test/")) == (ProxyChain((socks,)),)
    assert config.rules.lists_for(Url.parse("http://a.b.test/")) == (DIRECT,)


@pytest.mark.parametrize("url", ["http://localhost/", "http://127.0.0.1/", "http://[::1]/", "http://169.254.1.1/"])
def test_this_machine_goes_directly(url: str) -> None:
    """Without being named, unlike with proxies of the environment."""
    rules = config_from_settings(SystemProxySettings("Windows", rules="proxy.test:8080")).rules
    assert rules.lists_for(Url.parse(url)) == (DIRECT,)
    assert rules.lists_for(Url.parse("http://a.test/")) == (ProxyChain((PROXY,)),)


def test_exceptions_may_be_the_rule() -> None:
    """KDE's "use proxy settings only for addresses in this list"."""
    settings = SystemProxySettings("KDE", rules="http=proxy.test:8080", bypass="*b.test", reverses_bypass=True)
    rules = config_from_settings(settings).rules
    assert rules.lists_for(Url.parse("http://a.test/")) == (DIRECT,)
    assert rules.lists_for(Url.parse("http://b.test/")) == (ProxyChain((PROXY,)),)


def test_automatic_settings() -> None:
    """Beside rules, which are for when no script is found."""
    settings = SystemProxySettings("macOS", auto_detect=True, pac_url="http://pac.test/p", rules="http=proxy.test:8080")
    config = config_from_settings(settings)
    assert config.auto_detect and config.pac_url == "http://pac.test/p" and not config.pac_mandatory
    assert config.rules.by_scheme and config.source == "system: macOS"


def test_a_login_is_for_the_proxy_of_http() -> None:
    """And for nobody when there is none."""
    login = ("me", "secret")
    config = config_from_settings(SystemProxySettings("GNOME", rules="http=proxy.test:8080", login=login))
    assert config.credentials_of(PROXY) == login and "secret" not in repr(config)
    for rules in ("", "https=proxy.test:8080", "http=direct://"):
        assert not config_from_settings(SystemProxySettings("GNOME", rules=rules, login=login)).credentials


def test_garbage_is_skipped() -> None:
    """It is what somebody typed into a dialog."""
    settings = SystemProxySettings("KDE", rules="http=:::;https=proxy.test:8080;x=y", bypass="[,a:b:c,*.ok.test")
    rules = config_from_settings(settings).rules
    assert rules.by_scheme == (("https", (ProxyChain((PROXY,)),)),)
    assert rules.lists_for(Url.parse("https://a.ok.test/")) == (DIRECT,)


def test_without_settings_all_is_direct() -> None:
    """As on a server."""
    asked: list[dict[str, str]] = []

    def read(environ: object) -> SystemProxySettings:
        assert isinstance(environ, dict)
        asked.append(environ)
        return SystemProxySettings("")

    config = read_system_config({"HOME": "/"}, read)
    assert asked == [{"HOME": "/"}]
    assert config == ProxyConfig(source="system: no desktop that has settings")
    assert read_system_config({}).source.startswith("system: ")
