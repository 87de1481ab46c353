"""NetworkChanges: watches the network of one context, and has each service do what a change means to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLog
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool.endpoint_health import EndpointHealth
from netstack_sync.pool.family_memory import FamilyMemory
from netstack_sync.url_request.proxy_services import ProxyServices

if TYPE_CHECKING:
    from netstack_sync.dns.doh import DohResolver
    from netstack_sync.dns.hosts import HostsFile
    from netstack_sync.url_request.throttler import URLRequestThrottler


class DohServices(NamedTuple):
    """What there is more where names are resolved over HTTPS."""

    resolver: DohResolver
    hosts: HostsFile
    session: HttpNetworkSession
    """Of the requests to the servers."""


class ChangingServices(NamedTuple):
    """Those whom changes concern."""

    resolver: ResolverManager
    families: FamilyMemory
    health: EndpointHealth
    quality: NetworkQualityEstimator
    session: HttpNetworkSession
    doh: DohServices | None
    ocsp_session: HttpNetworkSession | None = None
    """Of the requests that ask about revocation."""
    throttler: URLRequestThrottler | None = None
    proxies: ProxyServices | None = None
    pac_session: HttpNetworkSession | None = None
    """Of the requests for scripts that choose proxies."""


class NetworkChanges:
    """Observes the notifier for its services and owns it. Network thread only.

    What was learned on one network does not hold on another: names, dead endpoints, which family works, how fast it
    is, which URLs fail. Connections of the old one serve no further request.
    """

    __slots__ = ("_net_log", "_notifier", "_services")

    def __init__(self, notifier: NetworkChangeNotifier, services: ChangingServices, net_log: NetLog) -> None:
        self._notifier = notifier
        self._services = services
        self._net_log = net_log

    @property
    def sessions(self) -> tuple[HttpNetworkSession, ...]:
        """Those with connections of their own, that of the user's requests first."""
        services = self._services
        doh_session = services.doh.session if services.doh is not None else None
        sessions = (services.session, doh_session, services.ocsp_session, services.pac_session)
        return tuple(session for session in sessions if session is not None)

    def start(self) -> None:
        """Begins to watch, once."""
        self._notifier.add_observer(self)
        self._notifier.start(self._on_initial_type)
        if self._services.proxies is not None:
            self._services.proxies.start()
        doh = self._services.doh
        if doh is not None:
            doh.hosts.start()
            doh.resolver.start()

    def shut_down(self) -> None:
        """Nobody is told anything after this, and what runs by itself ends; idempotent."""
        self._notifier.stop()
        self._notifier.remove_observer(self)
        self._services.health.shut_down()
        if self._services.proxies is not None:
            self._services.proxies.shut_down()
        doh = self._services.doh
        if doh is not None:
            doh.resolver.shut_down()
            doh.hosts.shut_down()
        for session in self.sessions[1:]:  # the first is not ours alone
            session.shut_down(ERR_CONTEXT_SHUT_DOWN)

    def on_ip_address_changed(self) -> None:
        """See NetworkChangeObserver. Names first: whoever connects anew now asks the new network."""
        self._net_log.add_global_entry(NetLogEventType.NETWORK_IP_ADDRESSES_CHANGED)
        services = self._services
        services.families.forget()
        services.resolver.on_ip_address_changed()
        if services.proxies is not None:
            services.proxies.on_ip_address_changed()  # before those who will ask for the way out anew
        for session in self.sessions:
            session.on_ip_address_changed(self._notifier.has_lost)
        if services.throttler is not None:
            services.throttler.clear()
        services.health.on_ip_address_changed()  # after the connects of the old network, which failed there
        if services.doh is not None:
            services.doh.resolver.on_network_changed()  # last: it probes the servers at once, over the new network

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        """See NetworkChangeObserver."""
        self._log_type(NetLogEventType.NETWORK_CONNECTIVITY_CHANGED, kind)
        self._services.quality.on_connection_type_changed(kind)
        self._services.resolver.set_offline(kind == ConnectionType.NONE)

    def on_dns_changed(self) -> None:
        """See NetworkChangeObserver."""
        self._net_log.add_global_entry(NetLogEventType.DNS_CONFIG_CHANGED)
        self._services.resolver.on_dns_changed()
        if self._services.doh is not None:
            self._services.doh.hosts.on_dns_changed()
            self._services.doh.resolver.on_network_changed()  # the name servers it follows may be others
        if self._services.proxies is not None:
            self._services.proxies.on_dns_changed()

    def on_network_changed(self, kind: ConnectionType) -> None:
        """See NetworkChangeObserver; everybody has been told of the parts."""
        self._log_type(NetLogEventType.NETWORK_CHANGED, kind)

    def _on_initial_type(self) -> None:
        self.on_connection_type_changed(self._notifier.connection_type)

    def _log_type(self, event: NetLogEventType, kind: ConnectionType) -> None:
        self._net_log.add_global_entry(event, lambda _: {"new_connection_type": kind.name})
