"""PacServices: what scripts need of other rooms, as this room sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.proxy.pac_dns import PacDns
from netstack_sync.proxy.pac_file import PacFileFetcher
from netstack_sync.workers.pac_values import PacOutcome, PacRequest


class PacEvaluation(Protocol):
    """A run that was asked for."""

    @property
    def is_waiting(self) -> bool:
        """True while all threads are busy."""

    def cancel(self) -> None:
        """No reply comes; idempotent."""


class PacEngine(Protocol):
    """Runs scripts, elsewhere: workers.pac_engine.PacEngine. Network thread only."""

    def evaluate(
        self,
        request: PacRequest,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None = None,
    ) -> PacEvaluation:
        """Runs once; the reply comes once and never from inside. `on_start` is told when a wait for a thread ends."""


class PacServices(NamedTuple):
    """Handed in; shared by all settings of a context."""

    fetcher: PacFileFetcher
    engine: PacEngine
    dns: PacDns
    timers: TimerQueue
    net_log: NetLog
