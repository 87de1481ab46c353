"""What a context has for proxies, put together."""

from __future__ import annotations

import os

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_setup import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.proxy.system_config import read_system_config
from netstack_sync.url_request.proxy_services import SYSTEM_CONFIG, ServiceInUse
from netstack_sync.workers.worker_pool import WorkerPool


class ProxyServiceMaker:
    """Makes the services of a context for the settings that come up."""

    __slots__ = ("_pac", "_thread", "_workers")

    def __init__(self, thread: NetworkThread, workers: WorkerPool, pac: PacServices) -> None:
        self._thread = thread
        self._workers = workers
        self._pac = pac

    def make(self, config: ProxyConfig) -> ServiceInUse:
        """A service that begins with its first request; SYSTEM_CONFIG stands for whatever the system says."""
        post_task = self._thread.task_runner.post_task
        if config != SYSTEM_CONFIG:
            fixed = FixedConfigService(config)
            return ServiceInUse(ProxyResolutionService(fixed, self._pac, post_task), fixed)
        polling = PollingConfigService(self._thread.timers, self._workers, lambda: read_system_config(os.environ))
        return ServiceInUse(ProxyResolutionService(polling, self._pac, post_task), polling, polling)
