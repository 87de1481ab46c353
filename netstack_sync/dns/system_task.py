"""SystemTask: asks the system's resolver on a worker, again and again while it does not answer.

The system cannot be interrupted: a getaddrinfo() that hangs keeps its thread until the system gives up, usually
after 5 to 190 seconds. What bounds these threads is the WorkerPool on which all attempts run: 64, where those
that nobody waits for any more are counted as stuck. The resolver's queue only spares a resolver that is slow: a
lookup gives its place there back when it ends, is cancelled, or has not been answered for PATIENCE_S of
resolve_job.py, so that names which hang do not keep the others waiting. A lookup makes at most five attempts, the
further ones only while less than half of the threads are taken; the rest is for names that were not asked yet.
When every thread is taken new lookups wait for one, and their requests may end by their own deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.base.net_errors import OK
from netstack_sync.dns.answer_rules import answer_for_exception
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.workers.resolve_host import ResolvedHost
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

SUCCESS_TTL_S: Final = 60.0  # getaddrinfo tells no TTL; Chromium's kCacheEntryTTL
MAX_RETRIES: Final = 4
RETRY_DELAY_S: Final = 6.0
RETRY_FACTOR: Final = 2.0


class SystemResolver(NamedTuple):
    """What system tasks are made from."""

    workers: WorkerPool
    timers: TimerQueue
    resolve: Callable[[str, int], ResolvedHost]
    """Asks for a host and a family; runs on a worker."""


class SystemTask:
    """A ResolveTask; the first attempt that ends decides, well or ill (net/dns/host_resolver_system_task.cc).

    If no attempt has ended after 6 s there is a second one, 12 s later a third, then after 24 and 48 s.
    Network thread only.
    """

    __slots__ = ("_attempts", "_delay_s", "_family", "_host", "_net_log", "_on_done", "_system", "_timer")

    def __init__(self, host: str, family: int, system: SystemResolver, net_log: NetLogWithSource) -> None:
        self._host = host
        self._family = family
        self._system = system
        self._net_log = net_log
        self._attempts: list[WorkerJob[ResolvedHost]] = []
        self._delay_s = RETRY_DELAY_S
        self._timer = Alarm(system.timers)
        self._on_done: Callable[[ResolveAnswer], None] | None = None

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        self._on_done = on_done
        if self._net_log.is_capturing:
            self._net_log.begin(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK, lambda _: {"hostname": self._host})
        self._start_attempt()

    def cancel(self) -> None:
        """See ResolveTask."""
        if self._on_done is not None:
            self._stop()
            self._net_log.end(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK)

    def _start_attempt(self) -> None:
        number = len(self._attempts) + 1
        host, family, resolve = self._host, self._family, self._system.resolve
        self._net_log.event(NetLogEventType.HOST_RESOLVER_MANAGER_ATTEMPT_STARTED, lambda _: {"attempt_number": number})
        job = self._system.workers.post_job(lambda: resolve(host, family), lambda reply: self._on_reply(number, reply))
        self._attempts.append(job)
        if number <= MAX_RETRIES:
            self._timer.start(self._delay_s, self._retry)
            self._delay_s *= RETRY_FACTOR

    def _retry(self) -> None:
        if self._system.workers.is_half_taken:
            self._timer.start(
                RETRY_DELAY_S, self._retry
            )  # another attempt would stand in the way of those that have none
        else:
            self._start_attempt()

    def _on_reply(self, number: int, reply: ResolvedHost | BaseException) -> None:
        answer = answer_for_exception(reply) if isinstance(reply, BaseException) else _answer_of(reply)
        on_done = self._on_done
        assert on_done is not None
        self._stop()
        if self._net_log.is_capturing:
            params = _error_params(answer)
            self._net_log.event(
                NetLogEventType.HOST_RESOLVER_MANAGER_ATTEMPT_FINISHED, lambda _: {"attempt_number": number, **params}
            )
            self._net_log.end(NetLogEventType.HOST_RESOLVER_SYSTEM_TASK, lambda _: params or _address_params(answer))
        on_done(answer)

    def _stop(self) -> None:
        """Leaves attempts that hang to themselves."""
        self._on_done = None
        self._timer.stop()
        for job in self._attempts:
            job.cancel()


def _answer_of(found: ResolvedHost) -> ResolveAnswer:
    """Failures get no time: the system keeps its own, and does not tell for how long (as in Chromium)."""
    ttl_s = SUCCESS_TTL_S if found.net_error == OK else None
    return ResolveAnswer(
        found.net_error, found.addresses, AnswerSource.SYSTEM, ttl_s, detail=found.detail, os_error=found.os_error
    )


def _error_params(answer: ResolveAnswer) -> dict[str, object]:
    return {} if answer.is_ok else {"net_error": answer.net_error, "os_error": answer.os_error}


def _address_params(answer: ResolveAnswer) -> dict[str, object]:
    return {"address_list": [endpoint.address for endpoint in answer.addresses]}
