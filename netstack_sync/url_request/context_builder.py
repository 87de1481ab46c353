"""ContextBuilder: the only place where services of different rooms are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cookies.public_suffix import PublicSuffixes, PublicSuffixGate
from netstack_sync.cookies.store import MemoryCookieStore
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.dns.manager import ResolverManager
from netstack_sync.dns.resolver_settings import DEFAULT_SETTINGS, ResolverSettings
from netstack_sync.http.exchange_meter import ExchangeMeter
from netstack_sync.http.hsts_store import HstsConfig, TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.network.quality_estimator import NetworkQualityEstimator
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.pool.endpoint_health import EndpointHealth
from netstack_sync.pool.family_memory import FamilyMemory
from netstack_sync.pool.health_probe import ProbeServices
from netstack_sync.pool.health_settings import EndpointHealthSettings
from netstack_sync.pool.limits import PoolLimits
from netstack_sync.pool.pool_manager import ClientSocketPoolManager
from netstack_sync.pool.transport_connect_job import ConnectServices
from netstack_sync.sockets.factory import ClientSocketFactory, DefaultSocketFactory
from netstack_sync.sockets.options import DEFAULT_TCP_OPTIONS, TcpOptions
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.late_proxy_parts import LateProxyParts
from netstack_sync.url_request.late_schemes import install_usual_schemes
from netstack_sync.url_request.late_tls_parts import LateTlsParts
from netstack_sync.url_request.network_changes import ChangingServices, DohServices, NetworkChanges
from netstack_sync.url_request.optional_services import (
    make_admission,
    make_attempt_limit,
    make_delegate_calls,
    make_doh_parts,
    make_hook_task,
    make_hsts_persister,
    make_throttler,
    open_security_context,
    with_rules,
)
from netstack_sync.url_request.proxy_identities import ProxyIdentities
from netstack_sync.url_request.proxy_services import ProxyServices
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.base.features import FeatureList
    from netstack_sync.cert.pins import PinStore
    from netstack_sync.cookies.canonical import CanonicalCookie
    from netstack_sync.dns.hook_task import ResolverHook
    from netstack_sync.dns.mapped_resolver import HostResolverRules
    from netstack_sync.proxy.config import ProxyConfig
    from netstack_sync.url_request.doh_config import DohConfig
    from netstack_sync.url_request.network_delegate import NetworkDelegate
    from netstack_sync.url_request.proxy_identities import ProxyLogins
    from netstack_sync.url_request.rate_limit import RateLimits
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
    from netstack_sync.url_request.scheme_settings import SchemeSettings

_RESOLVER_THREADS = 64  # how many may hang in getaddrinfo() at once; apart, so that they block nothing else
_WORKER_THREADS = 32
_DISK_THREADS = 16  # for the user's files; apart, because any number may hang in a dead network drive
_AUTH_THREADS = 8  # for logins; apart, because a KDC that is away holds them for minutes
_JOB_THREADS = 32  # for the user's handlers and interceptors, and for FTP; apart, because any number may hang
_WALL_CLOCK = SystemWallClock()

PUBLIC_SUFFIXES = PublicSuffixes()
"""Facts that are the same for everybody, and slow to read."""

_SIDE_LIMITS = PoolLimits(per_group=6, total=24)
"""Of DNS over HTTPS, of OCSP and of scripts, beside the user's: what a connection waits for must not wait for one."""


