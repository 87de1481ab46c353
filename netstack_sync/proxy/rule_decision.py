"""decided_by(): which of the rules made by hand decides about a URL, for people who ask why."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from netstack_sync.base.url import Url
from netstack_sync.proxy.bypass_matcher import BypassMatcher
from netstack_sync.proxy.bypass_rule import parse_bypass_rule, split_bypass_rules
from netstack_sync.proxy.bypass_rules import ProxyBypassRules
from netstack_sync.proxy.config import ProxyRules


class RuleKind(str, Enum):
    """What kind of rule it is."""

    BYPASS = "bypass rule"
    IMPLICIT = "implicit rule"
    """This machine and link-local addresses go directly without being named."""
    REVERSED = "no rule"
    """Only what the bypass rules name goes through a proxy, and they do not name it."""
    ALL = "proxies for all URLs"
    SCHEME = "proxies for a scheme"
    OTHERS = "proxies for all other schemes"
    NOTHING = "no proxy for the scheme"


class RuleDecision(NamedTuple):
    """The rule that decided."""

    kind: RuleKind
    text: str = ""
    """The bypass rule, or the scheme."""


def decided_by(rules: ProxyRules, url: Url) -> RuleDecision:
    """The rule that ProxyRules.lists_for() heeds."""
    if rules.bypass.matches(url, rules.reverses_bypass):
        return RuleDecision(RuleKind.REVERSED) if rules.reverses_bypass else _exemption(rules.bypass, url)
    if rules.single:
        return RuleDecision(RuleKind.ALL)
    chains = rules.lists_for(url)
    named = dict(rules.by_scheme)
    for scheme in (url.scheme, *(("https", "http") if url.scheme in ("ws", "wss") and not rules.fallback else ())):
        if named.get(scheme) == chains:
            return RuleDecision(RuleKind.SCHEME, scheme)
    if not rules.fallback:
        return RuleDecision(RuleKind.NOTHING)
    return RuleDecision(RuleKind.OTHERS if rules.by_scheme else RuleKind.ALL)


def _exemption(bypass: ProxyBypassRules, url: Url) -> RuleDecision:
    """The last rule that names the URL: it stands behind a "<-loopback>" where that would count."""
    for text in reversed(split_bypass_rules(bypass.text)):
        if _names(text, url):
            return RuleDecision(RuleKind.BYPASS, text)
    return RuleDecision(RuleKind.IMPLICIT)


def _names(text: str, url: Url) -> bool:
    try:
        return BypassMatcher([parse_bypass_rule(text)]).matches(url)
    except ValueError:
        return False
