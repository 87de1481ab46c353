"""ProxyExplainer: finds what the service finds, and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED, OK
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.proxy_server import ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.proxy.explanation import ProxyExplainer, ProxyExplanation, explain_rules
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind
from tests.support.loops import RecordedCompletion, driven_loop
from tests.support.pac import PacWorld

PAC_URL = "http://pac.test/p"
RULES = ProxyRules(single=(ProxyChain((ProxyServer(ProxyScheme.HTTP, "rule.test", 80),)),))
PAC = ProxyConfig(pac_url=PAC_URL, rules=RULES)
MANDATORY = ProxyConfig(pac_url=PAC_URL, rules=RULES, pac_mandatory=True)
BY_SCRIPT = ProxyChain((ProxyServer(ProxyScheme.HTTP, "script.test", 80),))


class Asking(ProxyExplainer):
    """One question that was asked."""

    def __init__(self, world: PacWorld, config: ProxyConfig, url: str = "http://a.test/x") -> None:
        net_log = NetLogWithSource.make(world.net_log, NetLogSourceType.NONE)
        super().__init__(config, world.services, Url.parse(url), net_log)
        self.done = RecordedCompletion()
        self.first_result = self.start(self.done)

    @property
    def result(self) -> int:
        """Of start(), or of the callback."""
        return self.first_result if self.first_result != ERR_IO_PENDING else self.done.result


@pytest.fixture
def world() -> Iterator[PacWorld]:
    with driven_loop() as driver:
        world = PacWorld(driver)
        yield world
        world.assert_clean()


def test_rules_made_by_hand() -> None:
    """With the one that decides."""
    found = explain_rules(RULES, Url.parse("http://a.test/"))
    assert found == ProxyExplanation(RULES.single, RuleDecision(RuleKind.ALL))


def test_no_script_is_asked_about_this_machine(world: PacWorld) -> None:
    """Unless a rule takes that back."""
    asked = Asking(world, PAC, "http://localhost/")
    assert asked.result == OK and asked.explanation.chains == (DIRECT,)
    assert asked.explanation.rule == RuleDecision(RuleKind.IMPLICIT)
    asked.cancel()
    taken_back = ProxyConfig(pac_url=PAC_URL, rules=ProxyRules(bypass=ProxyBypassRules("<-loopback>")))
    asked = Asking(world, taken_back, "http://localhost/")
    world.fetcher.give()
    world.engine.open[0].answer("PROXY script.test")
    assert asked.result == OK and asked.explanation.chains == (BY_SCRIPT,)


def test_each_run_of_a_script_is_told(world: PacWorld) -> None:
    """With what it asked, what it was told, and how long it took."""
    world.dns.known = {"a.test": ("192.0.2.1",), "b.test": ()}
    asked = Asking(world, PAC)
    world.driver.advance(2.0)
    world.fetcher.give()
    for name in world.dns.known:
        world.driver.advance(1.0)
        world.engine.open[0].ask(name)
    world.driver.advance(1.0)
    world.engine.open[0].answer("PROXY script.test; DIRECT", "hello")
    found = asked.explanation
    assert asked.result == OK and found.chains == (BY_SCRIPT, DIRECT) and found.rule is None
    assert found.script == PAC_URL and not found.script_detail and found.fetch_s == pytest.approx(2.0)
    assert [run.elapsed_s for run in found.runs] == pytest.approx([1.0, 1.0, 1.0])
    assert [run.outcome.needs for run in found.runs] == ["a.test", "b.test", None]
    assert [dict(run.known) for run in found.runs] == [
        {},
        {"a.test": ("192.0.2.1",)},
        {"a.test": ("192.0.2.1",), "b.test": None},
    ]
    assert found.runs[-1].outcome.alerts == ("hello",)


@pytest.mark.parametrize("config, result", [(PAC, OK), (MANDATORY, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED)])
def test_a_script_that_is_not_to_be_had(world: PacWorld, config: ProxyConfig, result: int) -> None:
    """The rules decide then, if they may."""
    asked = Asking(world, config)
    world.fetcher.fail()
    found = asked.explanation
    assert asked.result == result and not found.script and found.script_detail == f"{PAC_URL}: nothing there"
    assert found.chains == (RULES.single if result == OK else ())


@pytest.mark.parametrize("config, result", [(PAC, OK), (MANDATORY, ERR_MANDATORY_PROXY_CONFIGURATION_FAILED)])
def test_a_script_that_fails(world: PacWorld, config: ProxyConfig, result: int) -> None:
    """Without its word all is direct, or nothing goes; the rules are for when there is no script."""
    asked = Asking(world, config)
    world.fetcher.give()
    world.engine.open[0].fail("boom", 7)
    found = asked.explanation
    assert asked.result == result and found.rule is None and found.script == PAC_URL
    assert "boom" in found.script_detail and found.runs[0].outcome.error is not None
    assert found.chains == ((DIRECT,) if result == OK else ())


def test_cancel_while_the_script_is_fetched(world: PacWorld) -> None:
    """Nothing comes; idempotent."""
    asked = Asking(world, PAC)
    asked.cancel()
    asked.cancel()
    assert world.fetcher.fetches[0].is_cancelled and not asked.done.is_called


def test_cancel_while_the_script_runs(world: PacWorld) -> None:
    """What was found out until then stays."""
    asked = Asking(world, PAC)
    world.fetcher.give()
    asked.cancel()
    asked.cancel()
    assert world.engine.runs[0].is_cancelled and not asked.done.is_called
    assert asked.explanation.script == PAC_URL and not asked.explanation.chains
