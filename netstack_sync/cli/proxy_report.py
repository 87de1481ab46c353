"""What `netstack proxy` shows: lines for people, or values for JSON."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.shown_text import shown
from netstack_sync.proxy.explanation import PacRun, ProxyExplanation
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind
from netstack_sync.workers.pac_values import PacOutcome

_WIDTH: Final = 12
_MAX_VALUE: Final = 1000  # characters of one line of a script's
_MAX_LINES: Final = 100  # of alerts, and of a list of proxies
_WORDS: Final = {
    RuleKind.IMPLICIT: "implicit rule: this machine and link-local addresses go directly",
    RuleKind.REVERSED: "reversed bypass rules: only what they name goes through a proxy",
    RuleKind.ALL: "the proxies for all URLs",
    RuleKind.OTHERS: "the proxies for schemes that have none of their own",
    RuleKind.NOTHING: "no proxy is named for such URLs",
}


class ProxyReport:
    """One answer; `settings` says in words where they are from. What does not print in a script's words is escaped in
    lines; JSON has its own way for that.
    """

    __slots__ = ("_error", "_explanation", "_settings", "_url")

    def __init__(self, url: str, settings: str, explanation: ProxyExplanation, error: str = "") -> None:
        self._url = url
        self._settings = settings
        self._explanation = explanation
        self._error = error

    def lines(self) -> list[str]:
        """For people."""
        found = self._explanation
        lines = [shown(self._url, _MAX_VALUE), _line("settings", self._settings)]
        if found.script:
            lines.append(_line("script", f"{found.script}, there after {_duration(found.fetch_s)}"))
        lines += self._run_lines()
        if found.script_detail and not self._is_told:
            lines.append(_line("no answer" if found.script else "no script", found.script_detail))
        if found.chains:
            lines.append(_line("decided by", _decision(found)))
        ways = [_line(f"{number}.", _name(way)) for number, way in enumerate(self._ways[:_MAX_LINES], 1)]
        return lines + ways

    def values(self) -> dict[str, object]:
        """For JSON."""
        found, rule = self._explanation, self._explanation.rule
        return {
            "url": self._url,
            "settings": self._settings,
            "proxies": self._ways,
            "rule": None if rule is None else {"kind": rule.kind.value, "text": rule.text},
            "script": found.script or None,
            "script_detail": found.script_detail,
            "fetch_ms": round(found.fetch_s * 1000, 3),
            "runs": [_run_values(run) for run in found.runs],
            "error": self._error or None,
        }

    @property
    def _is_told(self) -> bool:
        """True when the last run says why there is no answer."""
        runs = self._explanation.runs
        return bool(runs) and runs[-1].outcome.error is not None

    @property
    def _ways(self) -> list[str]:
        return [str(chain) for chain in self._explanation.chains]

    def _run_lines(self) -> list[str]:
        lines: list[str] = []
        known: set[str] = set()
        for number, run in enumerate(self._explanation.runs, 1):
            lines += [
                _line("name", f"{host}: {_addresses(run.known[host])}") for host in run.known if host not in known
            ]
            known.update(run.known)
            lines.append(_line(f"run {number}", f"{_duration(run.elapsed_s)}, {_outcome(run.outcome)}"))
            lines += [_line("alert", text) for text in run.outcome.alerts[:_MAX_LINES]]
        return lines


def _decision(found: ProxyExplanation) -> str:
    rule = found.rule
    if rule is None:
        return "default: without the script's answer all goes directly" if found.script_detail else "the script"
    return _rule_text(rule)


def _rule_text(rule: RuleDecision) -> str:
    if rule.kind is RuleKind.BYPASS:
        return f"bypass rule {rule.text}"
    if rule.kind is RuleKind.SCHEME:
        return f"the proxies for {rule.text}"
    return _WORDS[rule.kind]


def _outcome(outcome: PacOutcome) -> str:
    if outcome.error is not None:
        return f"fails: {outcome.error}"
    return f"asks for {outcome.needs}" if outcome.needs is not None else f'answers "{outcome.result}"'


def _run_values(run: PacRun) -> dict[str, object]:
    outcome, error = run.outcome, run.outcome.error
    return {
        "elapsed_ms": round(run.elapsed_s * 1000, 3),
        "known": {host: None if found is None else list(found) for host, found in run.known.items()},
        "asks": outcome.needs,
        "answer": outcome.result,
        "alerts": list(outcome.alerts),
        "error": error.message if error is not None else None,
        "line": error.line if error is not None else None,
        "column": error.column if error is not None else None,
    }


def _addresses(found: tuple[str, ...] | None) -> str:
    return ", ".join(found or ()) or "not found"


def _name(way: str) -> str:
    return "directly" if way == "direct://" else way


def _line(name: str, value: str) -> str:
    return f"  {name:<{_WIDTH}}{shown(value, _MAX_VALUE)}"


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
