"""read_system_config(): the settings of the system or desktop as a ProxyConfig. May block; for worker threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netstack_sync.base.proxy_server import ProxyServer
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.proxy.rules_text import parse_rules_text
from netstack_sync.workers.proxy_settings import SystemProxySettings
from netstack_sync.workers.system_proxy_settings import read_system_proxy_settings


def read_system_config(
    environ: Mapping[str, str], read: Callable[[Mapping[str, str]], SystemProxySettings] = read_system_proxy_settings
) -> ProxyConfig:
    """What they say now; raises OSError when they cannot be read.

    The variables that name proxies come before them: who wants both asks config_from_environment() first.
    """
    return config_from_settings(read(environ))


def config_from_settings(settings: SystemProxySettings) -> ProxyConfig:
    """What the settings mean; what is garbage in them is skipped, and loopback needs no rule to go directly."""
    bypass = ProxyBypassRules(settings.bypass)
    rules = parse_rules_text(settings.rules, bypass, settings.reverses_bypass)
    server = _server_of_http(rules)
    return ProxyConfig(
        auto_detect=settings.auto_detect,
        pac_url=settings.pac_url or None,
        rules=rules,
        credentials=((server, settings.login),) if server is not None and settings.login is not None else (),
        source=f"system: {settings.source or 'no desktop that has settings'}",
    )


def _server_of_http(rules: ProxyRules) -> ProxyServer | None:
    """The proxy that a login in the settings is for."""
    chains = dict(rules.by_scheme).get("http", ())
    return chains[0].servers[0] if chains and chains[0].servers else None
