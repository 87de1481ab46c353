"""PacResolver: asks a script about URLs, and the resolver about the names that the script wants to know.

A run that needs a name which is not known ends there; the name is looked up, and the script runs again from its
beginning with what is known by then (Chromium's ProxyResolverV8Tracing). So no thread waits for a name server. What
the abandoned runs said is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_PAC_SCRIPT_FAILED, ERR_TIMED_OUT, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import string_value
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.proxy.config import ProxyList
from netstack_sync.proxy.pac_dns import PacDns
from netstack_sync.proxy.pac_engine import PacEvaluator, PacQuestion, PacRunInput, PacRunResult, PacTask
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_lookups import PacLookups
from netstack_sync.proxy.pac_result import parse_pac_result

MAX_QUESTIONS: Final = 20
"""Of one decision; what a script asks beyond them has no answer (Chromium's kMaxUniqueResolveDnsPerExec)."""
TIME_LIMIT_S: Final = 60.0
"""Of one decision, with its lookups and runs: more than a few slow names take, and less than for ever."""


class ScriptServices(NamedTuple):
    """What the jobs of a script need."""

    dns: PacDns
    timers: TimerQueue
    find_own_addresses: Callable[[], tuple[str, ...]]
    """This machine's, best first; must not block."""


class PacResolver:
    """One script that is ready; owned by the service. Network thread only."""

    __slots__ = ("_own_addresses", "evaluator", "script", "services")

    def __init__(self, script: PacFileData, evaluator: PacEvaluator, services: ScriptServices) -> None:
        self.script = script
        self.evaluator = evaluator
        self.services = services
        self._own_addresses: tuple[str, ...] | None = None

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """Of this machine, asked once: there is another resolver once they change."""
        if self._own_addresses is None:
            self._own_addresses = self.services.find_own_addresses()
        return self._own_addresses

    def create_job(self, url: Url, net_log: NetLogWithSource) -> PacResolveJob:
        """A question, not started yet."""
        return PacResolveJob(self, url, net_log)

    def close(self) -> None:
        """The script is not needed any more; its jobs were cancelled."""
        self.evaluator.close()


class PacResolveJob(StepMachine):
    """One URL: runs and lookups in turn until there is an answer. Owned by the request."""

    __slots__ = (
        "_alarm",
        "_asks",
        "_lookups",
        "_net_log",
        "_resolver",
        "_run",
        "_task",
        "_url",
        "chains",
        "error_detail",
        "load_state",
    )

    def __init__(self, resolver: PacResolver, url: Url, net_log: NetLogWithSource) -> None:
        super().__init__()
        services = resolver.services
        self._resolver = resolver
        self._url = url
        self._net_log = net_log
        self._alarm = Alarm(services.timers)
        self._lookups = PacLookups(services.dns, services.timers, net_log)
        self._asks = True
        self._task: PacTask | None = None
        self._run = PacRunResult(ERR_PAC_SCRIPT_FAILED)
        self.chains: ProxyList = ()
        """There after OK."""
        self.error_detail = ""
        self.load_state = LoadState.IDLE

    def start(self, on_done: Completion) -> int:
        """ERR_IO_PENDING; later OK with `chains`, ERR_PAC_SCRIPT_FAILED, ERR_PAC_SCRIPT_TERMINATED, ERR_TIMED_OUT."""
        self._alarm.start(TIME_LIMIT_S, self._on_time_limit)
        return self._begin(self._start_run, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        self._cancel_children()
        self._stop()

    # --- the steps

    def _start_run(self, _: int) -> int:
        self._step = self._heed_run
        self.load_state = LoadState.RESOLVING_PROXY_FOR_URL
        resolver, known = self._resolver, self._lookups.known
        given = PacRunInput(pac_url(self._url), self._url.host, known, resolver.own_addresses, self._asks)
        self._task = resolver.evaluator.run(given, self._on_run)
        return ERR_IO_PENDING

    def _on_run(self, run: PacRunResult) -> None:
        self._task = None
        self._run = run
        self._on_io_complete(run.net_error)

    def _heed_run(self, net_error: int) -> int:
        run = self._run
        if net_error == OK and run.questions:
            return self._look_up(run.questions)
        self._log(run)
        if net_error != OK:
            return self._fail(net_error, run.error_detail or meaning(net_error))
        self._alarm.stop()
        self.chains = parse_pac_result(run.answer)
        return OK

    def _look_up(self, questions: tuple[PacQuestion, ...]) -> int:
        known = self._lookups.known
        new = [question for question in dict.fromkeys(questions) if question not in known]
        if not new or not self._asks:
            return self._fail(ERR_PAC_SCRIPT_FAILED, "it asks for what it was told")
        room = MAX_QUESTIONS - len(known)
        self._asks = len(new) <= room
        self._step = self._start_run
        self.load_state = LoadState.RESOLVING_HOST_IN_PAC_FILE
        return self._lookups.start(new[:room], self._on_io_complete)

    def _on_time_limit(self) -> None:
        self._cancel_children()
        self._step = self._heed_time_limit
        self._on_io_complete(ERR_TIMED_OUT)

    def _heed_time_limit(self, net_error: int) -> int:
        state = self.load_state.name.lower().replace("_", " ")
        return self._fail(net_error, f"no answer within {TIME_LIMIT_S:g} s, while {state}")

    def _fail(self, net_error: int, detail: str) -> int:
        self._alarm.stop()
        self.error_detail = f"{self._resolver.script.source}: {detail}"
        return net_error

    def _cancel_children(self) -> None:
        self._alarm.stop()
        self._lookups.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def _log(self, run: PacRunResult) -> None:
        if not self._net_log.is_capturing:
            return
        for alert in run.alerts:
            params = {"message": string_value(alert)}
            self._net_log.event(NetLogEventType.PAC_JAVASCRIPT_ALERT, lambda _, params=params: params)
        if run.net_error != OK:
            self._net_log.event(NetLogEventType.PAC_JAVASCRIPT_ERROR, lambda _: _error_params(run))


def pac_url(url: Url) -> str:
    """What a script may know of a URL: nothing secret, and of a secure one only where it leads.

    Scripts come over plain http as well, and send what they like to name servers (SanitizeUrl in Chromium's
    configured_proxy_resolution_service.cc).
    """
    if url.is_secure:
        return f"{url.scheme}://{url.host_header}/"
    return url.without_credentials().with_fragment(None).href


def _error_params(run: PacRunResult) -> dict[str, object]:
    message: dict[str, object] = {"message": string_value(run.error_detail)}
    return message if run.line is None else {"line_number": run.line, **message}
