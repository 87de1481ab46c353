"""One rule of a bypass list, cut into values (net/base/scheme_host_port_matcher_rule.cc).

    [scheme://]host-pattern[:port]      "*" and "?" stand for any characters; the whole host must match
    [scheme://].domain[:port]           what is below the domain: "*.domain"
    [scheme://]IP-literal[:port]        in any spelling; IPv6 in brackets, which may be missing where there is no port
    [scheme://]IP/prefix                a range; of URLs with an IP literal only, no name is looked up
    <local>                             names without a dot
    <-loopback>                         takes back what goes directly without being named: this machine

Chromium knows neither ranges in brackets ([fe80::]/10) nor IPv6 without: it drops the one and never matches the other.
"""

from __future__ import annotations

import re
import socket
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.base.host_port import MAX_PORT
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.url_host import canonical_host

LOCAL: Final = "<local>"
MINUS_LOOPBACK: Final = "<-loopback>"

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.\-]*)://")
_SEPARATORS: Final = re.compile(r"[,;]")
_PORT: Final = re.compile(r":([0-9]{1,5})\Z")
_PREFIX: Final = re.compile(r"[0-9]{1,3}")
_HAS_GLOB: Final = re.compile(r"[*?]")
_is_pattern: Final = re.compile(r"[a-z0-9_*?-]+(?:\.[a-z0-9_*?-]+)*").fullmatch
MAX_LENGTH: Final = 1024
"""Of rules, and of hosts that are compared with patterns; the longest host of DNS has 253 characters."""
_MAPPED: Final = 0xFFFF << 32
"""Where IPv4 addresses lie among those of IPv6 (RFC 4291 §2.5.5.2)."""


class Condition(NamedTuple):
    """Of which URLs of a host the rule speaks."""

    scheme: str = ""
    """Empty for any."""
    port: int = 0
    """The effective one of the URL; 0 for any."""


class HostRule(NamedTuple):
    """Hosts by their text."""

    condition: Condition
    pattern: str
    """Canonical; with "*" and "?"."""


class RangeRule(NamedTuple):
    """IP literals."""

    condition: Condition
    network: int
    """The first `prefix` bits of an address, as a number."""
    prefix: int
    """Of 128."""


class NamedRule(NamedTuple):
    """LOCAL or MINUS_LOOPBACK."""

    name: str


BypassRule: TypeAlias = HostRule | RangeRule | NamedRule


def split_bypass_rules(text: str) -> list[str]:
    """The rules of a list, with "," or ";" between them, for parse_bypass_rule()."""
    return [piece for piece in map(str.strip, _SEPARATORS.split(text)) if piece]


def parse_bypass_rule(text: str) -> BypassRule:
    """Reads one rule without blanks around it; ValueError says what is wrong in words that continue "the rule ..."."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    text = text.lower()
    if text in (LOCAL, MINUS_LOOPBACK):
        return NamedRule(text)
    scheme, match = "", _SCHEME.match(text)
    if match is not None:
        scheme, text = match[1], text[match.end() :]
    if "://" in text:
        raise ValueError("has no valid scheme before ://; leave both out for any scheme")
    if "/" in text:
        return _range_rule(Condition(scheme), text)
    if ":" in text and parse_ip_literal(text) is not None:
        return _address_rule(Condition(scheme), text)
    host, port = _host_and_port(text)
    return _host_rule(Condition(scheme, port), host)


def address_number(host: str) -> int | None:
    """The address as a number among those of IPv6, None for a name; `host` is canonical, without brackets."""
    if ":" in host:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, host), "big")
    # The last label of a canonical host is a number in IPv4 addresses only.
    if not host.rpartition(".")[2].isdigit():
        return None
    return _MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, host), "big")


def _host_and_port(text: str) -> tuple[str, int]:
    match = _PORT.search(text)
    if match is None:
        return text, 0
    if not 0 < int(match[1]) <= MAX_PORT:
        raise ValueError(f"has no valid port; ports are 1 to {MAX_PORT}")
    return text[: match.start()], int(match[1])


def _host_rule(condition: Condition, host: str) -> BypassRule:
    if host.startswith("."):
        host = f"*{host}"
    if _HAS_GLOB.search(host):
        return HostRule(condition, _canonical_pattern(host))
    host = canonical_host(host)
    return HostRule(condition, host) if address_number(host) is None else _address_rule(condition, host)


def _canonical_pattern(pattern: str) -> str:
    if ":" in pattern or "[" in pattern:
        raise ValueError("has a wildcard beside a colon; ports are numbers, for IPv6 write a range: fe80::/10")
    if not pattern.isascii():
        pattern = ".".join([_ascii_label(label) for label in pattern.split(".")])
    if not pattern[:-1].endswith("*"):  # "*." is no pattern for everything
        pattern = pattern.removesuffix(".")
    if not _is_pattern(pattern):
        raise ValueError("has an empty label or a character that no host name has")
    return re.sub(r"\*+", "*", pattern)


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label
    if _HAS_GLOB.search(label):
        raise ValueError("has a wildcard inside an international label")
    return canonical_host(label)


def _range_rule(condition: Condition, text: str) -> RangeRule:
    address, _, prefix = text.partition("/")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    literal = parse_ip_literal(address)
    if literal is None:
        raise ValueError("has a / but is no range of addresses such as 10.0.0.0/8 or fe80::/10")
    width = 128 if ":" in literal else 32
    if not _PREFIX.fullmatch(prefix) or int(prefix) > width:
        raise ValueError(f"has no valid length after the /; it is a number from 0 to {width}")
    return _range_of(condition, literal, 128 - width + int(prefix))


def _address_rule(condition: Condition, address: str) -> RangeRule:
    return _range_of(condition, parse_ip_literal(address) or address, 128)


def _range_of(condition: Condition, address: str, prefix: int) -> RangeRule:
    number = address_number(address)
    assert number is not None  # it is a literal
    return RangeRule(condition, number >> (128 - prefix), prefix)
