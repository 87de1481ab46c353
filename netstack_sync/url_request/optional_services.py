"""Services of a context that are off unless its settings ask for them.

What they need is read only then, by whoever makes the context: the network thread finds it there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstack_sync.base.clock import TickClock, WallClock
from netstack_sync.dns.host_resolver import HostResolver
from netstack_sync.http.hsts_store import HstsConfig, TransportSecurityState
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.sockets.tcp_client import no_limit
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.base.features import FeatureList
    from netstack_sync.dns.hook_task import HookTask, ResolverHook
    from netstack_sync.dns.mapped_resolver import HostResolverRules
    from netstack_sync.http.hsts_persister import TransportSecurityPersister
    from netstack_sync.sockets.tls_config import TlsConfig
    from netstack_sync.url_request.admission import Admission
    from netstack_sync.url_request.delegate_calls import DelegateCalls
    from netstack_sync.url_request.doh_config import DohConfig
    from netstack_sync.url_request.doh_parts import DohParts
    from netstack_sync.url_request.network_delegate import DelegatedRequest, NetworkDelegate
    from netstack_sync.url_request.rate_limit import RateLimits
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
    from netstack_sync.url_request.throttler import URLRequestThrottler
    from netstack_sync.workers.security_context import SecurityContext, SecurityParams


def make_throttler(is_wanted: bool, clock: TickClock) -> URLRequestThrottler | None:
    """What leaves URLs alone whose server fails."""
    if not is_wanted:
        return None
    import random

    from netstack_sync.url_request.throttler import URLRequestThrottler

    return URLRequestThrottler(clock, random.random)


def make_admission(
    limits: RateLimits | None,
    throttler: URLRequestThrottler | None,
    settings: ResourceSchedulerSettings | None,
    thread: NetworkThread,
) -> Admission | None:
    """What requests wait for before they start; None where nothing may hold them."""
    if limits is None and throttler is None and settings is None:
        return None
    from netstack_sync.url_request.admission import Admission
    from netstack_sync.url_request.host_rate_limiter import HostRateLimiter
    from netstack_sync.url_request.resource_scheduler import ResourceScheduler

    scheduler = ResourceScheduler(settings, thread.post) if settings is not None else None
    limiter = HostRateLimiter(limits, thread.timers) if limits is not None else None
    return Admission(limiter, throttler, scheduler)


def make_attempt_limit(
    features: FeatureList | None, transport_rtt: Callable[[], float | None]
) -> Callable[[], float | None]:
    """What limits an attempt to connect to one address; see tcp_attempt_limit()."""
    if features is None:
        return no_limit
    from netstack_sync.network.connect_timeout import tcp_attempt_limit

    return tcp_attempt_limit(features, transport_rtt)


def make_doh_parts(
    config: DohConfig | None, tls: TlsConfig, thread: NetworkThread, workers: WorkerPool
) -> DohParts | None:
    """What asks for names over HTTPS."""
    if config is None:
        return None
    from netstack_sync.url_request.doh_parts import DohParts

    return DohParts(config, tls, thread, workers)


def make_hook_task(workers: WorkerPool, hook: ResolverHook | None) -> Callable[[str], HookTask] | None:
    """What asks the user's own function for the addresses of a host."""
    if hook is None:
        return None
    from netstack_sync.dns.hook_task import HookTask

    return lambda host: HookTask(workers, hook, host)


def with_rules(resolver: HostResolver, rules: HostResolverRules | None) -> HostResolver:
    """The same resolver, or one that takes some hosts for others."""
    if rules is None:
        return resolver
    from netstack_sync.dns.mapped_resolver import MappedHostResolver

    return MappedHostResolver(resolver, rules)


def make_delegate_calls(
    delegate: NetworkDelegate | None, thread: NetworkThread
) -> Callable[[DelegatedRequest], DelegateCalls] | None:
    """What tells a network delegate of a request."""
    if delegate is None:
        return None
    from netstack_sync.url_request.delegate_calls import DelegateCalls

    return lambda request: DelegateCalls(delegate, request, thread)


def make_hsts_persister(
    hsts: TransportSecurityState | None, config: HstsConfig | None, workers: WorkerPool, timers: TimerQueue,
    clock: WallClock,
) -> TransportSecurityPersister | None:  # fmt: skip
    """What keeps the hosts that want https in a file."""
    if hsts is None or config is None or config.path is None:
        return None
    from netstack_sync.http.hsts_persister import TransportSecurityPersister

    return TransportSecurityPersister(hsts, config.path, workers, timers, clock)


def open_security_context(params: SecurityParams) -> SecurityContext:
    """See OpenSecurityContext; on the worker that it blocks."""
    from netstack_sync.workers.security_context import open_security_context as begin

    return begin(params)
