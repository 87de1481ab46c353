"""ProxyResolutionService: through whom each URL is reached, by one set of settings."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from netstack_sync.base.load_state import LoadState
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
from netstack_sync.log.params import net_error_params
from netstack_sync.loop.completion import Task
from netstack_sync.loop.fan_out import tell_in_turns
from netstack_sync.proxy.bad_proxies import BadProxies
from netstack_sync.proxy.config import DIRECTLY, ProxyConfig, ProxyList, ProxyRules
from netstack_sync.proxy.config_service import ProxyConfigService
from netstack_sync.proxy.info import ProxyInfo, ProxyRetryInfo
from netstack_sync.proxy.pac_decider import WPAD_URL, PacFileDecider
from netstack_sync.proxy.pac_file import PacFileData
from netstack_sync.proxy.pac_poller import PacPoller, PacVerdict
from netstack_sync.proxy.pac_resolver import PacResolveJob, PacResolver
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.proxy.request_queue import RequestQueue
from netstack_sync.proxy.resolution_log import config_change_params, result_params
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
        "_decider",
        "_kept",
        "_poller",
        "_post_task",
        "_queue",
        "_refusal",
        "_resolver",
        "_rules",
        "_services",
        "_stalled_until",
        "_state",
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
        self._decider: PacFileDecider | None = None
        self._resolver: PacResolver | None = None
        self._poller: PacPoller | None = None
        self._kept: PacFileData | None = None
        """The last good script, for when it cannot be fetched; not one that a network told: it is that network's."""
        self._refusal = ""
        """Why there is no answer for anybody: there has to be a script, and there is none."""
        self._stalled_until = services.timers.clock.now()
        self._bad = BadProxies(services.timers.clock, services.net_log)
        self._queue = RequestQueue()
        configs.add_observer(self)

    def create_request(self, url: Url, net_log: NetLogWithSource) -> ProxyResolutionRequest:
        """A question, not started yet."""
        return ProxyResolutionRequest(self, url, net_log)

    def report_success(self, info: ProxyInfo) -> None:
        """A request went well by the way that `info` has now: the ones that failed before are bad for all."""
        self._bad.report_success(info)

    @property
    def is_idle(self) -> bool:
        """True while nobody waits for an answer."""
        return self._queue.is_empty

    def rest(self) -> None:
        """Ends what runs by itself, until somebody asks again; while it is idle."""
        self._reset(_State.NONE)

    def bad_proxies(self) -> dict[str, ProxyRetryInfo]:
        """What is tried last for now, and why, by the names of the chains."""
        return self._bad.current()

    def on_ip_address_changed(self) -> None:
        """Another network has another script, and knows other proxies."""
        self._stalled_until = self._services.timers.clock.now() + STALL_AFTER_NETWORK_CHANGE_S
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
        self._queue.fail_waiting(ERR_CONTEXT_SHUT_DOWN, _SHUT_DOWN_DETAIL)

    @property
    def scripts(self) -> PacServices:
        """What its scripts need, for who asks one in the same way."""
        return self._services

    # --- ProxyConfigObserver

    def on_proxy_config_changed(self, config: ProxyConfig) -> None:
        """See ProxyConfigObserver."""
        net_log = self._services.net_log
        net_log.add_global_entry(NetLogEventType.PROXY_CONFIG_CHANGED, config_change_params(self._config, config))
        self._config = config
        self._kept = None
        self._bad.clear()
        if self._state not in (_State.NONE, _State.SHUT_DOWN):
            self._initialise()

    # --- ResolutionOwner

    @property
    def init_load_state(self) -> LoadState:
        """See ResolutionOwner."""
        return self._decider.load_state if self._decider is not None else LoadState.RESOLVING_PROXY_FOR_URL

    def start_request(self, request: ProxyResolutionRequest) -> int:
        """See ResolutionOwner."""
        self._configs.on_lazy_poll()
        if self._poller is not None:
            self._poller.on_activity()
        if self._state is _State.NONE:
            self._initialise()
        result = self._answer_at_once(request)
        if result != ERR_IO_PENDING:
            return result
        if self._resolver is not None and not self._queue.has_waiting:
            return self._ask(request, self._resolver)
        self._queue.add_waiting(request)
        return ERR_IO_PENDING

    def leave(self, request: ProxyResolutionRequest) -> None:
        """See ResolutionOwner."""
        self._queue.leave(request)

    def conclude(self, request: ProxyResolutionRequest, job: PacResolveJob, result: int) -> int:
        """See ResolutionOwner. A script that fails is passed over, unless it has to be heard."""
        config = self._config
        assert config is not None, "by these it was asked"
        self._queue.leave(request)
        if result == OK:
            return self._settle(request, job.chains, config)
        request.net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST, net_error_params(result))
        if result == ERR_PAC_SCRIPT_TERMINATED and self._poller is not None:
            self._poller.poll_soon()  # the engine has loaded it anew; there may be a better one
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
        if self._refusal:
            request.error_detail = self._refusal
            return ERR_MANDATORY_PROXY_CONFIGURATION_FAILED
        return ERR_IO_PENDING

    def _ask(self, request: ProxyResolutionRequest, resolver: PacResolver) -> int:
        self._queue.add_asking(request)
        return request.ask(resolver)

    def _settle(self, request: ProxyResolutionRequest, chains: ProxyList, config: ProxyConfig) -> int:
        request.info = info = ProxyInfo(chains, config)
        net_log = request.net_log
        if net_log.is_capturing:
            net_log.event(NetLogEventType.PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST, result_params(info))
        self._bad.deprioritize_in(info, net_log)
        return OK

    # --- states

    def _initialise(self, verdict: PacVerdict | None = None) -> None:
        """Begins anew with the settings, and with what was decided by them where that is known."""
        config = self._config = self._config or self._configs.latest()
        if config is None:
            self._state = _State.WAITING_FOR_CONFIG
            return
        self._reset(_State.WAITING_FOR_SCRIPT)
        if not config.has_automatic_settings:
            self._rules = config.rules
            self._become_ready()
            return
        if verdict is not None:
            self._heed_verdict(verdict)
            return
        stall_s = self._stalled_until - self._services.timers.clock.now()
        self._decider = PacFileDecider(config, self._services, stall_s)
        result = self._decider.start(self._on_decided)
        if result != ERR_IO_PENDING:
            self._on_decided(result)

    def _on_decided(self, result: int) -> None:
        decider, self._decider = self._decider, None
        assert decider is not None, "this is its result"
        if result == OK or self._kept is None:
            self._heed_verdict(PacVerdict(result, decider.script, decider.error_detail))
            return
        self._heed_verdict(PacVerdict(OK, self._kept))
        assert self._poller is not None, "only what was fetched can fail to be fetched"
        self._poller.poll_soon()

    def _heed_verdict(self, verdict: PacVerdict) -> None:
        config, services = self._config, self._services
        assert config is not None, "it is about these"
        if verdict.script is not None:
            self._resolver = PacResolver(verdict.script, services)
            self._kept = verdict.script if verdict.script.source != WPAD_URL else None
        elif config.pac_mandatory:
            self._refusal = _mandatory_detail(verdict.error_detail)
        else:
            self._rules = config.rules
        if config.auto_detect or config.pac_url is not None:
            self._poller = PacPoller(config, services, verdict, self._initialise)
        self._become_ready()

    def _reset(self, state: _State) -> None:
        """Forgets what came of the settings; requests wait again, in their order."""
        self._state = state
        self._queue.suspend()
        poller, decider = self._poller, self._decider
        self._poller = self._decider = self._resolver = self._rules = None
        self._refusal = ""
        if poller is not None:
            poller.stop()
        if decider is not None:
            decider.cancel()

    def _become_ready(self) -> None:
        """Never tells anybody from inside: it may be a request that is being started that got us here."""
        self._state = _State.READY
        if self._queue.has_waiting:
            self._post_task(lambda: tell_in_turns(self._tell_next, self._post_task))

    def _tell_next(self) -> bool:
        if self._state is not _State.READY or not self._queue.has_waiting:
            return False
        request = self._queue.take_next()
        result = self._answer_at_once(request)
        if result == ERR_IO_PENDING:
            assert self._resolver is not None, "who is ready has rules, an error or a script"
            result = self._ask(request, self._resolver)
        if result != ERR_IO_PENDING:
            request.finish(result)
        return True


def _mandatory_detail(detail: str) -> str:
    return f"the proxy settings allow no request without their script; {detail}"
