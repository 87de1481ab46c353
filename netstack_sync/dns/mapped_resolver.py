"""MappedHostResolver: resolves other names, or none, where the user's rules say so.

The rules are those of Chromium's `--host-resolver-rules` (net/base/host_mapping_rules.cc), which Selenium and
Puppeteer users know, or a mapping as people write it who come from curl's --resolve and --connect-to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from netstack_sync.base.host_port import HostPortPair, bracketed
from netstack_sync.base.ip_endpoint import AddressList, parse_ip_literal
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url_host import canonical_host
from netstack_sync.dns.host_resolver import HostResolver, ResolveParameters, ResolveRequest, Staleness
from netstack_sync.dns.resolve_answer import AnswerSource
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.wire.dns_message import HttpsRecord

_NOT_FOUND: Final = "~NOTFOUND"
_GRAMMAR: Final = (
    'rules are separated by commas, each "MAP pattern replacement[:port]" or "EXCLUDE pattern"; a pattern is a host '
    "or host:port in which * stands for any characters, a replacement is a host name, an IPv4 address, an IPv6 "
    f"address in brackets, or {_NOT_FOUND}"
)
_ARGUMENT: Final = "host_resolver_rules"

# The rest of a pattern with a wildcard: what canonical names and addresses are made of, and a port.
_is_wild_pattern: Final = re.compile(r"[a-z0-9_.*:\[\]-]+").fullmatch
_PORT: Final = re.compile(r"(?<=[^:]):[0-9]{1,5}\Z")


@dataclass(frozen=True, slots=True)
class HostMapping:
    """One MAP rule."""

    pattern: str
    """Lower case; `*` stands for any characters, also none."""
    host: str | None
    """What is resolved instead, canonical and without brackets; None: nothing, the name does not exist."""
    port: int | None = None
    """What is connected to instead; None keeps the port."""


@dataclass(frozen=True, slots=True)
class HostResolverRules:
    """Which hosts are to be resolved as if they were others. False when there are none.

    An exclusion wins over every mapping, whatever their order; of the mappings the first that fits counts. A
    pattern is compared with the host, and then with host:port.
    """

    mappings: tuple[HostMapping, ...] = ()
    exclusions: tuple[str, ...] = ()

    @classmethod
    def from_value(cls, value: HostResolverRules | str | Mapping[str, object] | None) -> HostResolverRules:
        """Rules, their text, or a mapping from pattern to replacement; None is no rules.

        Raises ValueError naming the bad rule, and TypeError for anything else.
        """
        if value is None:
            return cls()
        if isinstance(value, HostResolverRules):
            return value
        if isinstance(value, str):
            return cls.from_text(value)
        if isinstance(value, Mapping):
            return cls.from_mapping(value)
        raise TypeError(f"{_ARGUMENT}: pass a string of rules or a mapping, not {type(value).__name__}")

    @classmethod
    def from_text(cls, text: str) -> HostResolverRules:
        """Parses "MAP *.example 127.0.0.1:8080, EXCLUDE www.example"; raises ValueError naming the bad rule."""
        mappings: list[HostMapping] = []
        exclusions: list[str] = []
        for rule in filter(None, map(str.strip, text.split(","))):
            keyword, *words = rule.split()
            if keyword.upper() == "MAP" and len(words) == 2:
                mappings.append(_parse_mapping(rule, *words))
            elif keyword.upper() == "EXCLUDE" and len(words) == 1:
                exclusions.append(_parse_pattern(rule, *words))
            else:
                _refuse(rule, "is none")
        return cls(tuple(mappings), tuple(exclusions))

    @classmethod
    def from_mapping(cls, replacements: Mapping[str, object]) -> HostResolverRules:
        """Takes {"host": "192.0.2.1"}, also with addresses of `ipaddress`, where an IPv6 address needs no brackets."""
        mappings = []
        for pattern, replacement in replacements.items():
            rule = f"{pattern}: {replacement}"
            address = parse_ip_literal(str(replacement))
            text = replacement if address is None else bracketed(address)
            if not isinstance(pattern, str) or not isinstance(text, str):
                _refuse(rule, "has a part that is neither a string nor an address")
            mappings.append(_parse_mapping(rule, pattern, text))
        return cls(tuple(mappings))

    def find(self, host: str, port: int) -> HostMapping | None:
        """The mapping that applies to a canonical host, if any."""
        for mapping in self.mappings:
            if _fits(mapping.pattern, host, port):
                is_excluded = any(_fits(pattern, host, port) for pattern in self.exclusions)
                return None if is_excluded else mapping
        return None

    def __bool__(self) -> bool:
        return bool(self.mappings)


class MappedHostResolver:
    """A HostResolver over another one, which it asks for what the rules say. Network thread only.

    The rules come first, before literals and localhost, as in Chromium: `MAP * 192.0.2.1` means everything.
    """

    __slots__ = ("_resolver", "_rules")

    def __init__(self, resolver: HostResolver, rules: HostResolverRules) -> None:
        self._resolver = resolver
        self._rules = rules

    def create_request(
        self, host: str, port: int, parameters: ResolveParameters, net_log: NetLogWithSource
    ) -> ResolveRequest:
        """See HostResolver."""
        mapping = self._rules.find(host, port)
        if mapping is None:
            return self._resolver.create_request(host, port, parameters, net_log)
        if mapping.host is None:
            return _NotFoundRequest(f"{_ARGUMENT} map {mapping.pattern} to {_NOT_FOUND}")
        mapped_port = port if mapping.port is None else mapping.port
        return self._resolver.create_request(mapping.host, mapped_port, parameters, net_log)


class _NotFoundRequest:
    """A ResolveRequest for a name that does not exist."""

    __slots__ = ("addresses", "error_detail", "net_error", "services", "source", "staleness", "ttl_s")

    def __init__(self, detail: str) -> None:
        self.addresses: AddressList = ()
        self.net_error = ERR_NAME_NOT_RESOLVED
        self.error_detail = detail
        self.source: AnswerSource | None = None
        self.ttl_s: float | None = None
        self.services: tuple[HttpsRecord, ...] = ()
        self.staleness: Staleness | None = None

    def start(self, on_done: Completion) -> int:
        """Fails at once."""
        return ERR_NAME_NOT_RESOLVED

    def change_priority(self, priority: RequestPriority) -> None:
        """Nothing waits."""

    def cancel(self) -> None:
        """Nothing waits."""


def _parse_mapping(rule: str, pattern: str, replacement: str) -> HostMapping:
    pattern = _parse_pattern(rule, pattern)
    if replacement.upper() == _NOT_FOUND:
        return HostMapping(pattern, None)
    host, port = replacement, None
    try:
        if ":" in replacement and not replacement.endswith("]"):
            pair = HostPortPair.from_string(replacement)
            host, port = bracketed(pair.host), pair.port
        return HostMapping(pattern, canonical_host(host), port)
    except ValueError as error:
        _refuse(rule, f"has a bad replacement, {replacement!r}: {error}")


def _parse_pattern(rule: str, pattern: str) -> str:
    """The pattern as canonical hosts are compared with it."""
    if "*" in pattern:
        wild = pattern.lower().removesuffix(".")
        if wild.endswith("]"):
            wild = wild.strip("[]")  # hosts have no brackets unless a port follows
        if not _is_wild_pattern(wild):
            _refuse(rule, f"has a bad pattern, {pattern!r}; international names with a * go by their xn-- form")
        return wild
    address = parse_ip_literal(pattern)
    if address is not None:
        return address
    port = _PORT.search(pattern)
    host = pattern[: port.start()] if port else pattern
    try:
        canonical = canonical_host(host)
    except ValueError as error:
        _refuse(rule, f"has a bad pattern, {pattern!r}: it {error}")
    return f"{bracketed(canonical)}{port[0]}" if port else canonical


def _fits(pattern: str, host: str, port: int) -> bool:
    return _matches(pattern, host) or _matches(pattern, f"{bracketed(host)}:{port}")


def _matches(pattern: str, text: str) -> bool:
    """Whether `text` fits; never slow, whatever the pattern, unlike a regular expression with many stars."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    begin, end = len(first), len(text) - len(last)
    if begin > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, begin, end)
        if found < 0:
            return False
        begin = found + len(piece)
    return True


def _refuse(rule: str, fault: str) -> NoReturn:
    raise ValueError(f"{_ARGUMENT}: the rule {rule!r} {fault}; {_GRAMMAR}")
