"""DohTask: one name over DNS over HTTPS; its addresses and its HTTPS records are asked for side by side."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from netstack_sync.base.ip_endpoint import AddressList
from netstack_sync.base.net_errors import ERR_DNS_SERVER_FAILED, OK
from netstack_sync.dns.answer_rules import answer_for_exception
from netstack_sync.dns.doh_answer import SortAddresses, combine
from netstack_sync.dns.doh_query import DohQuery
from netstack_sync.dns.doh_server import DohServer
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.loop.completion import Task
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.loop.timers import Alarm
from netstack_sync.wire.dns_message import TYPE_A, TYPE_AAAA, TYPE_HTTPS, DnsAnswer

# Chromium's extra time for HTTPS records after the addresses (UseDnsHttpsSvcb*ExtraTime* of net/base/features.cc).
EXTRA_TIME_SHARE: Final = 0.2
MIN_EXTRA_TIME_S: Final = 0.005
MAX_EXTRA_TIME_S: Final = 0.05

_ADDRESS_TYPES: Final[dict[int, tuple[int, ...]]] = {
    socket.AF_INET: (TYPE_A,),
    socket.AF_INET6: (TYPE_AAAA,),
    socket.AF_UNSPEC: (TYPE_AAAA, TYPE_A),
}


class Hosts(Protocol):
    """The machine's hosts file, which comes before every name server; see HostsFile."""

    def lookup(self, name: str, family: int) -> AddressList | None:
        """The addresses, or None when the file has none."""

    def wait(self, on_loaded: Task) -> int:
        """OK when the file has been read; else ERR_IO_PENDING and one later call."""

    def stop_waiting(self, on_loaded: Task) -> None:
        """The call never comes; idempotent."""


@dataclass(frozen=True, slots=True)
class DohTaskServices:
    """What tasks need beside servers."""

    thread: NetworkThread
    hosts: Hosts
    sort: SortAddresses


class DohTask:
    """See ResolveTask. Network thread only; owned by the resolver's job, made by DohResolver."""

    __slots__ = (
        "_family",
        "_find_servers",
        "_host",
        "_on_done",
        "_queries",
        "_query_family",
        "_services",
        "_started_at",
        "_timer",
    )

    def __init__(
        self,
        services: DohTaskServices,
        find_servers: Callable[[], Sequence[DohServer]],
        host: str,
        family: int,
        query_family: int,
    ) -> None:
        self._services = services
        self._find_servers = find_servers
        self._host = host
        self._family = family
        self._query_family = query_family
        self._on_done: Callable[[ResolveAnswer], None] | None = None
        self._started_at = 0.0
        self._timer = Alarm(services.thread.timers)
        self._queries: list[DohQuery] = []
        """For addresses, and last for HTTPS records."""

    def start(self, on_done: Callable[[ResolveAnswer], None]) -> None:
        """See ResolveTask."""
        self._on_done = on_done
        if self._services.hosts.wait(self._begin) == OK:
            self._begin()

    def cancel(self) -> None:
        """See ResolveTask."""
        self._on_done = None
        self._services.hosts.stop_waiting(self._begin)
        self._timer.stop()
        for query in self._queries:
            query.cancel()

    def _begin(self) -> None:
        try:
            self._look_up()
        except Exception as error:  # whoever calls knows nothing of this lookup, which must not hang
            for query in self._queries:
                query.cancel()
            self._post(answer_for_exception(error))

    def _look_up(self) -> None:
        servers = self._find_servers()
        known = self._services.hosts.lookup(self._host, self._family)
        if known is not None:
            # Not to be kept: the file is at hand, and may change.
            self._post(ResolveAnswer(OK, known, AnswerSource.SYSTEM))
        elif servers:
            self._ask(servers)
        else:
            detail = "DNS over HTTPS: no server is available"
            self._post(ResolveAnswer(ERR_DNS_SERVER_FAILED, (), AnswerSource.SECURE_DNS, detail=detail))

    def _ask(self, servers: Sequence[DohServer]) -> None:
        timers = self._services.thread.timers
        self._started_at = timers.clock.now()
        types = (*_ADDRESS_TYPES[self._query_family], TYPE_HTTPS)
        self._queries = [DohQuery(self._host, rdtype, servers, timers) for rdtype in types]
        for query in self._queries:
            query.start(self._on_query_done)

    def _on_query_done(self, query: DohQuery) -> None:
        """Waits for every address; then for the HTTPS records, but not for long."""
        *answers, https = [query.result for query in self._queries]
        if None in answers:
            return
        has_addresses = any(isinstance(answer, DnsAnswer) and answer.addresses for answer in answers)
        if not has_addresses or https is not None:
            self._finish()
            return
        elapsed_s = self._services.thread.clock.now() - self._started_at
        self._timer.start(min(max(elapsed_s * EXTRA_TIME_SHARE, MIN_EXTRA_TIME_S), MAX_EXTRA_TIME_S), self._finish)

    def _finish(self) -> None:
        *answers, https = [query.result for query in self._queries]
        answer = combine([answer for answer in answers if answer is not None], https, self._services.sort)
        on_done = self._on_done
        assert on_done is not None, "a query that was cancelled calls nobody"
        self.cancel()
        on_done(answer)

    def _post(self, answer: ResolveAnswer) -> None:
        """Answers later, because nobody expects it from inside start()."""

        def report() -> None:
            on_done, self._on_done = self._on_done, None
            if on_done is not None:
                on_done(answer)

        self._services.thread.post(report)
