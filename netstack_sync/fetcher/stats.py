"""SessionStats: what a session is doing, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from netstack_sync.url_request.context import URLRequestContext


@dataclass(frozen=True, slots=True)
class GroupStats:
    """The sockets and waiting requests of one group."""

    active: int
    connecting: int
    idle: int
    waiting: int


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
    """By scheme, host and port."""


def take_stats(context: URLRequestContext) -> SessionStats:
    """Looks at everything; network thread."""
    pools = context.network_session.pools
    groups: dict[str, GroupStats] = {}
    for group in pools.groups():
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
    )


def _delayed(context: URLRequestContext) -> int:
    scheduler = context.admission.scheduler if context.admission is not None else None
    return scheduler.waiting_count if scheduler is not None else 0
