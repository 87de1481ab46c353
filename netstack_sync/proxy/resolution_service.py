"""ProxyResolutionService: through whom each URL is reached, by one set of settings."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
    ERR_PAC_SCRIPT_TERMINATED,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLog
from netstack_sync.log.params import net_error_params
from netstack_sync.loop.completion import Task
from netstack_sync.loop.fan_out import tell_in_turns
from netstack_sync.proxy.config import DIRECTLY, ProxyConfig, ProxyList, ProxyRules
from netstack_sync.proxy.config_service import ProxyConfigService
from netstack_sync.proxy.info import ProxyInfo, ProxyRetryInfo, ProxyRetryMap
from netstack_sync.proxy.pac_poller import PacPoller, PacVerdict
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver
from netstack_sync.proxy.pac_setup import PacServices, PacSetup
from netstack_sync.proxy.resolution_log import bad_proxies_params, config_change_params, result_params
from netstack_sync.proxy.resolution_request import ProxyResolutionRequest

STALL_AFTER_NETWORK_CHANGE_S: Final = 2.0
"""A network that has just come up has no names yet; a script looked for now would not be found (Chromium)."""

_SHUT_DOWN_DETAIL: Final = "the proxy settings are not in use any more"


class _State(Enum):
    NONE = auto()  # nobody has asked yet
    WAITING_FOR_CONFIG = auto()
    WAITING_FOR_SCRIPT = auto()
    READY = auto()
    SHUT_DOWN = auto()


class ProxyResolutionService:
    """See net/proxy_resolution/configured_proxy_resolution_service.h. Network thread only; owns scripts and polls.

    Rules answer at once. Where there is a script its URLs wait until it is there, and are asked in the order in which
    they came; what it does not matter to, this machine, never waits.
    """

    __slots__ = (
        "_bad",
        "_config",
        "_configs",
        "_detail",
        "_permanent_error",
        "_poller",
        "_post_task",
        "_resolver",
        "_rules",
        "_running",
        "_services",
        "_setup",
        "_stalled_until",
        "_state",
        "_waiting",
    )

    def __init__(self, configs: ProxyConfigService, services: PacServices, post_task: Callable[[Task], object]) -> None:
        self._configs = configs
        self._services = services
        self._post_task = post_task
        self._state = _State.NONE
        self._config: ProxyConfig | None = None
        """The settings, once they are known."""
        self._rules: ProxyRules | None = None
        """Of the settings, where they decide and no script does."""
        self._setup: PacSetup | None = None
        self._resolver: PacResolver | None = None
        self._poller: PacPoller | None = None
        self._permanent_error = OK
        self._detail = ""
        """Why there is no script."""
        self._stalled_until = services.decider.timers.clock.now()
        self._bad = ProxyRetryMap()
        self._waiting: dict[ProxyResolutionRequest, None] = {}  # in the order of their start, as are the next
        self._running: dict[ProxyResolutionRequest, None] = {}
        configs.add_observer(self)

    def create_request(self, url: Url, net_log: NetLogWithSource) -> ProxyResolutionRequest:
        """A question, not started yet."""
        return ProxyResolutionRequest(self, url, net_log)

    def report_success(self, info: ProxyInfo) -> None:
        """A request went well by the way that `info` has now: the ones that failed before are bad for all."""
        failed = info.retry_info
        if failed is None or self._state is _State.SHUT_DOWN:
            return
        self._bad.merge(failed, self._now())
        self._net_log.add_global_entry(NetLogEventType.BAD_PROXY_LIST_REPORTED, bad_proxies_params(failed))

    def bad_proxies(self) -> dict[str, ProxyRetryInfo]:
        """What is tried last for now, and why, by the names of the chains."""
        now = self._now()
        return {str(chain): info for chain, info in self._bad.items() if self._bad.bad(chain, now) is not None}

    def on_ip_address_changed(self) -> None:
        """Another network has another script, and knows other proxies."""
        self._stalled_until = self._now() + STALL_AFTER_NETWORK_CHANGE_S
        self._bad.clear()
        if self._state in (_State.WAITING_FOR_SCRIPT, _State.READY):
            self._initialise()

    def on_dns_changed(self) -> None:
        """The script may be to be had now, or be another."""
        if self._poller is not None:
            self._poller.poll_now()

    def shut_down(self) -> None:
        """Requests fail with ERR_CONTEXT_SHUT_DOWN, and so do those that come later; idempotent."""
        self._configs.remove_observer(self)
        self._reset(_State.SHUT_DOWN)
        while self._waiting:
            request = self._take_next()
            request.error_detail = _SHUT_DOWN_DETAIL
            try:
                request.finish(ERR_CONTEXT_SHUT_DOWN)
            except Exception:
                traceback.print_exc()  # a bug of who asked, from which no other one is to suffer

    # --- ProxyConfigObserver

    def on_proxy_config_changed(self, config: ProxyConfig) -> None:
        """See ProxyConfigObserver."""
        self._net_log.add_global_entry(NetLogEventType.PROXY_CONFIG_CHANGED, config_change_params(self._config, config))
        self._config = config
        self._bad.clear()
        if self._state is not _State.NONE:
            self._initialise()

    # --- ResolutionOwner

    @property
    def init_load_state(self) -> LoadState:
        """See ResolutionOwner."""
        return self._setup.load_state if self._setup is not None else LoadState.RESOLVING_PROXY_FOR_URL

    def start_request(self, request: ProxyResolutionRequest) -> int:
        """See ResolutionOwner."""
        self._configs.on_lazy_poll()
        if self._poller is not None:
            self._poller.on_activity()
        if self._state is _State.NONE:
            self._apply_config()
        result = self._answer_at_once(request)
        if result != ERR_IO_PENDING:
            return result
        if self._resolver is not None and not self._waiting:
            return self._ask(request, self._resolver)
        self._waiting[request] = None
        request.wait()
        return ERR_IO_PENDING

    def leave(self, request: ProxyResolutionRequest) -> None:
        """See ResolutionOwner."""
        self._waiting.pop(request, None)
        self._running.pop(request, None)

    def conclude(self, request: ProxyResolutionRequest, job: PacResolveJob, result: int) -> int:
        """See ResolutionOwner. A script that fails is passed over, unless it has to be heard."""
        config, resolver = self._config, self._resolver
        assert config is not None and resolver is not None, "somebody was asked"
        del self._running[request]
        if result == OK:
            return self._settle(request, job.chains, config)
        request.net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST, net_error_params(result))
        if result == ERR_PAC_SCRIPT_TERMINATED:
            self._initialise(PacVerdict(OK, resolver.script))  # loaded anew, for whoever else waits
        if config.pac_mandatory:
            request.error_detail = _mandatory_detail(job.error_detail)
            return ERR_MANDATORY_PROXY_CONFIGURATION_FAILED
        return self._settle(request, DIRECTLY, config)

    # --- answers

    def _answer_at_once(self, request: ProxyResolutionRequest) -> int:
        """ERR_IO_PENDING where it takes a script, or settings that are not there."""
        config = self._config
        if self._rules is not None and config is not None:  # fast path
            return self._settle(request, self._rules.lists_for(request.url), config)
        if self._state is _State.SHUT_DOWN:
            request.error_detail = _SHUT_DOWN_DETAIL
            return ERR_CONTEXT_SHUT_DOWN
        if config is not None and config.rules.bypass.matches_implicit(request.url):
            return self._settle(request, DIRECTLY, config)
        if self._permanent_error != OK:
            request.error_detail = self._detail
            return self._permanent_error
        return ERR_IO_PENDING

    def _ask(self, request: ProxyResolutionRequest, resolver: PacResolver) -> int:
        self._running[request] = None
        return request.ask(resolver)

    def _settle(self, request: ProxyResolutionRequest, chains: ProxyList, config: ProxyConfig) -> int:
        request.info = info = ProxyInfo(chains, config)
        net_log = request.net_log
        if net_log.is_capturing:
            net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST, result_params(info))
        if self._bad:
            info.deprioritize(self._bad, self._now())
            net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_DEPRIORITIZED_BAD_PROXIES, result_params(info))
        return OK

    # --- states

    def _apply_config(self) -> None:
        if self._config is None:
            self._config = self._configs.latest()
        if self._config is None:
            self._state = _State.WAITING_FOR_CONFIG
        else:
            self._initialise()

    def _initialise(self, verdict: PacVerdict | None = None) -> None:
        """Begins anew with the settings, and with what was decided by them where that is known."""
        config = self._config
        assert config is not None, "nothing begins without settings"
        self._reset(_State.WAITING_FOR_SCRIPT)
        if not config.has_automatic_settings:
            self._rules = config.rules
            self._become_ready()
            return
        self._setup = setup = PacSetup(self._services)
        if verdict is not None:
            result = setup.take(verdict, self._on_setup)
        else:
            result = setup.decide(config, self._stalled_until - self._now(), self._on_setup)
        if result != ERR_IO_PENDING:
            self._on_setup(result)

    def _on_setup(self, result: int) -> None:
        setup, self._setup, config = self._setup, None, self._config
        assert setup is not None and config is not None, "this is its result"
        self._resolver = setup.resolver
        if setup.resolver is None:
            self._do_without_script(config, setup.verdict.error_detail or meaning(result))
        if config.auto_detect or config.pac_url is not None:
            self._poller = PacPoller(config, self._services.decider, setup.verdict, self._initialise)
        self._become_ready()

    def _do_without_script(self, config: ProxyConfig, detail: str) -> None:
        if config.pac_mandatory:
            self._permanent_error, self._detail = ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, _mandatory_detail(detail)
        else:
            self._rules = config.rules

    def _reset(self, state: _State) -> None:
        """Forgets what came of the settings; requests wait again, in their order."""
        self._state = state
        for request in self._running:
            request.suspend()
            request.wait()
        self._waiting = {**self._running, **self._waiting}
        self._running = {}
        poller, setup, resolver = self._poller, self._setup, self._resolver
        self._poller = self._setup = self._resolver = self._rules = None
        self._permanent_error = OK
        if poller is not None:
            poller.stop()
        if setup is not None:
            setup.cancel()
        if resolver is not None:
            resolver.close()

    def _become_ready(self) -> None:
        """Never tells anybody from inside: it may be a request that is being started that got us here."""
        self._state = _State.READY
        if self._waiting:
            self._post_task(lambda: tell_in_turns(self._tell_next, self._post_task))

    def _tell_next(self) -> bool:
        if self._state is not _State.READY or not self._waiting:
            return False
        request = self._take_next()
        result = self._answer_at_once(request)
        if result == ERR_IO_PENDING:
            assert self._resolver is not None, "who is ready has rules, an error or a script"
            result = self._ask(request, self._resolver)
        if result != ERR_IO_PENDING:
            request.finish(result)
        return True

    def _take_next(self) -> ProxyResolutionRequest:
        request = next(iter(self._waiting))
        del self._waiting[request]
        request.end_wait()
        return request

    @property
    def _net_log(self) -> NetLog:
        return self._services.decider.net_log

    def _now(self) -> float:
        return self._services.decider.timers.clock.now()


def _mandatory_detail(detail: str) -> str:
    return f"the proxy settings allow no request without their script; {detail}"
