"""PacResolver: asks a script about URLs, and the resolver about the names that the script wants to know.

A run that needs a name which is not known ends there; the name is looked up, and the script runs again from its
beginning with what is known by then (Chromium's ProxyResolverV8Tracing). So no thread waits for a name server. How
often that may happen, and how long a script may run in all, is for the engine to say.
"""

from __future__ import annotations

from typing import Final

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import Alarm
from netstack_sync.proxy.config import ProxyList
from netstack_sync.proxy.pac_dns import PacLookup
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_result import parse_pac_result
from netstack_sync.proxy.pac_run_log import PacRunLog
from netstack_sync.proxy.pac_services import PacEvaluation, PacServices
from netstack_sync.workers.pac_url import host_for_pac, sanitize_url_for_pac
from netstack_sync.workers.pac_values import PacOutcome, PacRequest, PacScriptText

LOOKUP_LIMIT_S: Final = 10.0
"""For a name that nobody answers for: the script is told that there is none, and may know what to do then."""
TIME_LIMIT_S: Final = 60.0
"""Of one decision, with all its lookups, runs and waiting: more than some slow names take, less than for ever."""


class PacResolver:
    """One script, ready to be asked. Network thread only."""

    __slots__ = ("script", "services", "text")

    def __init__(self, script: PacFileData, services: PacServices) -> None:
        self.script = script
        self.services = services
        self.text = PacScriptText(script.text, script.is_trusted)

    def create_job(self, url: Url, net_log: NetLogWithSource) -> PacResolveJob:
        """A question, not started yet."""
        return PacResolveJob(self, url, net_log)


class PacResolveJob(StepMachine):
    """One URL: runs and lookups in turn until there is an answer. Owned by the request."""

    __slots__ = (
        "_alarm",
        "_evaluation",
        "_log",
        "_lookup",
        "_lookup_alarm",
        "_net_log",
        "_outcome",
        "_request",
        "_resolver",
        "chains",
        "error_detail",
        "load_state",
    )

    def __init__(self, resolver: PacResolver, url: Url, net_log: NetLogWithSource) -> None:
        super().__init__()
        timers = resolver.services.timers
        self._resolver = resolver
        self._request = PacRequest(resolver.text, sanitize_url_for_pac(url), host_for_pac(url))
        self._net_log = net_log
        self._log = PacRunLog(net_log)
        self._alarm = Alarm(timers)
        self._lookup_alarm = Alarm(timers)
        self._evaluation: PacEvaluation | None = None
        self._lookup: PacLookup | None = None
        self._outcome: PacOutcome | None = None
        self.chains: ProxyList = ()
        """There after OK."""
        self.error_detail = ""
        """Else why not, in words."""
        self.load_state = LoadState.RESOLVING_PROXY_FOR_URL

    def start(self, on_done: Completion) -> int:
        """ERR_IO_PENDING; later OK with `chains`, ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED, ERR_TIMED_OUT."""
        self._alarm.start(TIME_LIMIT_S, self._on_time_limit)
        return self._begin(self._run, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._stop_waiting()
        self._stop()

    # --- the steps

    def _run(self, _: int) -> int:
        self._step = self._heed_outcome
        self.load_state = LoadState.RESOLVING_PROXY_FOR_URL
        self._evaluation = self._resolver.services.engine.evaluate(self._request, self._on_outcome, self._log.end_wait)
        if self._evaluation.is_waiting:
            self._log.begin_wait()
        return ERR_IO_PENDING

    def _on_outcome(self, outcome: PacOutcome) -> None:
        self._evaluation = None
        self._outcome = outcome
        self._on_io_complete(OK)

    def _heed_outcome(self, _: int) -> int:
        outcome = self._outcome
        assert outcome is not None, "this is its step"
        self._log.note_outcome(outcome)
        if outcome.needs is not None:
            return self._look_up(outcome.needs)
        if outcome.result is not None:
            self._alarm.stop()
            self.chains = parse_pac_result(outcome.result)
            return OK
        assert outcome.error is not None, "one of the three is there"
        return self._fail(outcome.error.net_error, str(outcome.error))

    def _look_up(self, name: str) -> int:
        self._step = self._heed_lookup
        self.load_state = LoadState.RESOLVING_HOST_IN_PAC_FILE
        self._lookup_alarm.start(LOOKUP_LIMIT_S, self._on_lookup_limit)
        self._lookup = self._resolver.services.dns.create_lookup(name, self._net_log)
        return self._lookup.start(self._on_io_complete)

    def _on_lookup_limit(self) -> None:
        assert self._lookup is not None, "the alarm is stopped with the lookup"
        self._lookup.cancel()
        self._on_io_complete(ERR_TIMED_OUT)

    def _heed_lookup(self, result: int) -> int:
        lookup, outcome = self._lookup, self._outcome
        assert lookup is not None and outcome is not None, "this is its result"
        self._lookup = None
        self._lookup_alarm.stop()
        self._request = self._request.answered(outcome, lookup.addresses if result == OK else None)
        self._step = self._run
        return OK

    def _on_time_limit(self) -> None:
        self._stop_waiting()
        self._step = self._heed_time_limit
        self._on_io_complete(ERR_TIMED_OUT)

    def _heed_time_limit(self, net_error: int) -> int:
        state = self.load_state.name.lower().replace("_", " ")
        return self._fail(net_error, f"no answer within {TIME_LIMIT_S:g} s, while {state}")

    def _fail(self, net_error: int, detail: str) -> int:
        self._alarm.stop()
        self.error_detail = f"{self._resolver.script.source}: {detail}"
        return net_error

    def _stop_waiting(self) -> None:
        self._alarm.stop()
        self._lookup_alarm.stop()
        self._log.close()
        evaluation, lookup = self._evaluation, self._lookup
        self._evaluation = self._lookup = None
        if evaluation is not None:
            evaluation.cancel()
        if lookup is not None:
            lookup.cancel()
