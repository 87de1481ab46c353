"""What the log says of the runs of a script."""

from __future__ import annotations

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.log.params import string_value
from netstack_sync.workers.pac_values import PacError, PacOutcome


class PacRunLog:
    """The runs of one job, in the log of its request."""

    __slots__ = ("_is_waiting", "_net_log", "_was_told")

    def __init__(self, net_log: NetLogWithSource) -> None:
        self._net_log = net_log
        self._is_waiting = False
        self._was_told = False  # where this run is

    def begin_wait(self) -> None:
        """All threads are busy."""
        self._is_waiting = True
        self._net_log.begin(NetLogEventType.WAITING_FOR_PROXY_RESOLVER_THREAD)

    def end_wait(self, thread_number: int | None) -> None:
        """There is a thread for the run; None: a process."""
        self.close()
        self._note_thread(thread_number)
        self._was_told = True

    def note_outcome(self, outcome: PacOutcome) -> None:
        """A run has ended. What an abandoned one said is in none of them."""
        self.close()
        if not self._net_log.is_capturing:
            return
        if not self._was_told:
            self._note_thread(outcome.thread_number)
        self._was_told = False
        for alert in outcome.alerts:
            self._net_log.event(NetLogEventType.PAC_JAVASCRIPT_ALERT, _alert_params(alert))
        if outcome.error is not None:
            self._net_log.event(NetLogEventType.PAC_JAVASCRIPT_ERROR, _error_params(outcome.error))

    def close(self) -> None:
        """Nobody waits any more; idempotent."""
        if self._is_waiting:
            self._is_waiting = False
            self._net_log.end(NetLogEventType.WAITING_FOR_PROXY_RESOLVER_THREAD)

    def _note_thread(self, number: int | None) -> None:
        params: dict[str, object] = {} if number is None else {"thread_number": number}
        self._net_log.event(NetLogEventType.SUBMITTED_TO_RESOLVER_THREAD, lambda _: params)


def _alert_params(alert: str) -> NetLogParams:
    return lambda _mode: {"message": string_value(alert)}


def _error_params(error: PacError) -> NetLogParams:
    message: dict[str, object] = {"message": string_value(error.message)}
    return lambda _mode: message if error.line is None else {"line_number": error.line, **message}
