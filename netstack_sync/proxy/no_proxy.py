"""NO_PROXY: what curl, requests and Go go to directly, as bypass rules.

Entries are separated by commas or blanks. "example.com" and ".example.com" are the domain and all below it, with a
port behind them only there; addresses; ranges such as 10.0.0.0/8; and "*" for everything. Where the others differ
from this (requests 2.34, curl 7.88, golang.org/x/net/http/httpproxy):

    a b                requests: only commas separate
    .example.com       Go: only what is below it
    *.example.com      curl, requests: nothing; Go, as here: only what is below it
    *                  curl, requests: only as the whole text; Go, as here: also among others
    example.com:8080   curl: nothing; requests: only of URLs that name the port; Go, as here: the effective port counts
    10.0.0.1:8080      curl, requests: nothing
    2001:db8::/32      curl, requests: nothing
    [::1]              all: nothing without a port behind it; they want ::1, which is read too
    127.1, 0x7f.1      all: nothing; here the address that is meant, since URLs are read so
    0.0.1              requests: the end of 10.0.0.1, as if it were a name
    example.com.       requests: nothing; curl, as here: a trailing dot does not count
    bücher.example     curl, requests: not as it is sent, xn--bcher-kva.example
    https://a, a*b     all: nothing; here what the rules of a bypass list can say besides, as is <local>

A name never matches the address that it resolves to. This machine is not exempt without being named (Go: it is); so
says the "<-loopback>" that is put first.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.proxy.bypass_rule import MINUS_LOOPBACK, HostRule, parse_bypass_rule
from netstack_sync.proxy.bypass_rules import ProxyBypassRules

_SEPARATORS: Final = re.compile(r"[,;\s]+")
_BEFORE_HOST: Final = re.compile(r"(?:[^/]*://)?")


def parse_no_proxy(text: str, strict: bool = False) -> ProxyBypassRules:
    """The rules; what is none is skipped, or raises ValueError naming it where that is `strict`."""
    rules = [MINUS_LOOPBACK]
    for entry in _SEPARATORS.split(text):
        if entry:
            rules += _rules_of(entry)
    return ProxyBypassRules.parse(";".join(rules), strict)


def _rules_of(entry: str) -> list[str]:
    match = _BEFORE_HOST.match(entry)
    assert match is not None  # matches anything
    scheme, host = match[0], entry[match.end() :]
    domain = host.removeprefix(".")
    if _is_domain(domain):
        return [f"{scheme}{domain}", f"{scheme}.{domain}"]
    return [entry]


def _is_domain(text: str) -> bool:
    """True for a name, perhaps with a port; not for addresses, patterns and what is no rule at all."""
    try:
        rule = parse_bypass_rule(text)
    except ValueError:
        return False
    return isinstance(rule, HostRule) and "*" not in rule.pattern and "?" not in rule.pattern
