"""ProxyExplainer: finds what the service finds, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
    ERR_NAME_NOT_RESOLVED,
    ERR_PAC_SCRIPT_FAILED,
    OK,
)
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.proxy_server import ProxyScheme, ProxyServer
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.completion import Completion
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyConfig, ProxyRules
from netstack_sync.proxy.explanation import ProxyExplainer
from netstack_sync.proxy.pac_decider import DeciderServices
from netstack_sync.proxy.pac_engine import PacLoadResult, PacQuestion, PacRunInput, PacRunResult
from netstack_sync.proxy.pac_file import PacFetchResult, PacFileData
from netstack_sync.proxy.pac_resolver import ScriptServices
from netstack_sync.proxy.pac_setup import PacServices
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind
from tests.support.loops import LoopDriver, RecordedCompletion, driven_loop

SCRIPT = "function FindProxyForURL(url, host) {}"
RULES = ProxyRules(single=(ProxyChain((ProxyServer(ProxyScheme.HTTP, "rule.test", 80),)),))
PAC = ProxyConfig(pac_url="http://pac.test/p", rules=RULES)
MANDATORY = ProxyConfig(pac_url="http://pac.test/p", rules=RULES, pac_mandatory=True)
HOST = PacQuestion("a.test", True)
BY_SCRIPT = ProxyChain((ProxyServer(ProxyScheme.HTTP, "script.test", 80),))


class Task:
    """Something that was begun; each takes a second."""

    def __init__(self, driver: LoopDriver, task: Callable[[], None]) -> None:
        self._delayed = driver.loop.timers.call_later(1.0, task)
        self.cancel = self._delayed.cancel


class Lookup:
    """Knows the addresses of each name."""

    addresses: tuple[str, ...] = ("192.0.2.1",)
    error_detail = ""

    def start(self, on_done: Completion) -> int:
        """At once."""
        return OK

    def cancel(self) -> None:
        """Nothing is pending."""


class Network:
    """Fetches, looks up, loads and runs: all that a script needs. Also its evaluator."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.fetched = PacFetchResult(OK, "", PacFileData(SCRIPT, "http://pac.test/p", True))
        self.loaded = PacLoadResult(OK, "", self)
        self.results: list[PacRunResult] = []
        self.inputs: list[PacRunInput] = []
        self.closed = 0
        timers, dns = driver.loop.timers, self
        self.services = PacServices(
            DeciderServices(Fetcher(self), dns, timers, NetLog(driver.loop.timers.clock)),
            ScriptServices(dns, timers, lambda: ()),
            self,
        )

    def create_lookup(self, host: str, is_ipv4_only: bool, net_log: NetLogWithSource) -> Lookup:
        """See PacDns."""
        return Lookup()

    def load(self, script: PacFileData, on_done: Callable[[PacLoadResult], None]) -> Task:
        """See PacEngine."""
        return Task(self.driver, lambda: on_done(self.loaded))

    def run(self, given: PacRunInput, on_done: Callable[[PacRunResult], None]) -> Task:
        """See PacEvaluator."""
        self.inputs.append(given)
        return Task(self.driver, lambda: on_done(self.results.pop(0)))

    def close(self) -> None:
        """See PacEvaluator."""
        self.closed += 1


