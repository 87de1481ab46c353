"""ProxyResolutionService while the world changes: bad proxies, other networks, other scripts, the end."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_PROXY_CONNECTION_FAILED,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.info import BAD_PROXY_DELAY_S
from netstack_sync.proxy.pac_poller import DELAY_AFTER_SUCCESS_S, DELAYS_AFTER_FAILURE_S
from netstack_sync.proxy.resolution_service import STALL_AFTER_NETWORK_CHANGE_S
from tests.support.pac import OTHER_TEXT, TEXT
from tests.support.proxy_service import CUSTOM_URL, MANUAL, PAC, Asking, ServiceWorld, chain

TWO = ProxyConfig(rules=ProxyRules(single=(chain("first:80"), chain("second:80"))))


def fail_over(service: ServiceWorld, asking: Asking) -> None:
    """The first way fails, the second works."""
    assert asking.info.fallback(ERR_PROXY_CONNECTION_FAILED, service.world.driver.clock.now())
    service.service.report_success(asking.info)


def test_fallback(service: ServiceWorld) -> None:
    """Row 216: ProxyFallback, MarkProxiesAsBadTests. A proxy that failed is tried last for five minutes, and shown."""
    service.set(TWO)
    fail_over(service, service.ask())
    assert service.ask().chains == "http://second:80;http://first:80"
    (bad,) = service.service.bad_proxies().items()
    assert bad[0] == "http://first:80" and bad[1].net_error == ERR_PROXY_CONNECTION_FAILED
    service.world.driver.advance(BAD_PROXY_DELAY_S + 0.001)
    assert service.ask().chains == "http://first:80;http://second:80" and service.service.bad_proxies() == {}
    reports = service.world.net_log.params_of(NetLogEventType.BAD_PROXY_LIST_REPORTED, NetLogEventPhase.NONE)
    assert reports == [{"bad_proxy_list": ["http://first:80"]}]


def test_only_a_success_is_reported(service: ServiceWorld) -> None:
    """Row 216: nobody learns of a failure from a request that failed altogether, and nothing from one that did not
    fail over.
    """
    service.set(TWO)
    asking = service.ask()
    service.service.report_success(asking.info)
    asking.info.fallback(ERR_PROXY_CONNECTION_FAILED, service.world.driver.clock.now())
    assert service.ask().chains == "http://first:80;http://second:80" and service.service.bad_proxies() == {}


def test_fallback_of_a_script(service: ServiceWorld) -> None:
    """Row 214: PAC_FailoverWithoutDirect, PAC_FailoverAfterDirect; row 216: ProxyFallbackToDirect. DIRECT is never
    bad.
    """
    service.set(PAC)
    asking = service.ask()
    service.script()
    service.answer("PROXY first:80; DIRECT; PROXY second:80")
    now = service.world.driver.clock.now()
    assert asking.info.fallback(ERR_CONNECTION_REFUSED, now) and asking.info.chain.is_direct
    assert asking.info.fallback(ERR_CONNECTION_REFUSED, now) and str(asking.info.chain) == "http://second:80"
    service.service.report_success(asking.info)
    asking = service.ask()
    service.answer("PROXY first:80; DIRECT; PROXY second:80")
    assert asking.chains == "direct://;http://second:80;http://first:80"
    assert not asking.info.retry_info


@pytest.mark.parametrize("change", ["settings", "network"])
def test_what_was_bad_is_forgotten(service: ServiceWorld, change: str) -> None:
    """Row 219: IpAddressChangeResetsProxy. With other settings, and in another network."""
    service.set(TWO)
    fail_over(service, service.ask())
    if change == "settings":
        service.configs.change(TWO)
    else:
        service.service.on_ip_address_changed()
    assert service.ask().chains == "http://first:80;http://second:80" and service.service.bad_proxies() == {}


def test_another_network(service: ServiceWorld) -> None:
    """Row 219: NetworkChangeTriggersPacRefetch. After a while in which the network may settle; until then requests
    wait, those too that the old script was asked about.
    """
    service.set(PAC)
    early = service.ask("http://early.test/")
    service.script()
    service.service.on_ip_address_changed()
    late = service.ask("http://late.test/")
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S - 0.001)
    assert len(service.world.fetcher.fetches) == 1 and service.world.engine.open == []
    service.world.driver.advance(0.002)
    service.script(OTHER_TEXT)
    assert [run.request.url for run in service.world.engine.open] == ["http://early.test/", "http://late.test/"]
    assert {run.request.script.text for run in service.world.engine.open} == {OTHER_TEXT}
    for run in service.world.engine.open:
        run.answer("DIRECT")
    assert early.chains == late.chains == "direct://"


def test_another_network_without_the_script(service: ServiceWorld) -> None:
    """The last good one is kept, and the fetch tried again as after a failure; other settings keep nothing."""
    service.set(PAC)
    service.ask()
    service.script()
    service.answer("DIRECT")
    service.service.on_ip_address_changed()
    asking = service.ask()
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S)
    service.world.fetcher.fail()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"
    service.world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    service.world.fetcher.give(OTHER_TEXT)
    asking = service.ask()
    service.answer("PROXY other:80")
    assert asking.chains == "http://other:80"
    service.configs.change(ProxyConfig(pac_url="http://other.test/", rules=MANUAL.rules))
    asking = service.ask()
    service.world.fetcher.fail()
    service.run()
    assert asking.chains == "http://manual:80"


def test_another_network_without_wpad(service: ServiceWorld) -> None:
    """What one network told means nothing in another."""
    service.world.dns.known["wpad"] = ("192.0.2.1",)
    service.set(ProxyConfig(auto_detect=True, rules=MANUAL.rules))
    asking = service.ask()
    service.script()
    service.answer("PROXY p:80")
    service.world.dns.known["wpad"] = ()
    service.service.on_ip_address_changed()
    asking = service.ask()
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S)
    assert asking.chains == "http://manual:80"


def test_another_network_while_the_script_is_fetched(service: ServiceWorld) -> None:
    """The fetch in the old one is given up."""
    service.set(PAC)
    asking = service.ask()
    service.service.on_ip_address_changed()
    assert service.world.fetcher.fetches[0].is_cancelled
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S)
    service.script()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_another_network_before_anybody_asks(service: ServiceWorld) -> None:
    """Nothing is fetched for nobody; the first who asks waits for the rest of the time."""
    service.set(PAC)
    service.service.on_ip_address_changed()
    service.service.on_dns_changed()
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S / 2)
    asking = service.ask()
    assert service.world.fetcher.fetches == []
    service.world.driver.advance(STALL_AFTER_NETWORK_CHANGE_S / 2)
    service.script()
    service.answer("DIRECT")
    assert asking.result == OK


def test_another_network_means_no_wait_for_rules(service: ServiceWorld) -> None:
    """Nor for a script that was given, which is asked anew: it may want to know this machine's addresses."""
    service.set(MANUAL)
    service.ask()
    service.service.on_ip_address_changed()
    assert service.ask().chains == "http://manual:80"
    service.configs.change(ProxyConfig(pac_script=TEXT))
    asking = service.ask()
    service.service.on_ip_address_changed()
    service.run()
    assert service.world.engine.runs[0].is_cancelled
    service.answer("DIRECT")
    assert asking.result == OK


