"""URLRequestContext: everything a request needs, owned in one place."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING
from netstack_sync.base.url import Url
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool import close_reasons
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.hop import JobServices
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.network_changes import NetworkChanges
from netstack_sync.url_request.proxy_services import ProxyServices
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.http.hsts_persister import TransportSecurityPersister
    from netstack_sync.url_request.admission import Admission
    from netstack_sync.url_request.delegate_calls import DelegateCalls
    from netstack_sync.url_request.network_delegate import DelegatedRequest


class LiveRequest(Protocol):
    """A request that is under way."""

    def fail(self, net_error: int) -> None:
        """Ends it with an error that its owner is told."""


class TrustObserver(Protocol):
    """Keeps what was read of files that say whom to trust."""

    def on_trust_changed(self) -> None:
        """Nothing that was found out or built before counts any more."""


class URLRequestContext:
    """Made by the ContextBuilder; outlives its requests. Network thread only, but for reading its parts.

    After shut_down() every request fails with ERR_CONTEXT_SHUT_DOWN.
    """

    __slots__ = (
        "_changes",
        "_hsts_persister",
        "_own_pools",
        "_sessions",
        "_tls",
        "admission",
        "cookies",
        "disk_workers",
        "host_resolver",
        "is_shut_down",
        "job_factory",
        "make_delegate_calls",
        "net_log",
        "network_session",
        "proxies",
        "quality",
        "requests",
        "resolver",
        "thread",
        "workers",
    )

    def __init__(
        self,
        thread: NetworkThread,
        net_log: NetLog,
        resolver: ResolverManager,
        host_resolver: HostResolver,
        network_session: HttpNetworkSession,
        workers: WorkerPool,
        quality: NetworkQualityEstimator,
        changes: NetworkChanges | None = None,
        tls: TrustObserver | None = None,
        own_pools: Sequence[WorkerPool] = (),
        hsts: TransportSecurityState | None = None,
        hsts_persister: TransportSecurityPersister | None = None,
        admission: Admission | None = None,
        cookies: CookieSteps | None = None,
        disk_workers: WorkerPool | None = None,
        make_delegate_calls: Callable[[DelegatedRequest], DelegateCalls] | None = None,
        job_workers: WorkerPool | None = None,
        proxies: ProxyServices | None = None,
    ) -> None:
        """Without `changes` and what follows the context is a part of another one, which owns all of that."""
        self.thread = thread
        self.net_log = net_log
        self.resolver = resolver
        self.host_resolver = host_resolver
        """What requests ask; the resolver, with the user's rules before it."""
        self.network_session = network_session
        self.workers = workers
        self.disk_workers = disk_workers or workers
        """For files of the user's."""
        self.quality = quality
        self._changes = changes
        self._tls = tls
        self._sessions = (network_session,) if changes is None else changes.sessions
        self._own_pools = own_pools
        self.admission = admission
        """What holds fetches back; None where nothing does."""
        self._hsts_persister = hsts_persister
        self.cookies = cookies
        self.make_delegate_calls = make_delegate_calls
        """Tells the network delegate of a request of the user's; None without one."""
        self.proxies = proxies
        """Who knows the way out; None for a context that goes directly."""
        services = JobServices(thread, host_resolver, self.disk_workers, job_workers or workers, proxies)
        self.job_factory = URLRequestJobFactory(network_session, hsts, cookies, services)
        self.requests: set[LiveRequest] = set()
        """Those under way; who begins enters itself, and leaves at its end."""
        self.is_shut_down = False

    def start(self) -> None:
        """Begins to watch the network, once; without it nothing is known of changes. Reads what is kept on disk."""
        if self.is_shut_down:
            return
        if self._changes is not None:
            self._changes.start()
        if self._hsts_persister is not None:
            self._hsts_persister.start()

    def add_request(self, request: LiveRequest) -> None:
        """Remembers a request that starts."""
        self.requests.add(request)

    def remove_request(self, request: LiveRequest) -> None:
        """Forgets a request that ended."""
        self.requests.discard(request)

    def preconnect(self, url: Url, tls: TlsConfig, count: int, auth: AuthIdentity | None = None) -> None:
        """Opens connections in advance, through the session's proxies, unless the context is shut down."""
        if not self.is_shut_down:
            self.network_session.preconnect(url, tls, count, auth=auth)

    def reload_tls(self) -> None:
        """Reads trusted authorities and client certificates anew; see HttpNetworkSession.on_trust_changed."""
        if self._tls is not None:
            self._tls.on_trust_changed()
        for session in self._sessions:
            session.on_trust_changed()

    def reload_proxies(self) -> None:
        """See ProxyServices.reload."""
        if self.proxies is not None:
            self.proxies.reload()

    def close_idle_sockets(self) -> None:
        """Closes the connections that nobody uses."""
        for session in self._sessions:
            session.pools.close_idle_sockets(close_reasons.ON_REQUEST)

    def abandon_after_fork(self) -> None:
        """In a forked child: drops what belongs to the parent, and would keep something of it alive."""
        if self.proxies is not None:
            self.proxies.abandon_after_fork()

    @property
    def request_count(self) -> int:
        """Requests under way."""
        return len(self.requests)

    def shut_down(self, on_done: Callable[[], None] | None = None) -> None:
        """Fails what is under way, drops lookups, closes every socket; idempotent.

        `on_done` is called once what is kept on disk is written, at once if there is nothing to write. A delegate
        that raises has a bug, which is printed; nobody else is to suffer from it.
        """
        self.is_shut_down = True
        self.job_factory.shut_down()
        requests, self.requests = self.requests, set()  # whoever starts one now is told later
        for request in requests:
            try:
                request.fail(ERR_CONTEXT_SHUT_DOWN)
            except Exception:
                traceback.print_exc()
        self.network_session.shut_down(ERR_CONTEXT_SHUT_DOWN)
        if self._changes is not None:
            self.resolver.shut_down()
            self._changes.shut_down()

        def finish() -> None:
            for pool in self._own_pools:
                pool.shut_down()
            if on_done is not None:
                on_done()

        if self._hsts_persister is None or self._hsts_persister.shut_down(finish) != ERR_IO_PENDING:
            finish()
