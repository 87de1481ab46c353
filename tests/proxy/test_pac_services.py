"""PacServices: that the engine fits, and that scripts decide with it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, OK
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.proxy.config_service import FixedConfigService
from netstack_sync.proxy.pac_services import PacEngine as PacEngineProtocol
from netstack_sync.proxy.pac_services import PacServices
from netstack_sync.proxy.resolution_service import ProxyResolutionService
from netstack_sync.workers.pac_engine import PacEngine
from tests.support.loops import RecordedCompletion
from tests.support.net_logs import RecordingNetLog
from tests.support.pac import ScriptedDns, ScriptedFetcher
from tests.support.proxy_service import CUSTOM_URL
from tests.support.scripted_stack import DrivenThread
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(importlib.util.find_spec("quickjs") is None, reason="the extra `pac` is not installed")

SCRIPT = """
function FindProxyForURL(url, host) {
  alert("asked for " + url);
  var address = dnsResolve(host);
  if (address && isInNet(address, "192.0.2.0", "255.255.255.0")) return "DIRECT";
  if (host == "broken.test") return nothing.at.all;
  return "PROXY first.test:8080; SOCKS5 second.test; DIRECT";
}
"""


class Whole:
    """A service with a real engine; the test runs its loop and brings scripts and names."""

    def __init__(self, config: ProxyConfig) -> None:
        self.thread: NetworkThread
        self.thread = self._driven = DrivenThread()
        self.net_log = RecordingNetLog()
        self.fetcher = ScriptedFetcher()
        self.dns = ScriptedDns()
        self.engine = PacEngine(self.thread.task_runner, self.thread.timers, SystemWallClock())
        engine: PacEngineProtocol = self.engine
        services = PacServices(self.fetcher, engine, self.dns, self.thread.timers, self.net_log)
        self.service = ProxyResolutionService(FixedConfigService(config), services, self.thread.task_runner.post_task)

    def ask(self, url: str) -> tuple[int, str]:
        """The result, and the ways or the words."""
        net_log = NetLogWithSource.make(self.net_log, NetLogSourceType.URL_REQUEST)
        request = self.service.create_request(Url.parse(url), net_log)
        done = RecordedCompletion()
        assert request.start(done) == ERR_IO_PENDING
        if self.fetcher.fetches and self.fetcher.fetches[-1].is_open:
            self.fetcher.give(SCRIPT)

        def look() -> bool:
            self._driven.run()
            return done.is_called

        wait_until(look)
        if request.info is None:
            return done.result, request.error_detail
        return done.result, ";".join(map(str, request.info.chains))

    def close(self) -> None:
        """Nothing is left."""
        self.service.shut_down()
        self.engine.shut_down()
        self._driven.run()
        assert not len(self.thread.timers)
        self._driven.close()


@pytest.fixture(params=["text", "http"])
def whole(request: pytest.FixtureRequest) -> Iterator[Whole]:
    """With a script of the user's own, and with one from the network."""
    if request.param == "text":
        whole = Whole(ProxyConfig(pac_script=SCRIPT, pac_mandatory=True))
    else:
        whole = Whole(ProxyConfig(pac_url=CUSTOM_URL, pac_mandatory=True))
    yield whole
    whole.close()


def test_a_script_decides(whole: Whole) -> None:
    """Row 214: PAC, PAC_RuntimeError. With the names that it asks for; what it says is in the log, once."""
    whole.dns.known = {"near.test": ("2001:db8::1", "192.0.2.9"), "far.test": ("198.51.100.1",), "broken.test": ()}
    ways = "http://first.test:8080;socks5://second.test:1080;direct://"
    assert whole.ask("http://near.test/") == (OK, "direct://")
    assert whole.ask("https://far.test/secret") == (OK, ways)
    net_error, detail = whole.ask("http://broken.test/")
    assert net_error == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED and "line 6" in detail
    alerts = whole.net_log.params_of(NetLogEventType.PAC_JAVASCRIPT_ALERT, NetLogEventPhase.NONE)
    assert [str(alert["message"]).split("asked for ")[1] for alert in alerts] == [
        "http://near.test/",
        "https://far.test/",
        "http://broken.test/",
    ]
