"""ResolverManager: answers locally, from the cache, or by one shared lookup per question."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Final

from netstack_sync.base.clock import WallClock
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_DNS_CACHE_MISS,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
)
from netstack_sync.dns.answer_rules import checked
from netstack_sync.dns.cache_entry import HostCacheKey
from netstack_sync.dns.host_cache import CacheHit, HostCache
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.dns.ipv6_probe import Ipv6Probe
from netstack_sync.dns.job_queue import JobQueue
from netstack_sync.dns.local_answers import answer_literal, answer_localhost, is_valid_host
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer, ResolveTask
from netstack_sync.dns.resolve_job import JobKey, ResolveJob
from netstack_sync.dns.resolve_request import SharedResolveRequest
from netstack_sync.dns.resolver_settings import DEFAULT_SETTINGS, ResolverSettings
from netstack_sync.dns.secure_dns import SecureDns
from netstack_sync.dns.system_task import SystemResolver
from netstack_sync.dns.task_factory import CreateHookTask, TaskFactory
from netstack_sync.dns.task_order import TaskKind, TaskOrder
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.fan_out import tell_in_turns
from netstack_sync.loop.thread_checker import ThreadChecker
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.workers.resolve_host import ResolvedHost, resolve_host
from netstack_sync.workers.worker_pool import WorkerPool

# What the system says when it is sure that there is no such name, or no address, as opposed to no name server.
_SURELY_NOT: Final = frozenset((socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)))


class ResolverManager:
    """The stack's HostResolver. Network thread only; owns the jobs and the cache.

    Order: IP literal, syntax, localhost, cache, a job that already runs, a new job
    (net/dns/host_resolver_manager.cc). With a hook, which decides about every host that a connection may be made to,
    literals and localhost are its business too, and answers that are not the hook's are not taken from the cache.
    """

    __slots__ = (
        "_cache",
        "_is_offline",
        "_is_shut_down",
        "_jobs",
        "_net_log",
        "_queue",
        "_settings",
        "_tasks",
        "_thread_checker",
        "_timers",
        "_workers",
    )

    def __init__(
        self,
        workers: WorkerPool,
        cache: HostCache,
        timers: TimerQueue,
        net_log: NetLog,
        settings: ResolverSettings = DEFAULT_SETTINGS,
        secure_dns: SecureDns | None = None,
        hook_task: CreateHookTask | None = None,
        ipv6_probe: Ipv6Probe | None = None,
        resolve: Callable[[str, int], ResolvedHost] = resolve_host,
    ) -> None:
        self._workers = workers
        self._cache = cache
        self._timers = timers
        self._net_log = net_log
        self._settings = settings
        system = SystemResolver(workers, timers, resolve)
        self._tasks = TaskFactory(system, cache, ipv6_probe or Ipv6Probe(timers.clock), secure_dns, hook_task)
        self._queue = JobQueue(settings.max_parallel)
        self._jobs: dict[JobKey, ResolveJob] = {}
        self._is_offline = False
        self._is_shut_down = False
        self._thread_checker = ThreadChecker()
        self._thread_checker.detach()  # a stack is built on the thread of whoever opens the session

    def create_request(
        self, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> SharedResolveRequest:
        """A request that is not started yet."""
        assert self._thread_checker.is_current(), "only the network thread resolves"
        return SharedResolveRequest(self, host, port, parameters, net_log)

    def on_ip_address_changed(self) -> None:
        """Forgets what was true in the other network; lookups that run fail with ERR_NETWORK_CHANGED.

        Those that wait for their turn go on afterwards, and callbacks may start new ones.
        """
        self._tasks.on_network_changed()
        self._cache.invalidate()
        running = [job for job in self._jobs.values() if job.is_running]
        for job in running:
            del self._jobs[job.key]  # first: whoever asks the same name now asks the new network
        self._queue.pause()
        for job in running:
            if job.is_running:  # a callback may have cancelled it
                job.abort(ERR_NETWORK_CHANGED, "the network changed while the name was looked up")
        if not self._is_shut_down:
            self._queue.resume()

    def on_dns_changed(self) -> None:
        """The name servers, or the hosts file, are others: answers become stale."""
        self._cache.invalidate()

    def set_offline(self, is_offline: bool) -> None:
        """While offline, a failure means ERR_INTERNET_DISCONNECTED."""
        self._is_offline = is_offline

    def clear_cache(self) -> None:
        """Forgets what names resolved to; lookups go on."""
        self._cache.clear()

    def cached_answers(self, wall_clock: WallClock) -> list[dict[str, object]]:
        """What is kept, in JSON values, for restore_answers()."""
        return self._cache.to_list(wall_clock)

    def restore_answers(self, values: Iterable[object], wall_clock: WallClock) -> None:
        """See HostCache.restore."""
        self._cache.restore(values, wall_clock)

    def shut_down(self) -> None:
        """Drops every lookup; its requests are told nothing, later ones get ERR_CONTEXT_SHUT_DOWN."""
        self._is_shut_down = True
        self._queue.pause()  # else each one that goes lets another one start
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.cancel()  # its waiters stay: they are cancelled by their owners, later

    @property
    def job_count(self) -> int:
        """Lookups under way, those that wait for their turn included."""
        return len(self._jobs)

    @property
    def queued_count(self) -> int:
        """Lookups that wait for their turn."""
        return self._queue.queued_count

    @property
    def cache_size(self) -> int:
        """Answers in the cache, stale ones included."""
        return len(self._cache)

    @property
    def running(self) -> int:
        """Calls of getaddrinfo(), or of the hook, whose answer is awaited."""
        return self._workers.running_count

    @property
    def stuck(self) -> int:
        """Calls that hold a thread although nobody waits for them any more; see dns/system_task.py."""
        return self._workers.stuck_count

    def start_request(self, request: SharedResolveRequest) -> ResolveAnswer | ResolveJob:
        """See RequestOwner."""
        if self._is_shut_down:
            return ResolveAnswer(ERR_CONTEXT_SHUT_DOWN)
        parameters = request.parameters
        local = self._answer_locally(request.host, parameters.family)
        if local is not None:
            return local
        name = parse_ip_literal(request.host) or request.host.lower()  # a literal gets here on its way to the hook
        order = self._tasks.order(name, parameters)
        key = JobKey(name, parameters.family, parameters.partition, order.tasks)
        hit = self._find_cached(key, order, parameters)
        if hit is not None:
            return self._use_cached(hit, key, request)
        if not order.tasks:
            return _why_nobody_was_asked(parameters.source)
        return self._join_job(request, key)

    def leave_job(self, job: ResolveJob, request: SharedResolveRequest) -> None:
        """See RequestOwner; the last request takes the lookup with it."""
        if job.remove(request):
            self._forget_job(job)

    def create_task(self, kind: TaskKind, job: ResolveJob) -> ResolveTask:
        """See JobOwner."""
        return self._tasks.create(kind, job)

    def check_answer(self, answer: ResolveAnswer, job: ResolveJob) -> ResolveAnswer:
        """See JobOwner."""
        return checked(answer, job.key.family, self._is_offline)

    def on_job_evicted(self, job: ResolveJob) -> None:
        """See JobOwner."""
        self._forget_job(job)

    def on_job_complete(self, job: ResolveJob, answer: ResolveAnswer) -> None:
        """See JobOwner."""
        self._forget_job(job)  # first: a callback may ask the same name again
        self._remember(job.key, answer)

        def tell_next() -> bool:
            # A callback may cancel those that still wait, or shut everything down.
            if job.waiters and not self._is_shut_down:
                waiter = next(iter(job.waiters))
                del job.waiters[waiter]
                waiter.on_job_complete(answer)
            return bool(job.waiters) and not self._is_shut_down

        tell_in_turns(tell_next, self._workers.task_runner.post_task)

    def _answer_locally(self, host: str, family: int) -> ResolveAnswer | None:
        literal = answer_literal(host, family)
        if literal is None and not is_valid_host(host):
            return ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail="not a valid host name")
        if self._tasks.has_hook:
            return None
        return literal or answer_localhost(host.lower(), family)

    def _find_cached(self, key: JobKey, order: TaskOrder, parameters: ResolveParameters) -> CacheHit | None:
        keys = [HostCacheKey(key.name, key.family, key.partition, is_secure) for is_secure in order.caches]
        hits = (self._cache.lookup(cache_key) for cache_key in keys)
        hit = next((hit for hit in hits if hit is not None), None)
        if hit is None and parameters.cache_usage == CacheUsage.STALE_ALLOWED:
            hit = self._cache.lookup_stale(keys)
        elif hit is None and self._settings.stale_while_refreshing and order.tasks:
            hit = self._cache.lookup_stale(keys, self._settings.max_stale_s)
        if hit is not None and self._tasks.has_hook and hit.answer.source != AnswerSource.HOOK:
            return None
        return hit

    def _use_cached(self, hit: CacheHit, key: JobKey, request: SharedResolveRequest) -> ResolveAnswer:
        request.staleness = hit.staleness
        request.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_CACHE_HIT)
        if self._settings.stale_while_refreshing and hit.staleness.is_stale and key.tasks and key not in self._jobs:
            self._create_job(key, is_refresh=True).begin()
        return hit.as_answer()

    def _join_job(self, request: SharedResolveRequest, key: JobKey) -> ResolveJob:
        job = self._jobs.get(key)
        if job is not None:
            job.attach(request)
            return job
        request.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_CREATE_JOB)
        job = self._create_job(key, is_refresh=False)
        job.attach(request)
        job.begin()
        return job

    def _create_job(self, key: JobKey, is_refresh: bool) -> ResolveJob:
        job = self._jobs[key] = ResolveJob(key, self, self._queue, self._timers, self._net_log, is_refresh)
        return job

    def _forget_job(self, job: ResolveJob) -> None:
        if self._jobs.get(job.key) is job:  # not if another one has taken its place
            del self._jobs[job.key]

    def _remember(self, key: JobKey, answer: ResolveAnswer) -> None:
        if answer.source == AnswerSource.CACHE:
            return
        is_secure = answer.source == AnswerSource.SECURE_DNS
        cache_key = HostCacheKey(key.name, key.family, key.partition, is_secure)
        if answer.net_error == ERR_NAME_NOT_RESOLVED and answer.os_error in _SURELY_NOT:
            self._cache.forget(cache_key)  # a stale answer would only be wrong
        self._cache.store(cache_key, answer)


def _why_nobody_was_asked(source: ResolveSource) -> ResolveAnswer:
    if source == ResolveSource.LOCAL_ONLY:
        return ResolveAnswer(ERR_DNS_CACHE_MISS, detail="not known yet, and nobody may be asked")
    return ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail="DNS over HTTPS is wanted, and there is no server for it")
