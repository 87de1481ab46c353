"""PacSetup: from settings to a script that can be asked."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.pac_decider import DeciderServices, PacFileDecider
from netstack_sync.proxy.pac_engine import PacEngine, PacLoadResult, PacTask
from netstack_sync.proxy.pac_poller import PacVerdict
from netstack_sync.proxy.pac_resolver import PacResolver, ScriptServices


class PacServices(NamedTuple):
    """What scripts need from elsewhere."""

    decider: DeciderServices
    script: ScriptServices
    engine: PacEngine


class PacSetup(StepMachine):
    """Decides which script it is, and loads it (InitProxyResolver of Chromium). Owned by the service."""

    __slots__ = ("_decider", "_loading", "_services", "_task", "resolver", "verdict")

    def __init__(self, services: PacServices) -> None:
        super().__init__()
        self._services = services
        self._decider: PacFileDecider | None = None
        self._task: PacTask | None = None
        self._loading: PacLoadResult | None = None
        self.resolver: PacResolver | None = None
        """There after OK."""
        self.verdict = PacVerdict(ERR_IO_PENDING, None)
        """What it came to."""

    def decide(self, config: ProxyConfig, wait_delay_s: float, on_done: Completion) -> int:
        """OK with `resolver`, why there is none, or ERR_IO_PENDING and one later callback."""
        self._decider = PacFileDecider(config, self._services.decider, wait_delay_s)
        return self._begin(self._decide, on_done)

    def take(self, verdict: PacVerdict, on_done: Completion) -> int:
        """The same, for what was decided already."""
        self.verdict = verdict
        return self._begin(self._load, on_done)

    def cancel(self) -> None:
        """The callback never comes; idempotent."""
        if self._decider is not None:
            self._decider.cancel()
        if self._task is not None:
            self._task.cancel()
        self._stop()

    @property
    def load_state(self) -> LoadState:
        """What it waits for."""
        return self._decider.load_state if self._decider is not None else LoadState.RESOLVING_PROXY_FOR_URL

    # --- the steps

    def _decide(self, _: int) -> int:
        assert self._decider is not None, "decide() makes it"
        self._step = self._heed_decision
        return self._decider.start(self._on_io_complete)

    def _heed_decision(self, result: int) -> int:
        decider, self._decider = self._decider, None
        assert decider is not None, "this is its result"
        self.verdict = PacVerdict(result, decider.script, decider.error_detail)
        self._step = self._load
        return OK

    def _load(self, _: int) -> int:
        script = self.verdict.script
        if script is None:
            return self.verdict.net_error
        self._step = self._heed_load
        self._task = self._services.engine.load(script, self._on_loaded)
        return ERR_IO_PENDING

    def _on_loaded(self, loading: PacLoadResult) -> None:
        self._task = None
        self._loading = loading
        self._on_io_complete(loading.net_error)

    def _heed_load(self, net_error: int) -> int:
        script, loading = self.verdict.script, self._loading
        assert script is not None and loading is not None, "this is its result"
        if loading.evaluator is None:
            self.verdict = PacVerdict(net_error, script, f"{script.source}: {loading.error_detail}")
            return net_error
        self.resolver = PacResolver(script, loading.evaluator, self._services.script)
        return OK