class ContextBuilder(NamedTuple):
    """Settings of a context, checked and complete; build() may be called on any thread.

    None stands for what nobody has asked for: then the files that it needs are not read either.
    """

    limits: PoolLimits = PoolLimits()
    resolver: ResolverSettings = DEFAULT_SETTINGS
    host_resolver_rules: HostResolverRules | None = None
    resolver_hook: ResolverHook | None = None
    doh: DohConfig | None = None
    doh_tls: TlsConfig = TlsConfig(TrustConfig())
    """How connections to the DNS over HTTPS servers are verified."""
    tcp: TcpOptions = DEFAULT_TCP_OPTIONS
    features: FeatureList | None = None
    health: EndpointHealthSettings = EndpointHealthSettings()
    pins: PinStore | None = None
    hsts: HstsConfig | None = HstsConfig()
    """None for a context that forces nobody to https."""
    proxy: ProxyConfig | None = None
    """The settings of requests without any of their own; SYSTEM_CONFIG for whatever the system says."""
    proxy_logins: ProxyLogins | None = None
    user_agent: str = ""
    """What proxies are told of the program when they are asked for a tunnel."""
    rate_limits: RateLimits | None = None
    throttles: bool = False
    keeps_cookies: bool = True
    """False: no cookie outlives its request."""
    cookies: tuple[CanonicalCookie, ...] = ()
    """What is kept from the start; the public suffixes are loaded then."""
    network_delegate: NetworkDelegate | None = None
    resource_scheduler: ResourceSchedulerSettings | None = None
    schemes: SchemeSettings | None = None
    """Beside http, https, data: and about:."""

    def build(self, thread: NetworkThread, net_log: NetLog) -> URLRequestContext:
        """Makes the services in the order of their storeys; start() of the context is the caller's next word."""
        return _ContextParts(self, thread, net_log).assemble()