def test_dns_changes(service: ServiceWorld) -> None:
    """Row 220: DnsChangeTriggersPoll. Nobody waits for it; another script is asked from then on."""
    service.set(PAC)
    service.ask()
    service.script()
    service.answer("DIRECT")
    service.service.on_dns_changed()
    asking = service.ask()
    service.world.fetcher.give(OTHER_TEXT)
    service.run()
    assert service.world.engine.open[0].request.script.text == OTHER_TEXT
    service.answer("PROXY other:80")
    assert asking.chains == "http://other:80"


def test_polls_wait_for_activity(service: ServiceWorld) -> None:
    """Row 220: PACScriptRefetchAfterActivity. A request is activity, also one that needs no script."""
    service.set(PAC)
    service.ask()
    service.script()
    service.answer("DIRECT")
    service.world.driver.advance(2 * DELAY_AFTER_SUCCESS_S)
    assert len(service.world.fetcher.fetches) == 1
    service.ask("http://localhost/")
    service.world.fetcher.give()
    assert len(service.world.fetcher.fetches) == 2


def test_a_poll_that_changes_things_at_once(service: ServiceWorld) -> None:
    """The name of the network's script is gone from one moment to the other: who asks gets the rules."""
    service.set(ProxyConfig(auto_detect=True, rules=MANUAL.rules))
    asking = service.ask()
    service.world.driver.advance(1.0)  # the quick check
    assert asking.chains == "http://manual:80"
    service.world.dns.known["wpad"] = ()
    service.world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    waits = NetLogEventType.PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC
    assert service.ask().chains == "http://manual:80"
    assert len(service.world.net_log.params_of(waits, NetLogEventPhase.BEGIN)) == 1


