"""A HostResolver that answers what the test says, when the test says so."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.dns.host_resolver import ResolveParameters, Staleness
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.wire.dns_message import HttpsRecord

ADDRESSES = (IPEndPoint("192.0.2.1", 80, 2), IPEndPoint("192.0.2.2", 80, 2))


class ScriptedResolveRequest:
    """See ResolveRequest."""

    def __init__(self, resolver: ScriptedResolver, host: str, port: int, parameters: ResolveParameters) -> None:
        self._resolver = resolver
        self._on_done: Completion | None = None
        self.host = host
        self.port = port
        self.parameters = parameters
        self.priority = parameters.priority
        self.addresses: AddressList = ()
        self.net_error = OK
        self.error_detail = ""
        self.source: AnswerSource | None = None
        self.ttl_s: float | None = None
        self.services: tuple[HttpsRecord, ...] = ()
        self.staleness: Staleness | None = None
        self.is_cancelled = False

    def start(self, on_done: Completion) -> int:
        """Answers with the resolver's outcome."""
        if self._resolver.outcome == ERR_IO_PENDING:
            self._on_done = on_done
            return ERR_IO_PENDING
        return self._settle(self._resolver.outcome)

    def change_priority(self, priority: RequestPriority) -> None:
        """See ResolveRequest."""
        self.priority = priority

    def cancel(self) -> None:
        """See ResolveRequest."""
        self._on_done = None
        self.is_cancelled = True

    def finish(self, result: int = OK) -> None:
        """The answer comes."""
        on_done, self._on_done = self._on_done, None
        assert on_done is not None, "nobody waits"
        on_done(self._settle(result))

    def _settle(self, result: int) -> int:
        self.net_error = result
        if result == OK:
            self.addresses = self._resolver.addresses
            self.source = AnswerSource.SYSTEM
        else:
            self.error_detail = self._resolver.error_detail
        return result


class ScriptedResolver:
    """See HostResolver."""

    def __init__(self) -> None:
        self.outcome = ERR_IO_PENDING
        self.addresses: AddressList = ADDRESSES
        self.error_detail = ""
        self.requests: list[ScriptedResolveRequest] = []

    def create_request(
        self, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> ScriptedResolveRequest:
        """Remembers the question."""
        request = ScriptedResolveRequest(self, host, port, parameters)
        self.requests.append(request)
        return request
