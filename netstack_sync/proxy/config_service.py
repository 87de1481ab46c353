"""ProxyConfigService: tells which proxy settings hold, now and whenever they change."""

from __future__ import annotations

from typing import Protocol

from netstack_sync.proxy.config import ProxyConfig


class ProxyConfigObserver(Protocol):
    """Is told of settings on the network thread, never from inside a call of its own."""

    def on_proxy_config_changed(self, config: ProxyConfig) -> None:
        """These hold from now on; also the first ones, where they had to be waited for."""


class ProxyConfigService(Protocol):
    """Network thread only (net/proxy_resolution/proxy_config_service.h). Does not own its observers."""

    def latest(self) -> ProxyConfig | None:
        """The settings; None while they are not known yet: the observers are told once they are."""

    def add_observer(self, observer: ProxyConfigObserver) -> None:
        """From now on it is told."""

    def remove_observer(self, observer: ProxyConfigObserver) -> None:
        """It is not told any more; idempotent."""

    def on_lazy_poll(self) -> None:
        """Somebody is about to need the settings: the moment to look, for who would rather not look all the time."""


class FixedConfigService:
    """A ProxyConfigService whose settings never change: those that the user gave."""

    __slots__ = ("_config",)

    def __init__(self, config: ProxyConfig) -> None:
        self._config = config

    def latest(self) -> ProxyConfig:
        """See ProxyConfigService."""
        return self._config

    def add_observer(self, observer: ProxyConfigObserver) -> None:
        """There will be nothing to tell."""

    def remove_observer(self, observer: ProxyConfigObserver) -> None:
        """It was never told anything."""

    def on_lazy_poll(self) -> None:
        """Nothing to look at."""