class Fetcher:
    """See PacFileFetcher."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def start(self, url: str, on_done: Callable[[PacFetchResult], None]) -> Task:
        """Gives what the test wants."""
        return Task(self.network.driver, lambda: on_done(self.network.fetched))


@pytest.fixture
def network() -> Iterator[Network]:
    with driven_loop() as driver:
        yield Network(driver)


def explainer(network: Network, config: ProxyConfig, url: str = "http://a.test/x") -> ProxyExplainer:
    """One question."""
    net_log = NetLogWithSource.make(network.services.decider.net_log, NetLogSourceType.NONE)
    return ProxyExplainer(config, network.services, Url.parse(url), net_log)


def explained(network: Network, config: ProxyConfig, url: str = "http://a.test/x") -> tuple[int, ProxyExplainer]:
    """One question that was answered."""
    asked, done = explainer(network, config, url), RecordedCompletion()
    result = asked.start(done)
    if result == ERR_IO_PENDING:
        while not done.is_called:
            network.driver.advance(1.0)
        result = done.result
    return result, asked


def test_rules_answer_at_once(network: Network) -> None:
    """With the one that decided."""
    result, asked = explained(network, ProxyConfig(rules=RULES))
    assert result == OK and asked.explanation.chains == RULES.single
    assert asked.explanation.rule == RuleDecision(RuleKind.ALL) and not asked.explanation.runs


def test_this_machine_is_not_asked_about(network: Network) -> None:
    """Unless a rule takes that back."""
    result, asked = explained(network, PAC, "http://localhost/")
    assert result == OK and asked.explanation.chains == (DIRECT,)
    assert asked.explanation.rule == RuleDecision(RuleKind.IMPLICIT)
    network.results = [PacRunResult(OK, "PROXY script.test")]
    subtracted = ProxyConfig(pac_url="http://pac.test/p", rules=ProxyRules(bypass=ProxyBypassRules("<-loopback>")))
    assert explained(network, subtracted, "http://localhost/")[1].explanation.chains == (BY_SCRIPT,)


def test_each_run_of_a_script_is_told(network: Network) -> None:
    """With what it asked, what it was told, and how long it took."""
    asks = PacRunResult(OK, questions=(HOST,))
    answers = PacRunResult(OK, "PROXY script.test; DIRECT", alerts=("hello",))
    network.results = [asks, answers]
    result, asked = explained(network, PAC)
    found = asked.explanation
    assert result == OK and found.chains == (BY_SCRIPT, DIRECT) and found.rule is None
    assert found.script == "http://pac.test/p" and not found.script_detail and found.setup_s == 2.0
    assert [run.result for run in found.runs] == [asks, answers]
    assert [run.elapsed_s for run in found.runs] == [1.0, 1.0]
    assert [dict(run.known) for run in found.runs] == [{}, {HOST: ("192.0.2.1",)}]
    assert network.closed == 1


def test_a_script_that_is_not_to_be_had(network: Network) -> None:
    """The rules decide then, if they may."""
    network.fetched = PacFetchResult(ERR_NAME_NOT_RESOLVED, "http://pac.test/p: no such host")
    result, asked = explained(network, PAC)
    assert result == OK and asked.explanation.chains == RULES.single
    assert asked.explanation.script_detail == "http://pac.test/p: no such host" and not asked.explanation.script
    result, asked = explained(network, MANDATORY)
    assert result == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED and not asked.explanation.chains
    assert asked.explanation.script_detail == "http://pac.test/p: no such host"


def test_a_reason_without_words_is_the_error_s(network: Network) -> None:
    """Somebody wants to know."""
    network.fetched = PacFetchResult(ERR_NAME_NOT_RESOLVED)
    assert explained(network, PAC)[1].explanation.script_detail == "the host name could not be resolved"


def test_a_script_with_a_mistake(network: Network) -> None:
    """It is as if there were none."""
    network.loaded = PacLoadResult(ERR_PAC_SCRIPT_FAILED, "line 3: unexpected token")
    found = explained(network, PAC)[1].explanation
    assert found.chains == RULES.single and found.script_detail == "http://pac.test/p: line 3: unexpected token"


def test_a_script_that_fails(network: Network) -> None:
    """Without its word all is direct, or nothing goes."""
    failure = PacRunResult(ERR_PAC_SCRIPT_FAILED, error_detail="no number", line=7)
    network.results = [failure, failure]
    result, asked = explained(network, PAC)
    found = asked.explanation
    assert result == OK and found.chains == (DIRECT,) and found.rule is None
    assert found.script_detail == "http://pac.test/p: no number" and found.runs[0].result.line == 7
    assert explained(network, MANDATORY)[0] == ERR_MANDATORY_PROXY_CONFIGURATION_FAILED
    assert network.closed == 2


@pytest.mark.parametrize("seconds", [0, 1, 2])
def test_cancel_in_each_state(network: Network, seconds: int) -> None:
    """Nothing comes, nothing is left; what was found out until then stays."""
    asked, done = explainer(network, PAC), RecordedCompletion()
    assert asked.start(done) == ERR_IO_PENDING
    for _ in range(seconds):
        network.driver.advance(1.0)
    asked.cancel()
    asked.cancel()
    network.driver.advance(10.0)
    assert not done.is_called and not len(network.driver.loop.timers)
    assert network.closed == (seconds == 2) and bool(asked.explanation.script) == (seconds == 2)


def test_cancel_before_the_start(network: Network) -> None:
    """Is nothing."""
    explainer(network, PAC).cancel()
    assert not network.closed
