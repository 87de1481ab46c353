"""FixedConfigService: settings that never change."""

from __future__ import annotations

from netstack_sync.base.proxy_chain import DIRECT
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.config_service import FixedConfigService, ProxyConfigService


class Observer:
    """See ProxyConfigObserver."""

    def on_proxy_config_changed(self, config: ProxyConfig) -> None:
        """Never."""
        raise AssertionError(config)


def test_fixed_settings() -> None:
    """Are known from the start; nobody is told of them, nor can anybody be told wrongly."""
    config = ProxyConfig(rules=ProxyRules(single=(DIRECT,)))
    service: ProxyConfigService = FixedConfigService(config)
    observer = Observer()
    assert service.latest() == config != DIRECT_CONFIG
    service.add_observer(observer)
    service.on_lazy_poll()
    service.remove_observer(observer)
    service.remove_observer(observer)
    assert service.latest() == config
