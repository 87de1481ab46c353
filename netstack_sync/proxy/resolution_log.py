"""What the log says of proxy settings and of what became of them; never a credential."""

from __future__ import annotations

from netstack_sync.base.url_parts import shown_url
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.proxy.config import ProxyConfig, ProxyList
from netstack_sync.proxy.info import ProxyInfo, ProxyRetryMap


def result_params(info: ProxyInfo) -> NetLogParams:
    """{"proxy_info": the ways, the first first}"""
    return lambda _mode: {"proxy_info": _shown(info.chains)}


def bad_proxies_params(bad: ProxyRetryMap) -> NetLogParams:
    """{"bad_proxy_list": [...]}"""
    return lambda _mode: {"bad_proxy_list": [str(chain) for chain, _ in bad.items()]}


def config_change_params(old: ProxyConfig | None, new: ProxyConfig) -> NetLogParams:
    """{"old_config": {...}, "new_config": {...}}; the first settings have none before them."""

    def make(_mode: object) -> dict[str, object]:
        changed: dict[str, object] = {"new_config": _config_value(new)}
        return changed if old is None else {"old_config": _config_value(old), **changed}

    return make


def _config_value(config: ProxyConfig) -> dict[str, object]:
    rules = config.rules
    lists = {"single_proxy": rules.single, **dict(rules.by_scheme), "fallback": rules.fallback}
    value: dict[str, object] = {name: _shown(chains) for name, chains in lists.items() if chains}
    if config.auto_detect:
        value["auto_detect"] = True
    if config.pac_url is not None:
        value["pac_url"] = shown_url(config.pac_url)
    if config.pac_script is not None:
        value["pac_script"] = f"{len(config.pac_script)} characters"
    if config.pac_mandatory:
        value["pac_mandatory"] = True
    if rules.bypass.text:
        value["bypass_list"] = rules.bypass.text
    if rules.reverses_bypass:
        value["reverse_bypass"] = True
    if config.source:
        value["source"] = config.source
    return value


def _shown(chains: ProxyList) -> str:
    return ";".join(map(str, chains))