def test_resting(service: ServiceWorld) -> None:
    """Nothing runs by itself any more; whoever asks next has the script fetched anew."""
    service.set(PAC)
    asking = service.ask()
    service.world.fetcher.fail()
    service.run()
    assert asking.chains == "direct://" and len(service.world.driver.loop.timers) == 1
    service.service.rest()
    service.world.driver.advance(DELAY_AFTER_SUCCESS_S)
    assert len(service.world.driver.loop.timers) == 0 and len(service.world.fetcher.fetches) == 1
    asking = service.ask()
    service.script()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80" and service.service.scripts is service.world.services


@pytest.mark.parametrize("state", ["settings", "script", "answer", "told"])
def test_shutdown_with_live_requests(service: ServiceWorld, state: str) -> None:
    """Row 221: OnShutdownWithLiveRequest. In every state they fail, once, in their order."""
    if state != "settings":
        service.set(PAC)
    askings = [service.ask(), service.ask("http://b.test/")]
    if state == "answer":
        service.script()
    if state == "told":
        service.world.fetcher.give()
    service.service.shut_down()
    service.service.shut_down()
    assert [asking.result for asking in askings] == [ERR_CONTEXT_SHUT_DOWN] * 2
    assert {asking.request.error_detail for asking in askings} == {"the proxy settings are not in use any more"}
    service.run()


def test_requests_after_shutdown(service: ServiceWorld) -> None:
    """Row 221: OnShutdownFollowedByRequest. They fail at once, whatever the settings were; nothing wakes it up."""
    service.set(DIRECT_CONFIG)
    service.ask()
    service.service.shut_down()
    service.service.on_proxy_config_changed(MANUAL)
    service.service.on_ip_address_changed()
    service.service.on_dns_changed()
    asking = service.ask()
    assert asking.started == ERR_CONTEXT_SHUT_DOWN
    assert asking.request.error_detail == "the proxy settings are not in use any more"


def test_a_callback_that_raises_at_shutdown(service: ServiceWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Has a bug, which is printed; the others are told."""
    service.set(PAC)

    def raise_bug(result: int) -> None:
        raise RuntimeError("a bug")

    net_log = NetLogWithSource.make(service.world.net_log, NetLogSourceType.URL_REQUEST)
    assert service.service.create_request(Url.parse("http://a.test/"), net_log).start(raise_bug) == ERR_IO_PENDING
    sound = service.ask()
    service.service.shut_down()
    assert sound.result == ERR_CONTEXT_SHUT_DOWN
    assert "a bug" in capsys.readouterr().err


def test_settings_of_which_nobody_has_asked(service: ServiceWorld) -> None:
    """Change without a fetch."""
    service.configs.change(ProxyConfig(pac_url="http://unused.test/"))
    service.configs.change(PAC)
    assert service.world.fetcher.fetches == []
    asking = service.ask()
    assert service.world.fetcher.urls == [CUSTOM_URL]
    service.script()
    service.answer("DIRECT")
    assert asking.result == OK
