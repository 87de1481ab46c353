"""ProxyParts: what a context has for proxies, while it is put together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.dns.address_sorter import find_source_address
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_decider import DeciderServices
from netstack_sync.proxy.pac_resolver import ScriptServices
from netstack_sync.proxy.pac_setup import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.proxy.system_config import read_system_config
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.pac_fetcher import UrlRequestPacFetcher
from netstack_sync.url_request.proxy_identities import NO_LOGINS, ProxyIdentities, ProxyLogins
from netstack_sync.url_request.proxy_services import ProxyServices, ServiceInUse
from netstack_sync.url_request.resolver_pac_dns import ResolverPacDns
from netstack_sync.workers.worker_pool import WorkerPool
