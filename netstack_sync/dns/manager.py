"""ResolverManager: answers locally, from the cache, or by one shared lookup per name."""

from __future__ import annotations

import re
import socket
import traceback
from collections.abc import Callable

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_INTERNET_DISCONNECTED,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_cache import HostCache
from netstack_sync.dns.resolve_job import ResolveJob
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.thread_checker import ThreadChecker
from netstack_sync.workers.resolve_host import ResolvedHost, resolve_host
from netstack_sync.workers.worker_pool import WorkerPool

# RFC 1035 with the underscore that the real world uses; net/dns/dns_names_util.cc
_LABEL = r"[A-Za-z0-9_-][A-Za-z0-9_-]{0,62}"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{{0,62}})\.?")
_MAX_NAME = 253  # without the final dot


class ResolverManager:
    """The stack's HostResolver. Network thread only; owns the jobs and the cache.

    Order: syntax, IP literal, localhost, cache, a job that already runs, a new job
    (net/dns/host_resolver_manager.cc).
    """

    __slots__ = ("_cache", "_is_shut_down", "_jobs", "_net_log", "_resolve", "_thread_checker", "_workers")

    def __init__(
        self,
        workers: WorkerPool,
        cache: HostCache,
        net_log: NetLog,
        resolve: Callable[[str], ResolvedHost] = resolve_host,
    ) -> None:
        self._workers = workers
        self._cache = cache
        self._net_log = net_log
        self._resolve = resolve
        self._jobs: dict[str, ResolveJob] = {}
        self._is_shut_down = False
        self._thread_checker = ThreadChecker()
        self._thread_checker.detach()  # a stack is built on the thread of whoever opens the session

    def create_request(
        self, host: str, port: int, priority: RequestPriority, net_log: NetLogWithSource
    ) -> SharedResolveRequest:
        """A request that is not started yet. Lookups run in the order of their start; the log tells the priority."""
        assert self._thread_checker.is_current(), "only the network thread resolves"
        return SharedResolveRequest(self, host, port, priority, net_log)

    def answer_locally(self, host: str) -> ResolvedHost | None:
        """The answer if no lookup is needed: bad names, literals, localhost, and what the cache holds."""
        if self._is_shut_down:
            return ResolvedHost(ERR_CONTEXT_SHUT_DOWN, (), 0)
        literal = parse_ip_literal(host)
        if literal is not None:
            return ResolvedHost(OK, (_endpoint(literal),), 0)
        name = host.lower().removesuffix(".")
        if len(name) > _MAX_NAME or not _HOST_NAME.fullmatch(host):
            return ResolvedHost(ERR_NAME_NOT_RESOLVED, (), 0)
        if name == "localhost" or name.endswith(".localhost"):
            # RFC 6761: never asked of anybody, so that nobody can send it elsewhere.
            return ResolvedHost(OK, (_endpoint("::1"), _endpoint("127.0.0.1")), 0)
        cached = self._cache.lookup(name)
        return None if cached is None else ResolvedHost(OK, cached, 0)

    def join_job(self, request: SharedResolveRequest) -> ResolveJob:
        """Attaches the request to the running lookup of its name, or starts one."""
        name = request.host.lower().removesuffix(".")
        job = self._jobs.get(name)
        if job is not None:
            job.attach(request)
            return job
        request.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_CREATE_JOB)
        job = self._jobs[name] = ResolveJob(name, self._on_job_complete, self._net_log, self._resolve)
        job.attach(request)
        job.start(self._workers)
        return job

    def leave_job(self, job: ResolveJob, request: SharedResolveRequest) -> None:
        """Detaches a cancelled request; the last one takes the lookup with it."""
        if job.remove(request) and self._jobs.get(job.host) is job:
            del self._jobs[job.host]

    def shut_down(self) -> None:
        """Drops every lookup; its requests are told nothing, later ones get ERR_CONTEXT_SHUT_DOWN."""
        self._is_shut_down = True
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.cancel()  # its waiters stay: they are cancelled by their owners, later

    def flush_cache(self) -> None:
        """Forgets what names resolved to."""
        self._cache.clear()

    @property
    def job_count(self) -> int:
        """Lookups under way."""
        return len(self._jobs)

    @property
    def cache_size(self) -> int:
        """Names in the cache."""
        return len(self._cache)

    def _on_job_complete(self, job: ResolveJob, answer: ResolvedHost) -> None:
        # Out of the map first: a callback may ask the same name again.
        del self._jobs[job.host]
        if answer.net_error == OK:
            self._cache.store(job.host, answer.addresses)
        while job.waiters and not self._is_shut_down:  # a callback may cancel those that still wait, or all
            try:
                job.waiters.pop(0).on_job_complete(answer.net_error, answer.addresses)
            except BaseException:
                traceback.print_exc()  # one request's bug must not leave the others without their answer


class SharedResolveRequest:
    """A ResolveRequest of the ResolverManager."""

    __slots__ = (
        "_job",
        "_manager",
        "_on_done",
        "_port",
        "addresses",
        "host",
        "net_error",
        "net_log",
        "priority",
    )

    def __init__(
        self,
        manager: ResolverManager,
        host: str,
        port: int,
        priority: RequestPriority,
        net_log: NetLogWithSource,
    ) -> None:
        self._manager = manager
        self.host = host
        self._port = port
        self.priority = priority
        self.net_log = net_log
        self._job: ResolveJob | None = None
        self._on_done: Completion | None = None
        self.addresses: AddressList = ()
        self.net_error = OK
        """What really went wrong, where start() and the callback say ERR_NAME_NOT_RESOLVED."""

    def start(self, on_done: Completion) -> int:
        """See ResolveRequest."""
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST, lambda _: {"host": self.host})
        answer = self._manager.answer_locally(self.host)
        if answer is not None:
            return self._finish(answer.net_error, answer.addresses)
        self._on_done = on_done
        self._job = self._manager.join_job(self)
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """See ResolveRequest."""
        job, self._job, self._on_done = self._job, None, None
        if job is not None:
            self._manager.leave_job(job, self)
            self.net_log.event(NetLogEventType.CANCELLED)
            self.net_log.end(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST)

    def on_job_complete(self, net_error: int, addresses: AddressList) -> None:
        """Receives the shared lookup's answer."""
        on_done, self._on_done, self._job = self._on_done, None, None
        assert on_done is not None
        on_done(self._finish(net_error, addresses))

    def _finish(self, net_error: int, addresses: AddressList) -> int:
        self.net_error = net_error
        result = _squash(net_error)
        self.addresses = tuple(IPEndPoint(a.address, self._port, a.family, a.scope_id) for a in addresses)
        self.net_log.end_with_net_error(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST, result)
        return result


def _squash(net_error: int) -> int:
    """Users of a resolver see few errors (net/dns/host_resolver.cc, SquashErrorCode)."""
    if net_error in (OK, ERR_INTERNET_DISCONNECTED, ERR_CONTEXT_SHUT_DOWN):
        return net_error
    return ERR_NAME_NOT_RESOLVED


def _endpoint(literal: str) -> IPEndPoint:
    return IPEndPoint(literal, 0, socket.AF_INET6 if ":" in literal else socket.AF_INET)
