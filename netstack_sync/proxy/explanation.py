"""ProxyExplainer: finds the proxies for one URL as the service does, and keeps what led there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from netstack_sync.base.net_errors import ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.proxy.config import DIRECTLY, ProxyConfig, ProxyList, ProxyRules
from netstack_sync.proxy.pac_decider import PacFileDecider
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver
from netstack_sync.proxy.pac_services import PacEngine, PacEvaluation, PacServices
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind, decided_by
from netstack_sync.workers.pac_values import PacOutcome, PacRequest


@dataclass(frozen=True, slots=True)
class PacRun:
    """One run of a script, from its beginning."""

    elapsed_s: float
    """From its start to its end, waiting for a thread included."""
    known: Mapping[str, tuple[str, ...] | None]
    """The names it was told the addresses of; None for one that was not found."""
    outcome: PacOutcome


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
    fetch_s: float = 0.0
    """How long it took to get the script."""
    runs: list[PacRun] = field(default_factory=list)


def explain_rules(rules: ProxyRules, url: Url) -> ProxyExplanation:
    """What rules made by hand say; any thread."""
    return ProxyExplanation(rules.lists_for(url), decided_by(rules, url))


class ProxyExplainer(StepMachine):
    """One question; network thread only. Each has the script fetched anew: it is for people who ask why.

    The settings must have a script; see explain_rules() for the others.
    """

    __slots__ = ("_config", "_decider", "_job", "_net_log", "_services", "_started_at", "_url", "explanation")

    def __init__(self, config: ProxyConfig, services: PacServices, url: Url, net_log: NetLogWithSource) -> None:
        super().__init__()
        self._config = config
        self._services = services
        self._url = url
        self._net_log = net_log
        self._started_at = services.timers.clock.now()
        self._decider: PacFileDecider | None = None
        self._job: PacResolveJob | None = None
        self.explanation = ProxyExplanation()
        """Complete after the result, and as far as it came after cancel()."""

    def start(self, on_done: Completion) -> int:
        """OK, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, or ERR_IO_PENDING and one later callback."""
        return self._begin(self._decide, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        if self._decider is not None:
            self._decider.cancel()
        if self._job is not None:
            self._job.cancel()
        self._stop()

    # --- the steps

    def _decide(self, _: int) -> int:
        config = self._config
        if config.rules.bypass.matches_implicit(self._url):
            return self._take(DIRECTLY, RuleDecision(RuleKind.IMPLICIT))
        self._step = self._heed_decision
        self._decider = PacFileDecider(config, self._services)
        return self._decider.start(self._on_io_complete)

    def _heed_decision(self, _: int) -> int:
        decider, explanation = self._decider, self.explanation
        assert decider is not None, "this is its result"
        explanation.fetch_s = self._services.timers.clock.now() - self._started_at
        if decider.script is None:
            explanation.script_detail = decider.error_detail
            return self._refusal or self._take_rules()
        explanation.script = decider.script.source
        engine = _TracedEngine(self._services.engine, self._services.timers, explanation.runs.append)
        resolver = PacResolver(decider.script, self._services._replace(engine=engine))
        self._step = self._heed_answer
        self._job = resolver.create_job(self._url, self._net_log)
        return self._job.start(self._on_io_complete)

    def _heed_answer(self, result: int) -> int:
        job = self._job
        assert job is not None, "this is its result"
        if result == OK:
            return self._take(job.chains)
        self.explanation.script_detail = job.error_detail
        return self._refusal or self._take(DIRECTLY)

    # --- inside

    @property
    def _refusal(self) -> int:
        """What comes of a script that gives no answer; OK where one can do without."""
        return ERR_MANDATORY_PROXY_CONFIGURATION_FAILED if self._config.pac_mandatory else OK

    def _take_rules(self) -> int:
        found = explain_rules(self._config.rules, self._url)
        return self._take(found.chains, found.rule)

    def _take(self, chains: ProxyList, rule: RuleDecision | None = None) -> int:
        self.explanation.chains = chains
        self.explanation.rule = rule
        return OK


class _TracedEngine:
    """A PacEngine that tells of each run when it is over."""

    __slots__ = ("_engine", "_tell", "_timers")

    def __init__(self, engine: PacEngine, timers: TimerQueue, tell: Callable[[PacRun], None]) -> None:
        self._engine = engine
        self._timers = timers
        self._tell = tell

    def evaluate(
        self,
        request: PacRequest,
        on_reply: Callable[[PacOutcome], None],
        on_start: Callable[[int | None], None] | None = None,
    ) -> PacEvaluation:
        """See PacEngine."""
        clock = self._timers.clock
        started_at = clock.now()

        def on_outcome(outcome: PacOutcome) -> None:
            self._tell(PacRun(clock.now() - started_at, request.known, outcome))
            on_reply(outcome)

        return self._engine.evaluate(request, on_outcome, on_start)
