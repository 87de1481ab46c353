"""ProxyServices: whose proxies a request takes, the session's or its own, and as whom it speaks to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from netstack_sync.url_request.proxy_identities import ProxyIdentities

if TYPE_CHECKING:
    from netstack_sync.auth.identity import AuthIdentity
    from netstack_sync.base.proxy_chain import ProxyServer
    from netstack_sync.http.proxy_source import OnIdentity
    from netstack_sync.proxy.config import ProxyConfig
    from netstack_sync.proxy.config_service import ProxyConfigService
    from netstack_sync.proxy.info import ProxyInfo, ProxyRetryInfo
    from netstack_sync.proxy.polling_config_service import PollingConfigService
    from netstack_sync.proxy.resolution_service import ProxyResolutionService

MAX_OWN_SETTINGS: Final = 32
"""How many settings of single requests are remembered, with the proxies that failed and the scripts."""


class ScriptEngine(Protocol):
    """Who runs the scripts of all services: workers.pac_engine.PacEngine."""

    def shut_down(self) -> None:
        """Nothing runs any more; idempotent."""

    def abandon_after_fork(self) -> None:
        """Drops what belongs to the parent of a forked child."""


class ServiceInUse(NamedTuple):
    """A service with what it is made from."""

    service: ProxyResolutionService
    settings: ProxyConfigService
    polling: PollingConfigService | None = None
    """The settings again, where they are looked at now and then."""


class ProxyServices:
    """See ProxySource. Network thread only; owns the services.

    Each set of settings has a service, and with it a memory of bad proxies, of its own (rules R3 and R4). Those that
    single requests bring are dropped when there are many and nobody asks them anything.
    """

    __slots__ = ("_engine", "_identities", "_is_shut_down", "_make", "_others", "_own")

    def __init__(
        self,
        own: ProxyConfig | None,
        make: Callable[[ProxyConfig], ServiceInUse],
        identities: ProxyIdentities,
        engine: ScriptEngine,
    ) -> None:
        """`own` are the settings of the session, None to go directly. Any thread; start() comes next."""
        self._make = make
        self._own = None if own is None or own.needs_no_service else make(own)
        self._others: dict[ProxyConfig, ServiceInUse] = {}  # the one that was used last is last
        self._identities = identities
        self._engine = engine
        self._is_shut_down = False

    def start(self) -> None:
        """The settings of the session are looked at from now on, once."""
        if self._own is not None and self._own.polling is not None:
            self._own.polling.start()

    # --- ProxySource

    @property
    def is_direct(self) -> bool:
        """See ProxySource."""
        return self._own is None

    def service_for(self, config: ProxyConfig | None) -> ProxyResolutionService | None:
        """See ProxySource."""
        known = self._in_use_for(config)
        return known.service if known is not None else None

    def identity_of(self, server: ProxyServer, info: ProxyInfo, on_done: OnIdentity) -> AuthIdentity | int | None:
        """See ProxySource."""
        return self._identities.identity_of(server, info.config, on_done)

    def stop_asking(self, on_done: OnIdentity) -> None:
        """See ProxySource."""
        self._identities.stop_asking(on_done)

    def identity_error(self, server: ProxyServer) -> str:
        """See ProxySource."""
        return self._identities.error_of(server)

    def forget_identity(self, server: ProxyServer) -> None:
        """See ProxySource."""
        self._identities.forget(server)

    # --- the context's side

    def settings_for(self, config: ProxyConfig | None) -> ProxyConfig | None:
        """What holds for a request with settings of its own, or None: the session's.

        None where that is to go directly, and while it is not known.
        """
        known = self._in_use_for(config)
        return known.settings.latest() if known is not None else None

    def bad_proxies(self) -> dict[str, ProxyRetryInfo]:
        """What is tried last for now, of all settings, by the names of the chains."""
        found: dict[str, ProxyRetryInfo] = {}
        for known in self._all():
            found.update(known.service.bad_proxies())
        return found

    def on_ip_address_changed(self) -> None:
        """Another network has other proxies."""
        for known in self._all():
            known.service.on_ip_address_changed()

    def on_dns_changed(self) -> None:
        """A script may be to be had now, or be another."""
        for known in self._all():
            known.service.on_dns_changed()

    def reload(self) -> None:
        """Settings and scripts are looked for anew, and what failed is forgotten."""
        for known in self._all():
            config = known.settings.latest()
            if config is not None:
                known.service.on_proxy_config_changed(config)
            if known.polling is not None:
                known.polling.look_now()

    def shut_down(self) -> None:
        """Whoever waits fails with ERR_CONTEXT_SHUT_DOWN; idempotent."""
        self._is_shut_down = True
        for known in self._all():
            _end(known)
        self._engine.shut_down()

    def abandon_after_fork(self) -> None:
        """In a forked child: drops what belongs to the parent."""
        self._engine.abandon_after_fork()

    def _in_use_for(self, config: ProxyConfig | None) -> ServiceInUse | None:
        if config is None:  # fast path
            return self._own
        if config.needs_no_service:
            return None
        known = self._others.pop(config, None)
        if known is None:
            self._make_room()
            known = self._made(config)
        self._others[config] = known
        return known

    def _made(self, config: ProxyConfig) -> ServiceInUse:
        known = self._make(config)
        if self._is_shut_down:
            _end(known)
        elif known.polling is not None:
            known.polling.start()
        return known

    def _make_room(self) -> None:
        """Those with requests under way stay; there are no more of them than requests. One that is dropped still
        answers an exchange that knows it and asks again.
        """
        if len(self._others) < MAX_OWN_SETTINGS:
            return
        for config, known in self._others.items():
            if known.service.is_idle:
                del self._others[config]
                known.service.rest()
                if known.polling is not None:
                    known.polling.shut_down()
                return

    def _all(self) -> list[ServiceInUse]:
        return [*([self._own] if self._own is not None else []), *self._others.values()]


def _end(known: ServiceInUse) -> None:
    if known.polling is not None:
        known.polling.shut_down()
    known.service.shut_down()
