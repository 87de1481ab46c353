"""What the log says of settings: everything but secrets."""

from __future__ import annotations

from netstack_sync.base.proxy_chain import DIRECT, ProxyServer
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.info import ProxyInfo, ProxyRetryInfo, ProxyRetryMap
from netstack_sync.proxy.resolution_log import bad_proxies_params, config_change_params, result_params
from tests.support.proxy_service import chain

EVERYTHING = NetLogCaptureMode.EVERYTHING
SERVER: ProxyServer = chain("p:80").servers[0]


def test_a_result() -> None:
    """The ways, the first first."""
    info = ProxyInfo((chain("a:80"), DIRECT), DIRECT_CONFIG)
    assert result_params(info)(EVERYTHING) == {"proxy_info": "http://a:80;direct://"}


def test_bad_proxies() -> None:
    """By name."""
    bad = ProxyRetryMap()
    bad.mark(chain("a:80"), ProxyRetryInfo(-1, 5.0))
    assert bad_proxies_params(bad)(EVERYTHING) == {"bad_proxy_list": ["http://a:80"]}


def test_the_first_settings() -> None:
    """Have none before them; what is not set is not named."""
    assert config_change_params(None, DIRECT_CONFIG)(EVERYTHING) == {"new_config": {}}


def test_other_settings() -> None:
    """Every part of them; no password, and no text of a script, which may hold one."""
    old = ProxyConfig(rules=ProxyRules(single=(chain("p:80"),)), credentials=((SERVER, ("me", "secret")),))
    rules = ProxyRules(
        by_scheme=(("http", (chain("a:80"), chain("b:80"))),),
        fallback=(DIRECT,),
        bypass=ProxyBypassRules("*.inside.test"),
        reverses_bypass=True,
    )
    new = ProxyConfig(True, "http://me:secret@pac.test/", "secret()", True, rules, (), "the environment")
    params = config_change_params(old, new)(EVERYTHING)
    assert params == {
        "old_config": {"single_proxy": "http://p:80"},
        "new_config": {
            "http": "http://a:80;http://b:80",
            "fallback": "direct://",
            "auto_detect": True,
            "pac_url": "http://***@pac.test/",
            "pac_script": "8 characters",
            "pac_mandatory": True,
            "bypass_list": "*.inside.test",
            "reverse_bypass": True,
            "source": "the environment",
        },
    }
    assert "secret" not in repr(params)
