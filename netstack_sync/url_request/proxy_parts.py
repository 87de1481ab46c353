"""What a context has for proxies, put together."""

from __future__ import annotations

import os
import socket
from typing import Final

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.dns.address_sorter import find_source_address
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_setup import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.proxy.system_config import read_system_config
from netstack_sync.url_request.proxy_services import SYSTEM_CONFIG, ServiceInUse
from netstack_sync.workers.worker_pool import WorkerPool

# Addresses for documentation (RFC 5737, RFC 3849): the system has a route for them if it has one for everything.
_FAR_AWAY: Final = (IPEndPoint("192.0.2.1", 0, socket.AF_INET), IPEndPoint("2001:db8::1", 0, socket.AF_INET6))


class ProxyServiceMaker:
    """Makes the services of a context for the settings that come up. Network thread only."""

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
        service = ProxyResolutionService(polling, self._pac, post_task)
        polling.start()
        return ServiceInUse(service, polling, polling.shut_down)


def find_own_addresses() -> tuple[str, ...]:
    """This machine's that connections would have, best first; does not block."""
    found = [find_source_address(endpoint) for endpoint in _FAR_AWAY]
    return tuple([address for address in found if address is not None])
