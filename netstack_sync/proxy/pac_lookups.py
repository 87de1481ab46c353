"""PacLookups: the names that one run of a script asked for, looked up side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.proxy.pac_dns import PacDns, PacLookup
from netstack_sync.proxy.pac_engine import PacQuestion

TIME_LIMIT_S: Final = 10.0
"""For a name that nobody answers for: the script is told that there is none, and may know what to do then."""


class PacLookups:
    """Any number of rounds, one at a time; owned by the job of a script. Network thread only."""

    __slots__ = ("_alarm", "_dns", "_net_log", "_on_done", "_pending", "known")

    def __init__(self, dns: PacDns, timers: TimerQueue, net_log: NetLogWithSource) -> None:
        self._dns = dns
        self._net_log = net_log
        self._alarm = Alarm(timers)
        self._on_done: Completion | None = None
        self._pending: dict[PacQuestion, PacLookup] = {}
        self.known: dict[PacQuestion, tuple[str, ...]] = {}
        """The answers of all rounds; none for a name that was not found."""

    def start(self, questions: Sequence[PacQuestion], on_done: Completion) -> int:
        """OK, or ERR_IO_PENDING and one later callback with OK: a name that is not found is no failure."""
        for question in questions:
            self._ask(question)
        if not self._pending:
            return OK
        self._on_done = on_done
        self._alarm.start(TIME_LIMIT_S, self._finish)
        return ERR_IO_PENDING

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._alarm.stop()
        self._on_done = None
        pending, self._pending = self._pending, {}
        for lookup in pending.values():
            lookup.cancel()

    def _ask(self, question: PacQuestion) -> None:
        lookup = self._dns.create_lookup(question.host, question.is_ipv4_only, self._net_log)
        self.known[question] = ()
        if lookup.start(lambda _: self._on_answer(question)) == ERR_IO_PENDING:
            self._pending[question] = lookup
        else:
            self.known[question] = lookup.addresses

    def _on_answer(self, question: PacQuestion) -> None:
        self.known[question] = self._pending.pop(question).addresses
        if not self._pending:
            self._finish()

    def _finish(self) -> None:
        on_done = self._on_done
        assert on_done is not None, "lookups that were cancelled call nobody"
        self.cancel()
        on_done(OK)
