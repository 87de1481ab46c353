"""A ProxyResolutionService over a PacWorld, and requests that remember what they were told."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.proxy.info import ProxyInfo
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from tests.support.loops import RecordedCompletion
from tests.support.pac import TEXT, PacWorld, ScriptedConfigs

CUSTOM_URL = "http://custom.test/proxy.pac"
PAC = ProxyConfig(pac_url=CUSTOM_URL)


def chain(host_port: str) -> ProxyChain:
    """An HTTP proxy."""
    host, port = host_port.split(":")
    return ProxyChain((ProxyServer(ProxyScheme.HTTP, host, int(port)),))


MANUAL_RULES = ProxyRules(single=(chain("manual:80"),))
MANUAL = ProxyConfig(rules=MANUAL_RULES)


class Asking:
    """One request that was started."""

    def __init__(self, service: ProxyResolutionService, url: str, net_log: NetLogWithSource) -> None:
        self.request = service.create_request(Url.parse(url), net_log)
        self.done = RecordedCompletion()
        self.started = self.request.start(self.done)

    @property
    def result(self) -> int:
        """How it ended, at once or later."""
        return self.started if self.started != ERR_IO_PENDING else self.done.result

    @property
    def info(self) -> ProxyInfo:
        """The answer; there must be one."""
        assert self.result == OK and self.request.info is not None
        return self.request.info

    @property
    def chains(self) -> str:
        """The ways, one after the other."""
        return ";".join(map(str, self.info.chains))


class ServiceWorld:
    """The service, its settings, and all that it needs."""

    def __init__(self, world: PacWorld) -> None:
        self.world = world
        self.configs = ScriptedConfigs()
        self.service = ProxyResolutionService(self.configs, world.services, world.driver.loop.task_runner.post_task)

    def set(self, config: ProxyConfig) -> None:
        """The settings, before anybody asks."""
        self.configs.config = config

    def ask(self, url: str = "http://a.test/") -> Asking:
        """Starts a request."""
        net_log = NetLogWithSource.make(self.world.net_log, NetLogSourceType.URL_REQUEST)
        return Asking(self.service, url, net_log)

    def run(self) -> None:
        """Runs what there is to do now."""
        self.world.driver.run_until_idle()

    def script(self, text: str = TEXT) -> None:
        """The script comes, and those who waited ask it."""
        self.world.fetcher.give(text)
        self.run()

    def answer(self, result: str) -> None:
        """The script's only run says this."""
        self.run()
        (run,) = self.world.engine.open
        run.answer(result)

    @property
    def asked(self) -> list[str]:
        """The URLs of all runs."""
        return [run.request.url for run in self.world.engine.runs]

    @property
    def changed_scripts(self) -> list[tuple[object, object]]:
        """The URLs of the scripts before and after each change of the settings, as the log has them."""
        changes = self.world.net_log.params_of(NetLogEventType.PROXY_CONFIG_CHANGED, NetLogEventPhase.NONE)
        return [(_script(change.get("old_config")), _script(change["new_config"])) for change in changes]


def _script(value: object) -> object:
    return value.get("pac_url") if isinstance(value, dict) else None
