"""What `netstack proxy` shows of an answer."""

from __future__ import annotations

import json

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.base.proxy_server import ProxyScheme, ProxyServer
from netstack_sync.cli.proxy_report import ProxyReport
from netstack_sync.proxy.explanation import PacRun, ProxyExplanation
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind
from netstack_sync.workers.pac_values import PacError, PacOutcome

FIRST = ProxyServer(ProxyScheme.HTTP, "a.test", 8080)
SECOND = ProxyServer(ProxyScheme.SOCKS5, "b.test", 1080)
CHAINS = (ProxyChain((FIRST, SECOND)), DIRECT)
URL = "http://www.test/"
ADDRESSES = ("192.0.2.1", "192.0.2.2")


def report(explanation: ProxyExplanation, error: str = "") -> ProxyReport:
    """With settings of the command line."""
    return ProxyReport(URL, "--proxy", explanation, error)


@pytest.mark.parametrize(
    "rule, words",
    [
        (RuleDecision(RuleKind.BYPASS, "*.test"), "bypass rule *.test"),
        (RuleDecision(RuleKind.SCHEME, "https"), "the proxies for https"),
        (RuleDecision(RuleKind.IMPLICIT), "implicit rule: this machine and link-local addresses go directly"),
        (RuleDecision(RuleKind.REVERSED), "reversed bypass rules: only what they name goes through a proxy"),
        (RuleDecision(RuleKind.ALL), "the proxies for all URLs"),
        (RuleDecision(RuleKind.OTHERS), "the proxies for schemes that have none of their own"),
        (RuleDecision(RuleKind.NOTHING), "no proxy is named for such URLs"),
    ],
)
def test_the_rule_that_decided(rule: RuleDecision, words: str) -> None:
    """And the whole list, in its order."""
    assert report(ProxyExplanation(CHAINS, rule)).lines() == [
        "http://www.test/",
        "  settings    --proxy",
        f"  decided by  {words}",
        "  1.          http://a.test:8080 -> socks5://b.test:1080",
        "  2.          directly",
    ]


def script_runs() -> ProxyExplanation:
    """A script that asked twice."""
    runs = [
        PacRun(0.0004, {}, PacOutcome(needs="www.test")),
        PacRun(0.0002, {"www.test": ADDRESSES}, PacOutcome(needs="gone.test")),
        PacRun(
            0.0003,
            {"www.test": ADDRESSES, "gone.test": None},
            PacOutcome(result="PROXY a.test:8080", alerts=("hello\x1b[2J",)),
        ),
    ]
    return ProxyExplanation(CHAINS, None, "http://pac.test/p", fetch_s=0.0123, runs=runs)


def test_the_way_of_a_script() -> None:
    """Names with their answers, the time of each run, what it said; nothing that moves the cursor."""
    assert report(script_runs()).lines() == [
        "http://www.test/",
        "  settings    --proxy",
        "  script      http://pac.test/p, there after 12.3 ms",
        "  run 1       0.4 ms, asks for www.test",
        "  name        www.test: 192.0.2.1, 192.0.2.2",
        "  run 2       0.2 ms, asks for gone.test",
        "  name        gone.test: not found",
        '  run 3       0.3 ms, answers "PROXY a.test:8080"',
        "  alert       hello\\x1b[2J",
        "  decided by  the script",
        "  1.          http://a.test:8080 -> socks5://b.test:1080",
        "  2.          directly",
    ]


@pytest.mark.parametrize("line, words", [(7, "fails: line 7, column 5: no number"), (None, "fails: no number")])
def test_a_script_that_fails(line: int | None, words: str) -> None:
    """With the line, where it is known."""
    error = PacError(ERR_PAC_SCRIPT_FAILED, "no number", line, 5 if line else None)
    run = PacRun(0.001, {}, PacOutcome(error=error))
    found = ProxyExplanation((DIRECT,), None, "the script", "the script: no number", 0.001, [run])
    assert report(found).lines()[3:] == [
        f"  run 1       1.0 ms, {words}",
        "  decided by  default: without the script's answer all goes directly",
        "  1.          directly",
    ]


def test_no_answer_in_time() -> None:
    """The runs do not tell."""
    runs = [PacRun(0.0004, {}, PacOutcome(needs="www.test"))]
    found = ProxyExplanation((DIRECT,), None, "the script", "the script: no answer within 60 s", 0.001, runs)
    assert report(found).lines()[4:] == [
        "  no answer   the script: no answer within 60 s",
        "  decided by  default: without the script's answer all goes directly",
        "  1.          directly",
    ]


def test_no_script_and_no_way() -> None:
    """Nothing decided then."""
    found = ProxyExplanation(script_detail="http://pac.test/p: no such host")
    assert report(found).lines()[2:] == ["  no script   http://pac.test/p: no such host"]
    assert report(found, "ERR_X: no").values()["error"] == "ERR_X: no"


def test_values_of_rules() -> None:
    """For JSON."""
    assert report(ProxyExplanation(CHAINS, RuleDecision(RuleKind.BYPASS, "*.test"))).values() == {
        "url": URL,
        "settings": "--proxy",
        "proxies": ["http://a.test:8080 -> socks5://b.test:1080", "direct://"],
        "rule": {"kind": "bypass rule", "text": "*.test"},
        "script": None,
        "script_detail": "",
        "fetch_ms": 0.0,
        "runs": [],
        "error": None,
    }


def test_values_of_a_script() -> None:
    """As they are, whatever they hold."""
    found = script_runs()
    error = PacError(ERR_PAC_SCRIPT_FAILED, "no", 7, 5)
    found.runs.append(PacRun(0.001, {}, PacOutcome(error=error)))
    values = json.loads(json.dumps(report(found).values()))
    assert values["script"] == "http://pac.test/p" and values["rule"] is None and values["fetch_ms"] == 12.3
    runs = values["runs"]
    assert [run["elapsed_ms"] for run in runs] == [0.4, 0.2, 0.3, 1.0]
    assert [run["asks"] for run in runs] == ["www.test", "gone.test", None, None]
    assert [run["answer"] for run in runs] == [None, None, "PROXY a.test:8080", None]
    assert runs[2]["known"] == {"www.test": ["192.0.2.1", "192.0.2.2"], "gone.test": None}
    assert runs[2]["alerts"] == ["hello\x1b[2J"] and runs[2]["error"] is None
    assert (runs[3]["error"], runs[3]["line"], runs[3]["column"]) == ("no", 7, 5)
