"""ProxyResolutionService: settings, then their script, then the answers in the order of the questions."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
    OK,
)
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.proxy.pac_decider import WPAD_URL
from netstack_sync.proxy.pac_poller import DELAYS_AFTER_FAILURE_S
from tests.support.pac import OTHER_TEXT, TEXT
from tests.support.proxy_service import CUSTOM_URL, MANUAL, MANUAL_RULES, PAC, ServiceWorld, chain


def test_direct(service: ServiceWorld) -> None:
    """Row 214: Direct. Is answered at once; the settings are asked for, once."""
    service.set(DIRECT_CONFIG)
    asking = service.ask()
    assert asking.started == OK and asking.chains == "direct://"
    assert asking.request.load_state is LoadState.IDLE


def test_rules(service: ServiceWorld) -> None:
    """Row 217: ProxyBypassList, PerProtocolProxyTests, ImplicitlyBypassWithManualSettings. At once, without a timer,
    a task or a thread.
    """
    rules = ProxyRules(
        by_scheme=(("http", (chain("web:80"),)), ("https", (chain("secure:80"), chain("second:80")))),
        bypass=ProxyBypassRules("*.inside.test"),
    )
    service.set(ProxyConfig(rules=rules))
    assert service.ask("http://a.test/").chains == "http://web:80"
    assert service.ask("https://a.test/").chains == "http://secure:80;http://second:80"
    assert service.ask("ftp://a.test/").chains == "direct://"
    assert service.ask("http://www.inside.test/").chains == "direct://"
    assert service.ask("http://localhost/").chains == "direct://"
    assert len(service.world.driver.loop.timers) == 0


def test_nobody_listens(service: ServiceWorld) -> None:
    """Without an observer of the log nothing is made for it."""
    service.set(MANUAL)
    service.world.net_log.remove_observer(service.world.net_log)
    assert service.ask().chains == "http://manual:80" and service.world.net_log.entries == []


def test_fallback_to_socks(service: ServiceWorld) -> None:
    """Row 217: DefaultProxyFallbackToSOCKS."""
    service.set(ProxyConfig(rules=ProxyRules(by_scheme=(("http", (chain("web:80"),)),), fallback=(chain("s:1080"),))))
    assert service.ask("http://a.test/").chains == "http://web:80"
    assert service.ask("ftp://a.test/").chains == "http://s:1080"


def test_a_script(service: ServiceWorld) -> None:
    """Row 214: PAC. It is fetched for the first question, which waits; the next one asks it at once."""
    service.set(PAC)
    assert service.world.fetcher.fetches == [] and service.service.is_idle
    first = service.ask("http://first.test/path")
    assert not service.service.is_idle
    assert first.started == ERR_IO_PENDING and first.request.load_state is LoadState.DOWNLOADING_PAC_FILE
    assert service.world.fetcher.urls == [CUSTOM_URL]
    service.world.fetcher.give()
    service.run()
    assert service.asked == ["http://first.test/path"]
    service.answer("PROXY p:8080")
    assert first.result == OK and first.chains == "http://p:8080" and first.info.config == PAC
    second = service.ask("http://second.test/")
    service.answer("DIRECT")
    assert second.result == OK and second.chains == "direct://" and service.service.is_idle
    assert len(service.world.fetcher.fetches) == 1


def test_initial_script_download(service: ServiceWorld) -> None:
    """Row 218: InitialPACScriptDownload. Whoever comes while the script is on its way is asked about in order."""
    service.set(PAC)
    askings = [service.ask(f"http://{number}.test/") for number in range(7)]
    assert service.world.engine.runs == []
    service.world.fetcher.give()
    late = service.ask("http://late.test/")  # comes between the script and those who waited
    service.run()
    assert service.asked == [*(f"http://{number}.test/" for number in range(7)), "http://late.test/"]
    for run in service.world.engine.open:
        run.answer("DIRECT")
    assert [asking.result for asking in (*askings, late)] == [OK] * 8
    waits = NetLogEventType.PROXY_RESOLUTION_SERVICE_WAITING_FOR_INIT_PAC
    assert len(service.world.net_log.params_of(waits, NetLogEventPhase.END)) == 8


def test_nobody_is_left(service: ServiceWorld) -> None:
    """Row 218: CancelWhilePACFetching. The script is not asked about what nobody wants to know; it is kept."""
    service.set(PAC)
    service.ask().request.cancel()
    service.script()
    assert service.world.engine.runs == [] and service.service.is_idle
    service.ask()
    service.answer("DIRECT")
    assert len(service.world.fetcher.fetches) == 1


def test_settings_that_are_not_known_yet(service: ServiceWorld) -> None:
    """Requests wait for them too, even those for this machine: the user may want them to go through a proxy."""
    first, local = service.ask(), service.ask("http://localhost/")
    assert first.request.load_state is LoadState.RESOLVING_PROXY_FOR_URL
    service.configs.change(MANUAL)
    assert first.result == ERR_IO_PENDING  # nobody is told from inside of somebody else's call
    service.run()
    assert (first.chains, local.chains) == ("http://manual:80", "direct://")
    (change,) = service.world.net_log.params_of(NetLogEventType.PROXY_CONFIG_CHANGED, NetLogEventPhase.NONE)
    assert "old_config" not in change
    assert service.configs.polls == 2


@pytest.mark.parametrize("bypass, is_direct", [("", True), ("a.test", True), ("<-loopback>", False)])
def test_this_machine_does_not_wait_for_a_script(service: ServiceWorld, bypass: str, is_direct: bool) -> None:
    """Row 217: ImplicitlyBypassWithPac. Whatever the script would say, unless the user takes that back."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, rules=ProxyRules(bypass=ProxyBypassRules(bypass))))
    asking = service.ask("http://127.0.0.1:81/")
    assert (asking.started == OK) is is_direct
    if is_direct:
        assert asking.chains == "direct://"
    else:
        service.script()
        service.answer("PROXY p:80")
        assert asking.chains == "http://p:80"


