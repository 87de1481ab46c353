"""TaskFactory: makes the tasks of lookups from those who can be asked."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeAlias

from netstack_sync.base.net_errors import ERR_DNS_CACHE_MISS
from netstack_sync.dns.cache_entry import HostCacheKey
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.host_resolver import ResolveParameters
from netstack_sync.dns.ipv6_probe import Ipv6Probe
from netstack_sync.dns.late_answer import LateAnswer
from netstack_sync.dns.resolve_answer import ResolveAnswer, ResolveTask
from netstack_sync.dns.resolve_job import ResolveJob
from netstack_sync.dns.secure_dns import SecureDns
from netstack_sync.dns.system_task import SystemResolver, SystemTask
from netstack_sync.dns.task_order import TaskKind, TaskOrder, task_order

CreateHookTask: TypeAlias = Callable[[str], ResolveTask]
"""Gets a host, canonical, without brackets and without a final dot."""


class TaskFactory:
    """Network thread only."""

    __slots__ = ("_cache", "_create_hook_task", "_ipv6_probe", "_secure_dns", "_system")

    def __init__(
        self,
        system: SystemResolver,
        cache: HostCache,
        ipv6_probe: Ipv6Probe,
        secure_dns: SecureDns | None,
        create_hook_task: CreateHookTask | None,
    ) -> None:
        self._system = system
        self._cache = cache
        self._ipv6_probe = ipv6_probe
        self._secure_dns = secure_dns
        self._create_hook_task = create_hook_task

    @property
    def has_hook(self) -> bool:
        """True when the user decides about every host."""
        return self._create_hook_task is not None

    def order(self, name: str, parameters: ResolveParameters) -> TaskOrder:
        """Who is to be asked for a name in lower case."""
        return task_order(name, parameters, self.has_hook, self._secure_dns)

    def create(self, kind: TaskKind, job: ResolveJob) -> ResolveTask:
        """A task of that kind; may raise what those raise who were handed in."""
        key = job.key
        name = key.name.removesuffix(".")
        if kind == TaskKind.SYSTEM:
            return SystemTask(key.name, key.family, self._system, job.net_log)
        if kind == TaskKind.INSECURE_CACHE:
            return self._create_cache_task(HostCacheKey(key.name, key.family, key.partition))
        if kind == TaskKind.SECURE_DNS:
            assert self._secure_dns is not None
            return self._secure_dns.create_task(name, job.key.family, self._query_family(job), job.net_log)
        assert self._create_hook_task is not None
        return self._create_hook_task(name)

    def on_network_changed(self) -> None:
        """What was found out about the network is not true any more."""
        self._ipv6_probe.forget()

    def _query_family(self, job: ResolveJob) -> int:
        # No question for IPv6 addresses that nobody could connect to; getaddrinfo() sees to that itself. What the
        # hosts file says is another matter: the address may be this machine's, or in the same network.
        if job.key.family == socket.AF_UNSPEC and not self._ipv6_probe.is_reachable(job.net_log):
            return socket.AF_INET
        return job.key.family

    def _create_cache_task(self, key: HostCacheKey) -> ResolveTask:
        hit = self._cache.lookup(key)
        answer = ResolveAnswer(ERR_DNS_CACHE_MISS) if hit is None else hit.as_answer()
        return LateAnswer(answer, self._system.timers)
