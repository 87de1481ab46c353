"""Services of proxy settings whose scripts never answer, and a ProxyServices made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG, ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_file import PacFetchResult
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.proxy.polling_config_service import PollingConfigService
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.url_request.proxy_identities import ProxyIdentities, ProxyLogins
from netstack_sync.url_request.proxy_services import ProxyServices, ServiceInUse
from netstack_sync.workers.pac_values import PacOutcome, PacRequest
from tests.support.workers import ScriptedWorkers

SCRIPT = "function FindProxyForURL(url, host) { return 'PROXY p:80'; }"


class StalledRun:
    """See PacEvaluation."""

    is_waiting = False

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        """See PacEvaluation."""
        self.is_cancelled = True


class StalledEngine:
    """See PacEngine."""

    def __init__(self) -> None:
        self.runs: list[StalledRun] = []
        self.shut_downs = 0
        self.is_abandoned = False

    def evaluate(
        self,
        _request: PacRequest,
        _on_reply: Callable[[PacOutcome], None],
        _on_start: Callable[[int | None], None] | None = None,
    ) -> StalledRun:
        """Never replies."""
        self.runs.append(StalledRun())
        return self.runs[-1]

    def shut_down(self) -> None:
        """Counts."""
        self.shut_downs += 1

    def abandon_after_fork(self) -> None:
        """Remembers."""
        self.is_abandoned = True


class Nobody:
    """A PacFileFetcher and a PacDns that nobody is to need."""

    def start(self, url: str, _on_done: Callable[[PacFetchResult], None]) -> NoReturn:
        """Nothing is fetched."""
        raise AssertionError(url)

    def create_lookup(self, host: str, net_log: NetLogWithSource) -> NoReturn:
        """Nothing is looked up."""
        raise AssertionError(host)


class ProxyRig:
    """A ProxyServices, and what it made."""

    def __init__(
        self,
        thread: NetworkThread,
        net_log: NetLog,
        own: ProxyConfig = DIRECT_CONFIG,
        logins: ProxyLogins | None = None,
        system: ProxyConfig = DIRECT_CONFIG,
    ) -> None:
        """`system` is what the system is set to."""
        self.engine = StalledEngine()
        self.workers = ScriptedWorkers(thread.task_runner)
        self.made: list[ServiceInUse] = []
        self._thread = thread
        self._system = system
        self._pac = PacServices(Nobody(), self.engine, Nobody(), thread.timers, net_log)
        self.services = ProxyServices(own, self._make, ProxyIdentities(logins, self.workers), self.engine)

    def _make(self, config: ProxyConfig) -> ServiceInUse:
        post_task, polling = self._thread.task_runner.post_task, None
        if config == SYSTEM_CONFIG:
            polling = PollingConfigService(self._thread.timers, self.workers, lambda: self._system)
        settings = polling or FixedConfigService(config)
        self.made.append(ServiceInUse(ProxyResolutionService(settings, self._pac, post_task), settings, polling))
        return self.made[-1]