class _ContextParts:
    """The services of one context while they are put together."""

    def __init__(self, settings: ContextBuilder, thread: NetworkThread, net_log: NetLog) -> None:
        self._settings = settings
        self._thread = thread
        self._net_log = net_log
        self._workers = WorkerPool(thread.task_runner, _WORKER_THREADS)
        self._resolver_workers = WorkerPool(thread.task_runner, _RESOLVER_THREADS, "netstack-resolver")
        self._auth_workers = WorkerPool(thread.task_runner, _AUTH_THREADS, "netstack-auth")
        self._disk_workers = WorkerPool(thread.task_runner, _DISK_THREADS, "netstack-disk")
        self._job_workers = WorkerPool(thread.task_runner, _JOB_THREADS, "netstack-job", finishes=True)
        self._quality = NetworkQualityEstimator(thread.clock)
        self._families = FamilyMemory(thread.clock)
        self._doh = make_doh_parts(settings.doh, settings.doh_tls, thread, self._workers)
        self._tls = LateTlsParts(thread, self._workers, settings.pins, _WALL_CLOCK)
        self._sockets = self._make_sockets()
        self._health = EndpointHealth(settings.health, ProbeServices(thread.timers, self._sockets, net_log))

    def assemble(self) -> URLRequestContext:
        """The context."""
        thread, net_log, settings = self._thread, self._net_log, self._settings
        resolver = self._make_resolver()
        host_resolver = with_rules(resolver, settings.host_resolver_rules)
        pac_session = self._make_session(host_resolver, _SIDE_LIMITS)
        pac_context = self._make_side_context(resolver, host_resolver, pac_session)
        parts = LateProxyParts(pac_context, host_resolver, settings.doh_tls, _WALL_CLOCK)
        identities = ProxyIdentities(settings.proxy_logins, self._job_workers)
        proxies = ProxyServices(settings.proxy, parts.make_service, identities, parts)
        session = self._make_session(host_resolver, settings.limits, proxies)
        self._health.on_avoided = session.on_endpoint_avoided
        doh_services = self._make_doh_services(resolver, host_resolver)
        ocsp_session = self._make_session(host_resolver, _SIDE_LIMITS)
        self._tls.attach(self._make_side_context(resolver, host_resolver, ocsp_session))
        throttler = make_throttler(settings.throttles, thread.clock)
        changing = ChangingServices(
            resolver, self._families, self._health, self._quality, session, doh_services, ocsp_session, throttler,
            proxies, pac_session,
        )  # fmt: skip
        pools = (self._workers, self._resolver_workers, self._disk_workers, self._auth_workers, self._job_workers)
        hsts = None if settings.hsts is None else TransportSecurityState(_WALL_CLOCK, settings.hsts.preloaded)
        context = URLRequestContext(
            thread,
            net_log,
            resolver,
            host_resolver,
            session,
            self._workers,
            self._quality,
            NetworkChanges(NetworkChangeNotifier(thread, self._workers), changing, net_log),
            self._tls,
            pools,
            hsts,
            make_hsts_persister(hsts, settings.hsts, self._workers, thread.timers, _WALL_CLOCK),
            make_admission(settings.rate_limits, throttler, settings.resource_scheduler, thread),
            self._make_cookies(),
            self._disk_workers,
            make_delegate_calls(settings.network_delegate, thread),
            self._job_workers,
            proxies,
        )
        install_usual_schemes(context.job_factory)
        if settings.schemes is not None:
            settings.schemes.install(context.job_factory)
        return context

    def _make_side_context(
        self, resolver: ResolverManager, host_resolver: HostResolver, session: HttpNetworkSession
    ) -> URLRequestContext:
        """A part of the context, for requests that its connections and lookups need themselves."""
        return URLRequestContext(
            self._thread,
            self._net_log,
            resolver,
            host_resolver,
            session,
            self._workers,
            self._quality,
            disk_workers=self._disk_workers,
        )

    def _make_cookies(self) -> CookieSteps:
        def make_store() -> MemoryCookieStore:
            return MemoryCookieStore(_WALL_CLOCK, PUBLIC_SUFFIXES)

        store = make_store() if self._settings.keeps_cookies else None
        if store is not None:
            for cookie in self._settings.cookies:
                store.set_cookie(cookie, is_from_secure=True)
        return CookieSteps(store, make_store, PublicSuffixGate(PUBLIC_SUFFIXES, self._workers), _WALL_CLOCK)

    def _make_sockets(self) -> ClientSocketFactory:
        quality = self._quality
        attempt_limit = make_attempt_limit(self._settings.features, lambda: quality.transport_rtt)
        return DefaultSocketFactory(self._thread, self._tls, self._settings.tcp, attempt_limit)

    def _make_doh_services(self, resolver: ResolverManager, host_resolver: HostResolver) -> DohServices | None:
        parts = self._doh
        if parts is None:
            return None
        bootstrap = parts.bootstrap_over(host_resolver)
        session = self._make_session(bootstrap, _SIDE_LIMITS)
        parts.attach(self._make_side_context(resolver, bootstrap, session))
        return DohServices(parts.resolver, parts.hosts, session)

    def _make_resolver(self) -> ResolverManager:
        settings = self._settings
        return ResolverManager(
            self._resolver_workers,
            HostCache(self._thread.clock, settings.resolver.cache_entries),
            self._thread.timers,
            self._net_log,
            settings.resolver,
            secure_dns=None if self._doh is None else self._doh.resolver,
            hook_task=make_hook_task(self._resolver_workers, settings.resolver_hook),
        )

    def _make_session(
        self, resolver: HostResolver, limits: PoolLimits, proxies: ProxyServices | None = None
    ) -> HttpNetworkSession:
        """One whose connections are direct, without `proxies`."""
        thread, net_log, proxy_auth = self._thread, self._net_log, HttpAuthCache()
        security = SecurityService(self._auth_workers, open_security_context)
        services = ConnectServices(
            thread, resolver, self._sockets, net_log, self._families, self._health, proxy_auth, security,
            self._settings.user_agent,
        )  # fmt: skip
        pools = ClientSocketPoolManager(thread, DefaultConnectJobFactory(services), limits)
        judge = self._health if self._settings.health.circuit_breaker else None
        meter = ExchangeMeter(self._quality, judge)
        return HttpNetworkSession(thread, pools, meter, net_log, security, proxies, proxy_auth)
