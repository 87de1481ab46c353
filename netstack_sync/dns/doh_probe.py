"""DohProber: finds out whether a DNS over HTTPS server can be relied on, without making anybody wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.backoff import BackoffEntry, BackoffPolicy
from netstack_sync.dns.doh_server import Cancelable, DohResult, DohServer
from netstack_sync.loop.timers import OneShotTimer, TimerQueue
from netstack_sync.wire.dns_message import TYPE_NS

# The name servers of the root: every resolver has them at hand, and they are nobody's business.
_PROBE_NAME: Final = ""
_PROBE_TYPE: Final = TYPE_NS

PROBE_POLICY: Final = BackoffPolicy(
    num_errors_to_ignore=0,
    initial_delay_s=1.0,
    multiply_factor=1.5,
    jitter_factor=0.2,
    maximum_backoff_s=3600.0,
    entry_lifetime_s=None,
)
"""Chromium's (net/dns/dns_client.cc)."""


class DohProber:
    """Asks until the server has answered, whomever: after failures later and later. Network thread only."""

    __slots__ = ("_backoff", "_exchange", "_server", "_timer")

    def __init__(self, server: DohServer, timers: TimerQueue, random: Callable[[], float]) -> None:
        self._server = server
        self._backoff = BackoffEntry(PROBE_POLICY, timers.clock, random)
        self._timer = OneShotTimer(timers, self._probe)
        self._exchange: Cancelable | None = None

    @property
    def is_running(self) -> bool:
        """True while a probe is under way or planned."""
        return self._exchange is not None or self._timer.is_running

    def start(self) -> None:
        """Begins anew, with a probe at once."""
        self.stop()
        self._backoff.reset()
        self._probe()

    def stop(self) -> None:
        """Ends it; idempotent."""
        self._timer.stop()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.cancel()

    def _probe(self) -> None:
        if not self._server.is_available:  # else: somebody's question was answered meanwhile
            self._exchange = self._server.ask(_PROBE_NAME, _PROBE_TYPE, self._on_result)

    def _on_result(self, result: DohResult) -> None:
        self._exchange = None
        if not self._server.is_available:
            self._backoff.inform_of_request(succeeded=False)
            self._timer.start(self._backoff.time_until_release_s())
