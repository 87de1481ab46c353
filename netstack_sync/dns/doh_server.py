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
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.wire.dns_message import (
    RCODE_NOERROR,
    RCODE_NXDOMAIN,
    DnsAnswer,
    make_query,
    parse_answer,
)
from netstack_sync.workers.worker_pool import WorkerPool

FAILURE_LIMIT: Final = 10  # Chromium's kAutomaticModeFailureLimit

MAX_UNDER_WAY: Final = 6
"""Questions at a server; as many sockets a group has by default, so that none of them waits for one."""

FALLBACK_S: Final = 1.0
"""A server that says nothing for so long is silent; Chromium's first fallback period."""

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

    MAX_UNDER_WAY questions are asked at a time, the others wait in their order: that there are many of them is not
    the server's failure. They do not outwait a server that says nothing at all, see on_silent_failure().
    """

    __slots__ = (
        "_next",
        "_on_change",
        "_transport",
        "_under_way",
        "_waiting",
        "_workers",
        "failures",
        "is_available",
        "replies",
        "template",
        "timers",
    )

    def __init__(
        self,
        template: DohTemplate,
        transport: DohTransport,
        workers: WorkerPool,
        timers: TimerQueue,
        on_change: Callable[[DohServer], None],
    ) -> None:
        self.template = template
        self.timers = timers
        self._transport = transport
        self._workers = workers
        self._on_change = on_change
        self._waiting: dict[DohExchange, None] = {}
        self._under_way: dict[DohExchange, None] = {}
        self._next = Alarm(timers)
        self.replies = 0
        """How often the server has said something."""
        self.is_available = False
        self.failures = 0
        """Questions that failed since the last one that did not."""

    def ask(self, name: str, rdtype: int, on_done: Callable[[DohResult], None]) -> DohExchange:
        """Asks; one call of `on_done`, never from inside. An answer may say that there is no such record."""
        exchange = DohExchange(self, self._workers, name, rdtype, on_done)
        self._waiting[exchange] = None
        self._send_waiting()
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
            self._on_change(self)

    def on_silent_failure(self, failure: DohFailure) -> None:
        """A question failed, and from its start to its end the server has answered nobody.

        If it is silent to all the others too, those that wait fail as well; else they would wait for minutes.
        """
        if all(exchange.was_silent for exchange in self._under_way):
            waiting, self._waiting = self._waiting, {}
            for exchange in waiting:
                exchange.fail_unasked(failure)

    def remove(self, exchange: DohExchange) -> None:
        """A question is not asked any more, or not to be; idempotent."""
        self._waiting.pop(exchange, None)
        if exchange in self._under_way:
            del self._under_way[exchange]
            if self._waiting:
                self._next.start(0.0, self._send_waiting)  # not now: those who cancel one may cancel all

    def _send_waiting(self) -> None:
        while self._waiting and len(self._under_way) < MAX_UNDER_WAY:
            exchange = next(iter(self._waiting))
            del self._waiting[exchange]
            self._under_way[exchange] = None
            exchange.start(self._transport)

    def __repr__(self) -> str:
        state = "available" if self.is_available else "not available"
        return f"<DohServer {self.template.host} {state}, failures={self.failures}>"


class DohExchange:
    """One question to one server: its turn, the transport, then a worker that parses the answer.

    That the server fails to answer is counted once: when it has been silent for FALLBACK_S, for whoever asked may
    not wait for more, or else in the end.
    """

    __slots__ = (
        "_child",
        "_name",
        "_on_done",
        "_query",
        "_rdtype",
        "_replies_before",
        "_server",
        "_silence",
        "_workers",
        "was_silent",
    )

    def __init__(
        self, server: DohServer, workers: WorkerPool, name: str, rdtype: int, on_done: Callable[[DohResult], None]
    ) -> None:
        self._server = server
        self._workers = workers
        self._name = name
        self._rdtype = rdtype
        self._query = make_query(name, rdtype)
        self._on_done: Callable[[DohResult], None] | None = on_done
        self._child: Cancelable | None = None
        self._silence = Alarm(server.timers)
        self._replies_before = 0
        self.was_silent = False
        """True once FALLBACK_S has passed without an answer."""

    def start(self, transport: DohTransport) -> None:
        """Sends the question; once, when it is its turn."""
        self._replies_before = self._server.replies
        self._silence.start(FALLBACK_S, self._on_silence)
        template = self._server.template
        method, body = ("GET", None) if template.uses_get else ("POST", self._query)
        self._child = transport.start(template.url_for(self._query), method, body, self._on_reply)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._on_done = None
        self._leave()
        child, self._child = self._child, None
        if child is not None:
            child.cancel()

    def fail_unasked(self, failure: DohFailure) -> None:
        """It is not going to be its turn; nothing, when it was cancelled meanwhile."""
        on_done, self._on_done = self._on_done, None
        if on_done is not None:
            on_done(failure)

    def _on_silence(self) -> None:
        self.was_silent = True
        self._server.note_result(False)

    def _leave(self) -> None:
        self._silence.stop()
        self._server.remove(self)

    def _on_reply(self, reply: DohReply | DohFailure) -> None:
        self._leave()
        if isinstance(reply, DohFailure):
            self._finish(reply)
            return
        self._server.replies += 1
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
        server = self._server
        if isinstance(result, DohFailure):
            result = DohFailure(result.net_error, f"{server.template.host}: {result.detail}")
        is_answer = isinstance(result, DnsAnswer)
        if is_answer or not self.was_silent:
            server.note_result(is_answer)
        on_done(result)
        if isinstance(result, DohFailure) and self.was_silent and server.replies == self._replies_before:
            server.on_silent_failure(result)
