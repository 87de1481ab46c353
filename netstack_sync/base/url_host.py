"""Canonical hosts: one spelling per host, before any decision is made on it (rule R7); and which are this machine.

A name becomes lower-case ASCII (IDNA 2008 after the UTS #46 mapping) without a trailing dot; every number
form that getaddrinfo() would take for an IPv4 address (127.1, 0x7f.1, 2130706433) becomes dotted decimal,
so that no address filter can be fooled by the spelling; IPv6 becomes RFC 5952 text without brackets.
"""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.ip_endpoint import parse_ip_literal

# What remains of a name after IDNA. WHATWG also lets through !$&'()*+,;=~, which no resolver knows.
_IS_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*").fullmatch
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")
# 2**32 in octal; int() takes quadratic time for much longer ones.
_MAX_IPV4_DIGITS: Final = 11
# Longest name worth mapping: DNS allows 253 characters, and IDNA work grows with the length.
_MAX_NAME_LENGTH: Final = 1024


def canonical_host(host: str) -> str:
    """Return the canonical spelling of `host` (IPv6 in brackets).

    `ValueError` says why there is none, in words that continue "the URL ...".
    """
    if host.startswith("["):
        return _canonical_ipv6(host)
    name = host.lower() if host.isascii() else _to_ascii(host)
    name = name.removesuffix(".")
    if not name:
        raise ValueError("has an empty host")
    if not _IS_NAME(name):
        raise ValueError("has a host with an empty label or with a character that no host name has")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _canonical_ipv4(name)
    return name


def is_localhost_name(host: str) -> bool:
    """True for localhost and what is below it, which is always this machine (RFC 6761 §6.3); `host` is canonical."""
    return host == "localhost" or host.endswith(".localhost")


def is_this_machine(host: str) -> bool:
    """True for such a name and for the loopback addresses; `host` is canonical, without brackets."""
    return is_localhost_name(host) or host == "::1" or (host.startswith("127.") and parse_ip_literal(host) is not None)


def _canonical_ipv6(host: str) -> str:
    address = parse_ip_literal(host[1:-1]) if host.endswith("]") else None
    if address is None or ":" not in address:
        hint = "; a zone id (%eth0) cannot be part of a URL" if "%" in host else ""
        raise ValueError(f"has a host that is not an IPv6 address{hint}")
    return address


def _canonical_ipv4(name: str) -> str:
    """Read one to four numbers, decimal, octal (0...) or hexadecimal (0x...) (WHATWG URL §3.5)."""
    parts = name.split(".")
    try:
        numbers = [_ipv4_number(part) for part in parts]
    except ValueError:
        numbers = []
    *heads, last = numbers or [-1]
    # The last number fills all bytes that the ones before it leave.
    if not 1 <= len(numbers) <= 4 or max(heads, default=0) > 255 or last >= 256 ** (4 - len(heads)):
        raise ValueError("has a host that ends in a number but is not an IPv4 address")
    for index, number in enumerate(heads):
        last += number << (8 * (3 - index))
    return ".".join(map(str, last.to_bytes(4, "big")))


def _ipv4_number(part: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise ValueError(part)
    base = 16 if part.startswith("0x") else 8 if part.startswith("0") else 10
    digits = part.removeprefix("0x").lstrip("0") or "0"
    if len(digits) > _MAX_IPV4_DIGITS:
        raise ValueError(part)
    return int(digits, base)


def _to_ascii(host: str) -> str:
    """Map an international name to its A-labels (non-transitional UTS #46, then IDNA 2008)."""
    if len(host) > _MAX_NAME_LENGTH:
        raise ValueError(f"has a host of more than {_MAX_NAME_LENGTH} characters")
    import idna  # late: 10 ms, and most hosts are ASCII

    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        labels = [label if label.isascii() else idna.alabel(label).decode("ascii") for label in mapped.split(".")]
    except idna.IDNAError as error:
        raise ValueError(f"has a host that is no international domain name: {error}") from None
    return ".".join(labels)
