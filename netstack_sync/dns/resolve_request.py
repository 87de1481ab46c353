"""SharedResolveRequest: a ResolveRequest that waits for a job it may share with others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.answer_rules import squash, with_port
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, Staleness
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.dns.resolve_job import ResolveJob
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.wire.dns_message import HttpsRecord


class RequestOwner(Protocol):
    """What a request needs from the resolver."""

    def start_request(self, request: SharedResolveRequest) -> ResolveAnswer | ResolveJob:
        """The answer if it is there, else the job that the request was attached to."""

    def leave_job(self, job: ResolveJob, request: SharedResolveRequest) -> None: ...


class SharedResolveRequest:
    """A ResolveRequest of the ResolverManager."""

    __slots__ = (
        "_job",
        "_on_done",
        "_owner",
        "_port",
        "addresses",
        "error_detail",
        "host",
        "net_error",
        "net_log",
        "parameters",
        "priority",
        "services",
        "source",
        "staleness",
        "ttl_s",
    )

    def __init__(
        self, owner: RequestOwner, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> None:
        self._owner = owner
        self._port = port
        self._job: ResolveJob | None = None
        self._on_done: Completion | None = None
        self.host = host
        self.parameters = parameters
        self.priority = parameters.priority
        self.net_log = net_log
        self.addresses: AddressList = ()
        self.net_error = OK
        self.error_detail = ""
        self.source: AnswerSource | None = None
        self.ttl_s: float | None = None
        self.services: tuple[HttpsRecord, ...] = ()
        self.staleness: Staleness | None = None

    def start(self, on_done: Completion) -> int:
        """See ResolveRequest."""
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST, lambda _: self._begin_params())
        answer = self._owner.start_request(self)
        if isinstance(answer, ResolveAnswer):
            return self._finish(answer)
        self._job = answer
        self._on_done = on_done
        return ERR_IO_PENDING

    def change_priority(self, priority: RequestPriority) -> None:
        """See ResolveRequest."""
        if self._job is None:
            self.priority = priority
        else:
            self._job.change_priority(self, priority)

    def cancel(self) -> None:
        """See ResolveRequest."""
        job, self._job, self._on_done = self._job, None, None
        if job is not None:
            self._owner.leave_job(job, self)
            self.net_log.event(NetLogEventType.CANCELLED)
            self.net_log.end(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST)

    def on_job_complete(self, answer: ResolveAnswer) -> None:
        """Receives the shared lookup's answer."""
        on_done, self._on_done, self._job = self._on_done, None, None
        assert on_done is not None
        on_done(self._finish(answer))

    def _finish(self, answer: ResolveAnswer) -> int:
        self.net_error = answer.net_error
        self.error_detail = answer.detail
        self.ttl_s = answer.ttl_s
        if answer.is_ok:
            self.addresses = with_port(answer.addresses, self._port)
            self.source = answer.source
            self.services = answer.services
        result = squash(answer.net_error)
        self.net_log.end_with_net_error(NetLogEventType.HOST_RESOLVER_MANAGER_REQUEST, result)
        return result

    def _begin_params(self) -> dict[str, object]:
        takes_cached = self.parameters.cache_usage != CacheUsage.DISALLOWED
        return {"host": self.host, "allow_cached_response": takes_cached}
