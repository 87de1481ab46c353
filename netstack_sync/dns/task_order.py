"""Who is asked for a name, in which order; rules without state (HostResolverManager::CreateTaskSequence)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.dns.secure_dns import SecureDns, SecureDnsMode


class TaskKind(IntEnum):
    """Ways to an answer."""

    HOOK = 0  # a function of the user's
    SECURE_DNS = 1  # DNS over HTTPS
    INSECURE_CACHE = 2  # what the system said before
    SYSTEM = 3  # getaddrinfo()


NEEDS_SLOT: Final = frozenset((TaskKind.HOOK, TaskKind.SYSTEM))
"""Those that may hold a thread for long: only so many of them run at a time."""


class TaskOrder(NamedTuple):
    """The plan for one question."""

    caches: tuple[bool, ...]
    """The kept answers that are looked at first: True for those of DNS over HTTPS."""
    tasks: tuple[TaskKind, ...]
    """What is tried after them, until one succeeds."""


_HOOK: Final = TaskOrder((False,), (TaskKind.HOOK,))
_SYSTEM: Final = TaskOrder((False,), (TaskKind.SYSTEM,))
_SECURE: Final = TaskOrder((True,), (TaskKind.SECURE_DNS,))
_SECURE_IMPOSSIBLE: Final = TaskOrder((True,), ())
# The system's answers are there already, but a better one may be had: Chromium asks for it first.
_SECURE_FIRST: Final = TaskOrder((True,), (TaskKind.SECURE_DNS, TaskKind.INSECURE_CACHE, TaskKind.SYSTEM))
_ANY_CACHE_FIRST: Final = TaskOrder((True, False), (TaskKind.SECURE_DNS, TaskKind.SYSTEM))
_SYSTEM_FOR_NOW: Final = TaskOrder((True, False), (TaskKind.SYSTEM,))


def task_order(name: str, parameters: ResolveParameters, has_hook: bool, secure_dns: SecureDns | None) -> TaskOrder:
    """The plan for a name in lower case; without tasks if it may not be asked of anybody."""
    order = _HOOK if has_hook else _order_by_source(name, parameters, secure_dns)
    if parameters.source == ResolveSource.LOCAL_ONLY:
        order = order._replace(tasks=())
    if parameters.cache_usage == CacheUsage.DISALLOWED:
        return TaskOrder((), tuple(task for task in order.tasks if task != TaskKind.INSECURE_CACHE))
    return order


def _order_by_source(name: str, parameters: ResolveParameters, secure_dns: SecureDns | None) -> TaskOrder:
    source = parameters.source
    is_secure_possible = secure_dns is not None and secure_dns.mode != SecureDnsMode.OFF
    if source == ResolveSource.SECURE_DNS:
        return _SECURE if is_secure_possible else _SECURE_IMPOSSIBLE
    # RFC 6762 §3: .local is of this link, no name server knows it.
    is_for_system = source == ResolveSource.SYSTEM or parameters.is_bootstrap or _is_link_local(name)
    if secure_dns is None or not is_secure_possible or is_for_system:
        return _SYSTEM
    if secure_dns.mode == SecureDnsMode.SECURE:
        return _SECURE
    if not secure_dns.is_available:
        return _SYSTEM_FOR_NOW
    takes_any = parameters.cache_usage == CacheUsage.STALE_ALLOWED or source == ResolveSource.LOCAL_ONLY
    return _ANY_CACHE_FIRST if takes_any else _SECURE_FIRST


def _is_link_local(name: str) -> bool:
    return name.removesuffix(".").endswith(".local")
