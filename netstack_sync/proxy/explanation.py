"""ProxyExplainer: finds the proxies for one URL as the service does, and keeps what led there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.proxy.config import DIRECTLY, ProxyConfig, ProxyList
from netstack_sync.proxy.pac_engine import PacEvaluator, PacQuestion, PacRunInput, PacRunResult, PacTask
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver
from netstack_sync.proxy.pac_setup import PacServices, PacSetup
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind, decided_by


@dataclass(frozen=True, slots=True)
class PacRun:
    """One run of a script, from its beginning."""

    elapsed_s: float
    """From its start to its result, waiting for a free worker included."""
    known: Mapping[PacQuestion, tuple[str, ...]]
    """The names it was given the addresses of."""
    result: PacRunResult


@dataclass(slots=True)
class ProxyExplanation:
    """What was found, and why."""

    chains: ProxyList = ()
    """None where the settings allow no connection."""
    rule: RuleDecision | None = None
    """What decided; None for a script."""
    script: str = ""
    """Where the script is from; empty where none was asked."""
    script_detail: str = ""
    """Why a script is not to be had, or has not answered, in words."""
    setup_s: float = 0.0
    """How long it took to get and load the script."""
    runs: list[PacRun] = field(default_factory=list)


class ProxyExplainer(StepMachine):
    """One question; network thread only. Each has the script fetched and loaded anew: it is for people who ask why."""

    __slots__ = (
        "_config",
        "_job",
        "_net_log",
        "_resolver",
        "_services",
        "_setup",
        "_started_at",
        "_url",
        "explanation",
    )

    def __init__(self, config: ProxyConfig, services: PacServices, url: Url, net_log: NetLogWithSource) -> None:
        super().__init__()
        self._config = config
        self._services = services
        self._url = url
        self._net_log = net_log
        self._started_at = 0.0
        self._setup: PacSetup | None = None
        self._resolver: PacResolver | None = None
        self._job: PacResolveJob | None = None
        self.explanation = ProxyExplanation()
        """Complete after the result, and as far as it came after cancel()."""

    def start(self, on_done: Completion) -> int:
        """OK, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, or ERR_IO_PENDING and one later callback."""
        return self._begin(self._decide, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        if self._job is not None:
            self._job.cancel()
        if self._setup is not None:
            self._setup.cancel()
        self._stop()
        self._close()

    # --- the steps

    def _decide(self, _: int) -> int:
        config = self._config
        if not config.has_automatic_settings:
            return self._take_rules()
        if config.rules.bypass.matches_implicit(self._url):
            return self._take(DIRECTLY, RuleDecision(RuleKind.IMPLICIT))
        self._started_at = self._timers.clock.now()
        self._setup = PacSetup(self._services)
        self._step = self._heed_setup
        return self._setup.decide(config, 0.0, self._on_io_complete)

    def _heed_setup(self, result: int) -> int:
        setup, self._setup = self._setup, None
        assert setup is not None, "this is its result"
        explanation = self.explanation
        explanation.setup_s = self._timers.clock.now() - self._started_at
        if setup.resolver is None:
            explanation.script_detail = setup.verdict.error_detail or meaning(result)
            return self._do_without_answer(self._take_rules)
        explanation.script = setup.resolver.script.source
        self._step = self._heed_answer
        self._resolver = self._traced(setup.resolver)
        self._job = self._resolver.create_job(self._url, self._net_log)
        return self._job.start(self._on_io_complete)

    def _heed_answer(self, result: int) -> int:
        job, self._job = self._job, None
        assert job is not None, "this is its result"
        self._close()
        if result == OK:
            return self._take(job.chains)
        self.explanation.script_detail = job.error_detail
        return self._do_without_answer(lambda: self._take(DIRECTLY))

    def _do_without_answer(self, go_on: Callable[[], int]) -> int:
        return ERR_MANDATORY_PROXY_CONFIGURATION_FAILED if self._config.pac_mandatory else go_on()

    # --- inside

    def _take_rules(self) -> int:
        rules = self._config.rules
        return self._take(rules.lists_for(self._url), decided_by(rules, self._url))

    def _take(self, chains: ProxyList, rule: RuleDecision | None = None) -> int:
        self.explanation.chains = chains
        self.explanation.rule = rule
        return OK

    def _traced(self, resolver: PacResolver) -> PacResolver:
        evaluator = _TracedEvaluator(resolver.evaluator, self._timers, self.explanation.runs.append)
        return PacResolver(resolver.script, evaluator, resolver.services)

    def _close(self) -> None:
        resolver, self._resolver = self._resolver, None
        if resolver is not None:
            resolver.close()

    @property
    def _timers(self) -> TimerQueue:
        return self._services.script.timers


class _TracedEvaluator:
    """A PacEvaluator that tells of each run when it is over."""

    __slots__ = ("_evaluator", "_tell", "_timers")

    def __init__(self, evaluator: PacEvaluator, timers: TimerQueue, tell: Callable[[PacRun], None]) -> None:
        self._evaluator = evaluator
        self._timers = timers
        self._tell = tell

    def run(self, given: PacRunInput, on_done: Callable[[PacRunResult], None]) -> PacTask:
        """See PacEvaluator."""
        clock = self._timers.clock
        started_at = clock.now()
        known = dict(given.known)

        def on_result(result: PacRunResult) -> None:
            self._tell(PacRun(clock.now() - started_at, known, result))
            on_done(result)

        return self._evaluator.run(given, on_result)

    def close(self) -> None:
        """See PacEvaluator."""
        self._evaluator.close()
