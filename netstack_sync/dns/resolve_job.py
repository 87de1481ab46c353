"""ResolveJob: one lookup on a worker, shared by every request for the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import ERR_FAILED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.log.params import source_params
from netstack_sync.workers.resolve_host import ResolvedHost, resolve_host
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool


class JobWaiter(Protocol):
    """A request that waits for the job's answer."""

    net_log: NetLogWithSource
    priority: RequestPriority

    def on_job_complete(self, net_error: int, addresses: AddressList) -> None: ...


class ResolveJob:
    """Owned by the resolver while it runs; removed there before its waiters are told. Network thread only."""

    __slots__ = ("_job", "_net_log", "_on_complete", "_resolve", "host", "waiters")

    def __init__(
        self,
        host: str,
        on_complete: Callable[[ResolveJob, ResolvedHost], None],
        net_log: NetLog,
        resolve: Callable[[str], ResolvedHost] = resolve_host,
    ) -> None:
        self.host = host
        self.waiters: list[JobWaiter] = []
        self._on_complete = on_complete
        self._resolve = resolve
        self._job: WorkerJob[ResolvedHost] | None = None
        self._net_log = NetLogWithSource.make(net_log, NetLogSourceType.HOST_RESOLVER_IMPL_JOB)

    def attach(self, waiter: JobWaiter) -> None:
        """Adds a waiter."""
        self.waiters.append(waiter)
        if self._net_log.is_capturing:
            waiter.net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_ATTACH, source_params(self._net_log.source))
            self._log_waiter(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_ATTACH, waiter)

    def start(self, workers: WorkerPool) -> None:
        """Posts the lookup."""
        if self._net_log.is_capturing:
            self._net_log.begin(NetLogEventType.HOST_RESOLVER_MANAGER_JOB, lambda _: {"host": self.host})
            self._net_log.begin(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK, lambda _: {"hostname": self.host})
        host, resolve = self.host, self._resolve
        self._job = workers.post_job(lambda: resolve(host), self._on_reply)

    def remove(self, waiter: JobWaiter) -> bool:
        """Takes a waiter out; True when it was the last and the job was cancelled with it."""
        self.waiters.remove(waiter)
        self._log_waiter(NetLogEventType.HOST_RESOLVER_MANAGER_JOB_REQUEST_DETACH, waiter)
        if self.waiters:
            return False
        self.cancel()
        return True

    def cancel(self) -> None:
        """Drops the lookup; a getaddrinfo() that hangs goes on hanging on its own."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._net_log.event(NetLogEventType.CANCELLED)
            self._net_log.end(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK)
            self._net_log.end(NetLogEventType.HOST_RESOLVER_MANAGER_JOB)

    def _log_waiter(self, event: NetLogEventType, waiter: JobWaiter) -> None:
        dependency = source_params(waiter.net_log.source)
        priority = waiter.priority.name
        self._net_log.event(event, lambda mode: {**dependency(mode), "priority": priority})

    def _on_reply(self, reply: ResolvedHost | BaseException) -> None:
        self._job = None
        answer = ResolvedHost(ERR_FAILED, (), 0) if isinstance(reply, BaseException) else reply
        if self._net_log.is_capturing:
            self._net_log.end(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK, lambda _: _answer_params(answer))
            self._net_log.end_with_net_error(NetLogEventType.HOST_RESOLVER_MANAGER_JOB, answer.net_error)
        self._on_complete(self, answer)


def _answer_params(answer: ResolvedHost) -> dict[str, object]:
    if answer.net_error == OK:
        return {"address_list": [endpoint.address for endpoint in answer.addresses]}
    return {"net_error": answer.net_error, "os_error": answer.os_error}
