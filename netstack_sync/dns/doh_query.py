"""DohQuery: one question, asked of one DNS over HTTPS server after the other until one answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netstack_sync.dns.doh_server import FALLBACK_S, Cancelable, DohFailure, DohResult, DohServer
from netstack_sync.loop.timers import Alarm, TimerQueue


class DohQuery:
    """The next server is asked when the one before has failed, or beside it when it is silent for FALLBACK_S.

    The first answer wins, and it may say that there is no such record. Network thread only; owned by a DohTask.
    """

    __slots__ = ("_exchanges", "_failure", "_left", "_on_done", "_pending", "_timer", "name", "rdtype", "result")

    def __init__(self, name: str, rdtype: int, servers: Iterable[DohServer], timers: TimerQueue) -> None:
        self.name = name
        self.rdtype = rdtype
        self._left = list(servers)
        self._exchanges: list[Cancelable] = []
        self._pending = 0
        self._timer = Alarm(timers)
        self._on_done: Callable[[DohQuery], None] | None = None
        self._failure: DohFailure | None = None
        self.result: DohResult | None = None
        """None before the end; when all servers fail, why the first one did."""

    def start(self, on_done: Callable[[DohQuery], None]) -> None:
        """Asks; there must be a server. One later call with the query itself."""
        self._on_done = on_done
        self._ask_next()

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._on_done = None
        self._timer.stop()
        exchanges, self._exchanges = self._exchanges, []
        for exchange in exchanges:
            exchange.cancel()

    def _ask_next(self) -> None:
        server = self._left.pop(0)
        self._pending += 1
        if self._left:
            self._timer.start(FALLBACK_S, self._ask_next)
        else:
            self._timer.stop()
        self._exchanges.append(server.ask(self.name, self.rdtype, self._on_result))

    def _on_result(self, result: DohResult) -> None:
        self._pending -= 1
        if isinstance(result, DohFailure):
            result = self._failure = self._failure or result
            if self._left:
                self._ask_next()
                return
            if self._pending:
                return
        self.result = result
        on_done = self._on_done
        assert on_done is not None, "a question that was cancelled calls nobody"
        self.cancel()
        on_done(self)
