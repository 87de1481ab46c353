"""DohServer: one DNS over HTTPS server, questions to it, and whether it can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from netstack_sync.base.net_errors import (
    ERR_DNS_MALFORMED_RESPONSE,
    ERR_DNS_SERVER_FAILED,
    ERR_DNS_SERVER_REQUIRES_TCP,
)
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_template import DohTemplate
from netstack_sync.loop.completion import Task
from netstack_sync.wire.dns_message import (
    RCODE_NOERROR,
    RCODE_NXDOMAIN,
    DnsAnswer,
    make_query,
    parse_answer,
)
from netstack_sync.workers.worker_pool import WorkerPool

FAILURE_LIMIT: Final = 10  # Chromium's kAutomaticModeFailureLimit

_RCODE_NAMES: Final = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


@dataclass(frozen=True, slots=True)
class DohReply:
    """What a server sent."""

    body: bytes
    age_s: float = 0.0
    """How long an HTTP cache has kept it (RFC 8484 §5.1)."""


@dataclass(frozen=True, slots=True)
class DohFailure:
    """Why there is no answer: the network, the server, or what it sent."""

    net_error: int
    detail: str


DohResult: TypeAlias = DnsAnswer | DohFailure


class Cancelable(Protocol):
    """Something under way."""

    def cancel(self) -> None:
        """Its callback never comes; idempotent."""


class DohTransport(Protocol):
    """Brings a DNS message to a server and its answer back. Network thread only."""

    def start(
        self, url: Url, method: str, body: bytes | None, on_done: Callable[[DohReply | DohFailure], None]
    ) -> Cancelable:
        """GET without a body, or POST with one; one call of `on_done`, within a time limit, never from inside."""


class DohServer:
    """Network thread only; owned by the DohResolver.

    It is available once it has answered, and until FAILURE_LIMIT questions in a row have failed; `on_change` is
    called when that changes. What was true in one network need not be in the next, see reset().
    """

    __slots__ = ("_on_change", "_transport", "_workers", "failures", "is_available", "template")

    def __init__(self, template: DohTemplate, transport: DohTransport, workers: WorkerPool, on_change: Task) -> None:
        self.template = template
        self._transport = transport
        self._workers = workers
        self._on_change = on_change
        self.is_available = False
        self.failures = 0
        """Questions that failed since the last one that did not."""

    def ask(self, name: str, rdtype: int, on_done: Callable[[DohResult], None]) -> DohExchange:
        """Asks; one call of `on_done`, never from inside. An answer may say that there is no such record."""
        exchange = DohExchange(self, self._workers, name, rdtype, on_done)
        exchange.start(self._transport)
        return exchange

    def reset(self) -> None:
        """Forgets how it did; nobody is told."""
        self.is_available = False
        self.failures = 0

    @property
    def has_failed_too_often(self) -> bool:
        """True when others should be asked first."""
        return self.failures >= FAILURE_LIMIT

    def note_result(self, is_answer: bool) -> None:
        """Counts the outcome of a question."""
        was_available = self.is_available
        self.failures = 0 if is_answer else self.failures + 1
        self.is_available = is_answer or (was_available and not self.has_failed_too_often)
        if self.is_available != was_available:
            self._on_change()

    def __repr__(self) -> str:
        state = "available" if self.is_available else "not available"
        return f"<DohServer {self.template.host} {state}, failures={self.failures}>"


class DohExchange:
    """One question to one server: the transport, then a worker that parses the answer."""

    __slots__ = ("_child", "_name", "_on_done", "_rdtype", "_server", "_workers")

    def __init__(
        self, server: DohServer, workers: WorkerPool, name: str, rdtype: int, on_done: Callable[[DohResult], None]
    ) -> None:
        self._server = server
        self._workers = workers
        self._name = name
        self._rdtype = rdtype
        self._on_done: Callable[[DohResult], None] | None = on_done
        self._child: Cancelable | None = None

    def start(self, transport: DohTransport) -> None:
        """Sends the question; once."""
        template, query = self._server.template, make_query(self._name, self._rdtype)
        method, body = ("GET", None) if template.uses_get else ("POST", query)
        self._child = transport.start(template.url_for(query), method, body, self._on_reply)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._on_done = None
        child, self._child = self._child, None
        if child is not None:
            child.cancel()

    def _on_reply(self, reply: DohReply | DohFailure) -> None:
        if isinstance(reply, DohFailure):
            self._finish(reply)
            return
        name, rdtype = self._name, self._rdtype
        self._child = self._workers.post_job(
            lambda: parse_answer(reply.body, name, rdtype, reply.age_s), self._on_parsed
        )

    def _on_parsed(self, parsed: DnsAnswer | BaseException) -> None:
        if isinstance(parsed, BaseException):
            self._finish(DohFailure(ERR_DNS_MALFORMED_RESPONSE, str(parsed)))
        elif parsed.rcode not in (RCODE_NOERROR, RCODE_NXDOMAIN):
            rcode = _RCODE_NAMES.get(parsed.rcode, f"the response code {parsed.rcode}")
            self._finish(DohFailure(ERR_DNS_SERVER_FAILED, f"it answered {rcode}"))
        elif parsed.is_truncated and parsed.is_empty:
            self._finish(DohFailure(ERR_DNS_SERVER_REQUIRES_TCP, "its answer is truncated"))
        else:
            self._finish(parsed)

    def _finish(self, result: DohResult) -> None:
        on_done, self._on_done, self._child = self._on_done, None, None
        assert on_done is not None, "a child that was cancelled calls nobody"
        if isinstance(result, DohFailure):
            result = DohFailure(result.net_error, f"{self._server.template.host}: {result.detail}")
        self._server.note_result(isinstance(result, DnsAnswer))
        on_done(result)
