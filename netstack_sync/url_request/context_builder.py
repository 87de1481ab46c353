"""ContextBuilder: the only place where services of different rooms are put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.cert.caching import CachingCertVerifier
from netstack_sync.cert.coalescing import CoalescingCertVerifier
from netstack_sync.cert.threaded import ThreadedCertVerifier
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.socket_pool import ClientSocketPool
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.factory import DefaultSocketFactory
from netstack_sync.sockets.tls_client import TlsServices
from netstack_sync.sockets.tls_context import TlsContexts
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.workers.trust_roots import TrustRootsCache
from netstack_sync.workers.worker_pool import WorkerPool

_RESOLVER_THREADS = 64  # Chromium's limit of parallel lookups; apart, so that hung ones block nothing else
_WORKER_THREADS = 32


@dataclass(slots=True)
class ContextBuilder:
    """Settings of a context; build() may be called on the network thread once they are set."""

    limits: PoolLimits = field(default_factory=PoolLimits)

    def build(self, thread: NetworkThread, net_log: NetLog) -> URLRequestContext:
        """Makes the services in the order of their storeys."""
        resolver_workers = WorkerPool(thread.task_runner, _RESOLVER_THREADS, "netstack-resolver")
        workers = WorkerPool(thread.task_runner, _WORKER_THREADS)
        resolver = ResolverManager(resolver_workers, HostCache(thread.clock), net_log)
        clock = SystemWallClock()
        threaded = ThreadedCertVerifier(workers, TrustRootsCache(), clock)
        verifier = CachingCertVerifier(CoalescingCertVerifier(threaded), clock)
        tls = TlsServices(TlsContexts(workers), verifier, workers, thread.task_runner.post_task)
        services = ConnectServices(thread, resolver, DefaultSocketFactory(thread, tls), net_log)
        pool = ClientSocketPool(thread, DefaultConnectJobFactory(services), self.limits)
        return URLRequestContext(thread, net_log, resolver, HttpNetworkSession(thread, pool, net_log), workers)
