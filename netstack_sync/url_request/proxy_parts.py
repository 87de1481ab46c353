"""What a context has for proxies, put together."""

from __future__ import annotations

import os

from netstack_sync.base.clock import WallClock
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.proxy.config import SYSTEM_CONFIG, ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.proxy.system_config import read_system_config
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.pac_dns import HostResolverPacDns
from netstack_sync.url_request.pac_fetcher import UrlRequestPacFetcher
from netstack_sync.url_request.proxy_services import ServiceInUse
from netstack_sync.workers.pac_engine import PacEngine


class ProxyParts:
    """Makes the proxy services of a context, and what they share: the engine of scripts, and who fetches these."""

    __slots__ = ("_pac", "_thread", "_workers", "engine")

    def __init__(
        self, side_context: URLRequestContext, resolver: HostResolver, tls: TlsConfig, wall_clock: WallClock
    ) -> None:
        """Scripts are fetched in `side_context`, which goes directly, on terms of `tls`."""
        self._thread = thread = side_context.thread
        self._workers = side_context.workers
        self.engine = PacEngine(thread.task_runner, thread.timers, wall_clock)
        fetcher = UrlRequestPacFetcher(side_context, tls)
        dns = HostResolverPacDns(resolver)
        self._pac = PacServices(fetcher, self.engine, dns, thread.timers, side_context.net_log)

    def make_service(self, config: ProxyConfig) -> ServiceInUse:
        """That of one set of settings, not started yet; SYSTEM_CONFIG stands for whatever the system says."""
        post_task = self._thread.task_runner.post_task
        if config != SYSTEM_CONFIG:
            fixed = FixedConfigService(config)
            return ServiceInUse(ProxyResolutionService(fixed, self._pac, post_task), fixed)
        polling = PollingConfigService(self._thread.timers, self._workers, lambda: read_system_config(os.environ))
        return ServiceInUse(ProxyResolutionService(polling, self._pac, post_task), polling, polling)
