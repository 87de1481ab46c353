"""What a context has for proxies, put together."""

from __future__ import annotations

import os

from netstack_sync.base.clock import WallClock
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.proxy.system_config import read_system_config
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.pac_dns import HostResolverPacDns
from netstack_sync.url_request.pac_fetcher import UrlRequestPacFetcher
from netstack_sync.url_request.proxy_identities import ProxyIdentities, ProxyLogins
from netstack_sync.url_request.proxy_services import SYSTEM_CONFIG, ProxyServices, ServiceInUse
from netstack_sync.workers.pac_engine import PacEngine
from netstack_sync.workers.worker_pool import WorkerPool


class ProxyParts:
    """Makes the proxy services of a context, and what they share: the engine of scripts, and who fetches these."""

    __slots__ = ("_engine", "_pac", "_thread", "_workers")

    def __init__(
        self, side_context: URLRequestContext, resolver: HostResolver, tls: TlsConfig, wall_clock: WallClock
    ) -> None:
        """Scripts are fetched in `side_context`, which goes directly, on terms of `tls`."""
        self._thread = thread = side_context.thread
        self._workers = side_context.workers
        self._engine = PacEngine(thread.task_runner, thread.timers, wall_clock)
        fetcher = UrlRequestPacFetcher(side_context, tls)
        dns = HostResolverPacDns(resolver)
        self._pac = PacServices(fetcher, self._engine, dns, thread.timers, side_context.net_log)

    def make_services(self, config: ProxyConfig, logins: ProxyLogins | None, workers: WorkerPool) -> ProxyServices:
        """Those of a session with these settings; `workers` are for code of the user's."""
        return ProxyServices(config, self._make_service, ProxyIdentities(logins, workers), self._engine)

    def _make_service(self, config: ProxyConfig) -> ServiceInUse:
        """SYSTEM_CONFIG stands for whatever the system says."""
        post_task = self._thread.task_runner.post_task
        if config != SYSTEM_CONFIG:
            fixed = FixedConfigService(config)
            return ServiceInUse(ProxyResolutionService(fixed, self._pac, post_task), fixed)
        polling = PollingConfigService(self._thread.timers, self._workers, lambda: read_system_config(os.environ))
        return ServiceInUse(ProxyResolutionService(polling, self._pac, post_task), polling, polling)
