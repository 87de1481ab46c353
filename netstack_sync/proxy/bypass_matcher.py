"""BypassMatcher: many bypass rules, asked at once; what a question costs hardly grows with their number."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_rule import (
    LOCAL,
    MAX_LENGTH,
    BypassRule,
    Condition,
    HostRule,
    RangeRule,
    address_number,
)


class BypassMatcher:
    """Says whether any of the rules names a URL; their order does not count. Never changed, for any thread.

    Hosts are looked up whole, by each length of an end ("*.corp.example") and of a beginning ("10.*") that a rule
    has, and by each length of a range. Only the other patterns are tried one by one; each takes linear time,
    however many stars it has.
    """

    __slots__ = ("_ends", "_hosts", "_local", "_patterns", "_ranges", "_starts")

    def __init__(self, rules: Iterable[BypassRule]) -> None:
        self._hosts: dict[str, list[Condition]] = {}
        self._ends: dict[int, dict[str, list[Condition]]] = {}
        self._starts: dict[int, dict[str, list[Condition]]] = {}
        self._ranges: dict[int, dict[int, list[Condition]]] = {}
        self._patterns: list[tuple[re.Pattern[str], Condition]] = []
        self._local = False
        for rule in rules:
            self._add(rule)

    def matches(self, url: Url) -> bool:
        """True when a rule names it."""
        host = url.host
        if _holds(self._hosts.get(host), url) or self._matches_text(host, url):
            return True
        number = address_number(host)
        if number is None:
            return self._local and "." not in host
        return any([_holds(known.get(number >> (128 - prefix)), url) for prefix, known in self._ranges.items()])

    def _matches_text(self, host: str, url: Url) -> bool:
        for size, ends in self._ends.items():
            if size <= len(host) and _holds(ends.get(host[len(host) - size :]), url):
                return True
        for size, starts in self._starts.items():
            if size <= len(host) and _holds(starts.get(host[:size]), url):
                return True
        return len(host) <= MAX_LENGTH and any(
            _is_meant(condition, url) and pattern.match(host) for pattern, condition in self._patterns
        )

    def _add(self, rule: BypassRule) -> None:
        if isinstance(rule, HostRule):
            self._add_pattern(rule.pattern, rule.condition)
        elif isinstance(rule, RangeRule):
            self._ranges.setdefault(rule.prefix, {}).setdefault(rule.network, []).append(rule.condition)
        elif rule.name == LOCAL:
            self._local = True

    def _add_pattern(self, pattern: str, condition: Condition) -> None:
        if "*" not in pattern and "?" not in pattern:
            self._hosts.setdefault(pattern, []).append(condition)
        elif "?" in pattern or pattern.count("*") > 1 or "*" in pattern[1:-1]:
            # translate() makes atomic groups of what stands between stars: nothing is tried twice.
            self._patterns.append((re.compile(fnmatch.translate(pattern)), condition))
        elif pattern.startswith("*"):
            self._ends.setdefault(len(pattern) - 1, {}).setdefault(pattern[1:], []).append(condition)
        else:
            self._starts.setdefault(len(pattern) - 1, {}).setdefault(pattern[:-1], []).append(condition)


def _holds(conditions: list[Condition] | None, url: Url) -> bool:
    return conditions is not None and any([_is_meant(condition, url) for condition in conditions])


def _is_meant(condition: Condition, url: Url) -> bool:
    scheme, port = condition
    return (not scheme or scheme == url.scheme) and (not port or port == url.port)
