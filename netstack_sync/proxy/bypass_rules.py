"""ProxyBypassRules: which URLs go directly although there is a proxy."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Final

from netstack_sync.base.shown_text import shown
from netstack_sync.base.url import Url
from netstack_sync.base.url_host import is_localhost_name
from netstack_sync.proxy.bypass_matcher import BypassMatcher
from netstack_sync.proxy.bypass_rule import (
    MINUS_LOOPBACK,
    BypassRule,
    NamedRule,
    address_number,
    parse_bypass_rule,
    split_bypass_rules,
)

_MAX_SHOWN_LENGTH: Final = 120
# What WinINet takes for this machine too.
_NAMES_OF_THIS_MACHINE: Final = frozenset({"loopback"} if sys.platform == "win32" else ())
_LINK_LOCAL_V4: Final = 0xFFFFA9FE
_LOOPBACK_V4: Final = 0xFFFF7F
_LINK_LOCAL_V6: Final = 0xFE80 >> 6


@dataclass(frozen=True, slots=True)
class ProxyBypassRules:
    """A value, as it was written: rules with "," or ";" between them (net/proxy_resolution/proxy_bypass_rules.h).

    This machine and link-local addresses go directly without being named (Chromium's implicit rules), unless
    "<-loopback>" takes that back; of the rules that speak of them the last counts, so that one after "<-loopback>"
    still holds. See `bypass_rule` for what a rule is; bad ones are skipped.
    """

    text: str = ""
    _takes_back: bool = field(init=False, repr=False, compare=False)
    """Implicit rules do not count."""
    _all: BypassMatcher = field(init=False, repr=False, compare=False)
    _late: BypassMatcher = field(init=False, repr=False, compare=False)
    """Of the rules after the last "<-loopback>"; all where there is none."""

    def __post_init__(self) -> None:
        rules, _ = _parsed(self.text)
        late = rules[_first_late(rules) :]
        matcher = BypassMatcher(rules)
        object.__setattr__(self, "_takes_back", len(late) < len(rules))
        object.__setattr__(self, "_all", matcher)
        object.__setattr__(self, "_late", matcher if len(late) == len(rules) else BypassMatcher(late))

    @classmethod
    def parse(cls, text: str, strict: bool = False) -> ProxyBypassRules:
        """The rules; ValueError names a bad one where that is `strict`."""
        if strict:
            _, errors = _parsed(text)
            if errors:
                raise ValueError(errors[0])
        return cls(text)

    @property
    def is_about_loopback_only(self) -> bool:
        """True when no rule but "<-loopback>" is there."""
        return all([rule == NamedRule(MINUS_LOOPBACK) for rule in _parsed(self.text)[0]])

    def matches(self, url: Url, reverse: bool = False) -> bool:
        """True when the URL goes directly; with `reverse` only what the rules name goes through the proxies."""
        is_implicit = _is_implicit(url.host)
        if (self._late if is_implicit else self._all).matches(url):
            return not reverse
        return reverse or (is_implicit and not self._takes_back)

    def matches_implicit(self, url: Url) -> bool:
        """True when the URL goes directly although no rule names it, as it does for scripts too."""
        return not self._takes_back and _is_implicit(url.host)


def _is_implicit(host: str) -> bool:
    if is_localhost_name(host) or host in _NAMES_OF_THIS_MACHINE:
        return True
    number = address_number(host)
    if number is None:
        return False
    return (
        number == 1 or number >> 24 == _LOOPBACK_V4 or number >> 16 == _LINK_LOCAL_V4 or number >> 118 == _LINK_LOCAL_V6
    )


def _parsed(text: str) -> tuple[list[BypassRule], list[str]]:
    """The rules, and what is wrong with those that are none."""
    rules, errors = [], []
    for piece in split_bypass_rules(text):
        try:
            rules.append(parse_bypass_rule(piece))
        except ValueError as error:
            errors.append(shown(f"the rule '{shown(piece, _MAX_SHOWN_LENGTH)}' {error}", 4 * _MAX_SHOWN_LENGTH))
    return rules, errors


def _first_late(rules: list[BypassRule]) -> int:
    """Where the rules after the last "<-loopback>" begin."""
    named = [index for index, rule in enumerate(rules) if rule == NamedRule(MINUS_LOOPBACK)]
    return named[-1] + 1 if named else 0
