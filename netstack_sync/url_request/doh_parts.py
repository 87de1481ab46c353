"""What a context has for DNS over HTTPS, put together; read only where that is on."""

from __future__ import annotations

from netstack_sync.dns.address_sorter import find_source_address, sort_addresses
from netstack_sync.dns.bootstrap_resolver import BootstrapResolver
from netstack_sync.dns.doh import DohResolver
from netstack_sync.dns.doh_task import DohTaskServices
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.dns.hosts import HostsFile
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.doh_config import DohConfig
from netstack_sync.url_request.doh_transport import UrlRequestDohTransport
from netstack_sync.workers.worker_pool import WorkerPool


class DohParts:
    """The resolver and what it needs; attach() comes before its first question."""

    __slots__ = ("_transport", "hosts", "resolver")

    def __init__(self, config: DohConfig, tls: TlsConfig, thread: NetworkThread, workers: WorkerPool) -> None:
        self.hosts = HostsFile(workers)
        services = DohTaskServices(thread, self.hosts, lambda found: sort_addresses(found, find_source_address))
        self._transport = UrlRequestDohTransport(tls)
        self.resolver = DohResolver(config.mode, config.templates, self._transport, workers, services)

    def attach(self, context: URLRequestContext) -> None:
        """Says where the questions are sent; its names are resolved by bootstrap_over()."""
        self._transport.attach(context)

    def bootstrap_over(self, resolver: HostResolver) -> HostResolver:
        """Resolves the names of the servers themselves, without them."""
        return BootstrapResolver(resolver)
