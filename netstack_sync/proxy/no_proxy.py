"""NO_PROXY: what curl, requests and Go go to directly, as bypass rules.

Entries are separated by commas or blanks. "example.com" and ".example.com" are the domain and all below it, with a
port behind them only there; addresses, in brackets or not, ranges such as 10.0.0.0/8, and "*" for everything. The
others differ from this and from each other:

    .example.com       curl and requests: the domain too, as here; Go and "*.example.com" everywhere: only below it
    *.example.com      Go, as here: below the domain; curl and requests: nothing
    *                  curl and requests: only as the whole list; Go, as here: also among others
    10.0.0.0/8         all; requests: only IPv4. A name that would resolve to such an address never matches
    example.com:8080   requests and Go, as here; curl: nothing. The effective port counts: requests wants it in the URL
    [::1]              curl, as here, with and without brackets; requests: only without
    127.1, 0x7f.1      only here: the address that is meant, since URLs are read so too
    bücher.example     only here: international names are compared as they are sent
    example.com.       curl, as here: a trailing dot does not count
    http://host, a*b   only here: what the rules of a bypass list can say besides; so is <local>
    localhost, ::1     nobody: they are not exempt without being named; so says "<-loopback>", which is put first
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
