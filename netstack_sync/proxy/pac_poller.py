"""PacPoller: looks now and then whether the script that chooses proxies is still the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.pac_decider import PacFileDecider
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_services import PacServices

DELAYS_AFTER_FAILURE_S: Final = (8.0, 32.0, 120.0, 4 * 3600.0)
"""The last one for ever (Chromium's DefaultPollPolicy)."""
DELAY_AFTER_SUCCESS_S: Final = 12 * 3600.0


class PacVerdict(NamedTuple):
    """What a decision came to."""

    net_error: int
    script: PacFileData | None
    """There with OK."""
    error_detail: str = ""


class PacPoller:
    """Decides again in the background (PacFileDeciderPoller of Chromium). Network thread only.

    After a failure the first poll comes by a timer. Every other one waits for activity as well: a process that asks
    for nothing wakes up for nothing. A script that is there is kept while no other can be had.
    """

    __slots__ = ("_config", "_decider", "_failures", "_known", "_last_poll", "_on_change", "_services", "_timer")

    def __init__(
        self,
        config: ProxyConfig,
        services: PacServices,
        known: PacVerdict,
        on_change: Callable[[PacVerdict], None],
    ) -> None:
        """`on_change` is told of the first verdict that is another than `known`, after which nothing happens."""
        self._config = config
        self._services = services
        self._known = known
        self._on_change = on_change
        self._failures = 0 if known.net_error == OK else 1
        self._decider: PacFileDecider | None = None
        self._last_poll = services.timers.clock.now()
        self._timer = OneShotTimer(services.timers, self._poll)
        self._plan()

    def on_activity(self) -> None:
        """Somebody wants to know his proxies: polls if it is time to."""
        if not self._timer.is_running and self._services.timers.clock.now() - self._last_poll >= self._delay_s:
            self.poll_now()

    def poll_now(self) -> None:
        """Polls, unless it does already."""
        if self._decider is None:
            self._timer.stop()
            self._poll()

    def poll_soon(self) -> None:
        """The script had to be ended: polls as after a failure, unless that is so already."""
        if self._failures == 0 and self._decider is None:
            self._failures = 1
            self._plan()

    def stop(self) -> None:
        """Nobody is told any more; idempotent."""
        self._timer.stop()
        decider, self._decider = self._decider, None
        if decider is not None:
            decider.cancel()

    @property
    def _delay_s(self) -> float:
        if not self._failures:
            return DELAY_AFTER_SUCCESS_S
        return DELAYS_AFTER_FAILURE_S[min(self._failures, len(DELAYS_AFTER_FAILURE_S)) - 1]

    def _plan(self) -> None:
        if self._failures == 1:
            self._timer.start(self._delay_s)

    def _poll(self) -> None:
        self._last_poll = self._services.timers.clock.now()
        self._decider = PacFileDecider(self._config, self._services)
        result = self._decider.start(self._on_decided)
        if result != ERR_IO_PENDING:
            self._on_decided(result)

    def _on_decided(self, result: int) -> None:
        decider, self._decider = self._decider, None
        assert decider is not None, "a decision that was cancelled calls nobody"
        if self._is_news(result, decider.script):
            self._on_change(PacVerdict(result, decider.script, decider.error_detail))
            return
        self._failures = 0 if result == OK else self._failures + 1
        self._plan()

    def _is_news(self, result: int, script: PacFileData | None) -> bool:
        """True for a script that is another, and for another reason why there is none."""
        if result == OK:
            return script != self._known.script
        return self._known.net_error not in (OK, result)
