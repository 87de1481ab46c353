"""SessionStats: what a session is doing, at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from netstack_sync.base.exceptions import NetErrorCode
from netstack_sync.base.net_errors import error_name
from netstack_sync.url_request.context import URLRequestContext


@dataclass(frozen=True, slots=True)
class GroupStats:
    """The sockets and waiting requests of one group."""

    active: int
    connecting: int
    idle: int
    waiting: int


@dataclass(frozen=True, slots=True)
class BadProxy:
    """A proxy, or a chain of them, that others are preferred to since it failed."""

    net_error: NetErrorCode
    """Why."""
    seconds_left: float
    """How much longer."""


@dataclass(frozen=True, slots=True)
class SessionStats:
    """A snapshot; sums over the groups, and counts since the session began where the name says so."""

    requests: int
    """Under way."""
    sockets: int
    """Open or connecting."""
    sockets_active: int
    sockets_connecting: int
    sockets_idle: int
    requests_waiting: int
    """Requests that wait for a socket."""
    requests_delayed: int
    """Requests that the resource scheduler holds back."""
    sockets_opened: int
    """Since the session began."""
    sockets_reused: int
    """How often since then a request got a connection that was there already."""
    dns_lookups: int
    """Names that are being resolved."""
    dns_cached: int
    """Names in the host cache."""
    dns_stuck: int
    """Threads that hang in a lookup that nobody waits for any more."""
    groups: dict[str, GroupStats]
    """By scheme, host and port, with the proxies on the way before them."""
    proxies: dict[str, int] = field(default_factory=dict)
    """The sockets through each chain of proxies, connecting and idle ones included."""
    bad_proxies: dict[str, BadProxy] = field(default_factory=dict)
    """Those that failed lately, and are tried last."""


def take_stats(context: URLRequestContext) -> SessionStats:
    """Looks at everything; network thread."""
    pools = context.network_session.pools
    groups: dict[str, GroupStats] = {}
    proxies: dict[str, int] = {}
    for group in pools.groups():
        if group.group_id.proxy is not None:
            chain = str(group.group_id.proxy.chain)
            proxies[chain] = proxies.get(chain, 0) + group.active + len(group.jobs) + len(group.idle)
        seen = groups.get(str(group.group_id), GroupStats(0, 0, 0, 0))
        groups[str(group.group_id)] = GroupStats(
            seen.active + group.active,
            seen.connecting + len(group.jobs),
            seen.idle + len(group.idle),
            seen.waiting + len(group.pending),
        )
    return SessionStats(
        requests=context.request_count,
        sockets=pools.slots,
        sockets_active=sum(group.active for group in groups.values()),
        sockets_connecting=sum(group.connecting for group in groups.values()),
        sockets_idle=sum(group.idle for group in groups.values()),
        requests_waiting=sum(group.waiting for group in groups.values()),
        requests_delayed=_delayed(context),
        sockets_opened=pools.sockets_opened,
        sockets_reused=pools.sockets_reused,
        dns_lookups=context.resolver.job_count,
        dns_cached=context.resolver.cache_size,
        dns_stuck=context.resolver.stuck,
        groups=groups,
        proxies=proxies,
        bad_proxies=_bad_proxies(context),
    )


def _bad_proxies(context: URLRequestContext) -> dict[str, BadProxy]:
    if context.proxies is None:
        return {}
    now = context.thread.clock.now()
    return {
        chain: BadProxy(NetErrorCode(error_name(bad.net_error), bad.net_error), bad.bad_until_s - now)
        for chain, bad in context.proxies.bad_proxies().items()
    }


def _delayed(context: URLRequestContext) -> int:
    scheduler = context.admission.scheduler if context.admission is not None else None
    return scheduler.waiting_count if scheduler is not None else 0