def test_other_bypass_rules_mean_nothing_to_a_script(service: ServiceWorld) -> None:
    """Row 217: BypassDoesntApplyToPac."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, rules=ProxyRules(bypass=ProxyBypassRules("*"))))
    asking = service.ask()
    service.script()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_a_script_that_fails(service: ServiceWorld) -> None:
    """Row 215: ProxyResolverFails. The request goes directly, and the next one asks again."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, rules=MANUAL_RULES))
    asking = service.ask()
    service.script()
    service.world.engine.open[0].fail()
    assert asking.result == OK and asking.chains == "direct://" and asking.request.error_detail == ""
    asking = service.ask()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_a_mandatory_script_that_fails(service: ServiceWorld) -> None:
    """Row 215: ProxyResolverFailsMandatoryPac. The request fails, with words that say why; the next one asks again."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, pac_mandatory=True))
    asking = service.ask()
    service.script()
    service.world.engine.open[0].fail("boom")
    assert asking.result == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED and asking.request.info is None
    assert asking.request.error_detail == (
        f"the proxy settings allow no request without their script; {CUSTOM_URL}: line 3, column 5: boom"
    )
    asking = service.ask()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_a_script_that_has_to_be_ended(service: ServiceWorld) -> None:
    """Row 215: ProxyResolverTerminatedDuringRequest(+Concurrent). Its request goes directly; others go on, for each run
    has an engine to itself; the script is fetched anew soon, and those who ask meanwhile ask the one that is known.
    """
    service.set(PAC)
    first = service.ask("http://first.test/")
    service.script()
    second = service.ask("http://second.test/")
    service.world.engine.open[0].terminate()
    assert first.chains == "direct://" and second.result == ERR_IO_PENDING
    service.answer("PROXY p:80")
    assert second.chains == "http://p:80"
    service.world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    service.world.fetcher.give(OTHER_TEXT)
    service.ask()
    service.run()
    assert service.world.engine.open[0].request.script.text == OTHER_TEXT
    service.answer("DIRECT")


def test_a_text_that_has_to_be_ended(service: ServiceWorld) -> None:
    """There is nothing to fetch anew."""
    service.set(ProxyConfig(pac_script=TEXT))
    asking = service.ask()
    service.run()
    service.world.engine.open[0].terminate()
    assert asking.chains == "direct://" and len(service.world.driver.loop.timers) == 0


def test_an_engine_with_a_bug(service: ServiceWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Is a script that fails; who waited is told as who asks later."""
    service.set(PAC)
    waiting = service.ask()
    service.world.engine.bug = RuntimeError("a bug")
    service.script()
    assert waiting.chains == "direct://" and service.ask().chains == "direct://"
    assert "a bug" in capsys.readouterr().err


def test_a_script_that_cannot_be_had(service: ServiceWorld) -> None:
    """Row 216: ProxyFallback_BadConfig. The rules count; the script is tried again, and counts once it is there."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, rules=MANUAL_RULES))
    asking = service.ask()
    service.world.fetcher.fail()
    service.run()
    assert asking.chains == "http://manual:80" and service.ask().chains == "http://manual:80"
    service.world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    service.world.fetcher.give()
    asking = service.ask()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_a_mandatory_script_that_cannot_be_had(service: ServiceWorld) -> None:
    """Row 216: ProxyFallback_BadConfigMandatory. Nobody gets anywhere, rules or not, and everybody is told why."""
    service.set(ProxyConfig(pac_url=CUSTOM_URL, pac_mandatory=True, rules=MANUAL_RULES))
    waiting = service.ask()
    service.world.fetcher.fail()
    service.run()
    later = service.ask()
    assert waiting.result == later.result == later.started == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED
    for asking in (waiting, later):
        assert asking.request.error_detail.endswith(f"without their script; {CUSTOM_URL}: nothing there")
    service.world.driver.advance(DELAYS_AFTER_FAILURE_S[0])
    service.world.fetcher.give()
    asking = service.ask()
    service.answer("PROXY p:80")
    assert asking.chains == "http://p:80"


def test_autodetect_then_custom_then_rules(service: ServiceWorld) -> None:
    """Row 219: FallbackFromAutodetectToCustomPac(2), FallbackFromAutodetectToCustomToManual."""
    service.world.dns.known["wpad"] = ("192.0.2.1",)
    service.set(ProxyConfig(auto_detect=True, pac_url=CUSTOM_URL, rules=MANUAL_RULES))
    asking = service.ask()
    service.world.fetcher.give("<html>")
    service.world.fetcher.fail()
    service.run()
    assert service.world.fetcher.urls == [WPAD_URL, CUSTOM_URL] and asking.chains == "http://manual:80"


def test_settings_change_from_a_script_to_direct(service: ServiceWorld) -> None:
    """Row 219: UpdateConfigFromPACToDirect. Who waits for the old script, or for its answer, has the new settings."""
    service.set(PAC)
    asked = service.ask("http://asked.test/")
    service.script()
    service.configs.change(ProxyConfig(pac_url="http://other.test/"))
    waiting = service.ask("http://waiting.test/")
    service.configs.change(DIRECT_CONFIG)
    service.run()
    assert service.world.engine.runs[0].is_cancelled and service.world.fetcher.fetches[1].is_cancelled
    assert asked.chains == waiting.chains == "direct://"
    assert service.changed_scripts == [(CUSTOM_URL, "http://other.test/"), ("http://other.test/", None)]
