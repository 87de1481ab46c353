"""Names that are answered without asking anybody: bad ones, IP literals, localhost."""

from __future__ import annotations

import socket
from typing import Final

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint, parse_ip_literal
from netstack_sync.base.late_pattern import late_pattern
from netstack_sync.base.net_errors import ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.base.url_host import is_localhost_name
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

# RFC 1035 with the underscore that the real world uses; net/dns/dns_names_util.cc
_LABEL: Final = r"[A-Za-z0-9_-][A-Za-z0-9_-]{0,62}"
_HOST_NAME: Final = late_pattern(rf"(?:{_LABEL}\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{{0,62}})\.?")
_MAX_NAME: Final = 253  # without the final dot

_LOCALHOST: Final = (IPEndPoint("::1", 0, socket.AF_INET6), IPEndPoint("127.0.0.1", 0, socket.AF_INET))


def is_valid_host(host: str) -> bool:
    """Whether anybody may be asked for the name; literals have their own syntax."""
    return len(host.removesuffix(".")) <= _MAX_NAME and _HOST_NAME().fullmatch(host) is not None


def answer_literal(host: str, family: int) -> ResolveAnswer | None:
    """An IP literal is its own answer, if it is of the family; None for names."""
    literal = parse_ip_literal(host)
    if literal is None:
        return None
    endpoint = IPEndPoint(literal, 0, socket.AF_INET6 if ":" in literal else socket.AF_INET)
    if not has_family(endpoint, family):
        return ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail=f"{literal} is an address of the other family")
    return ResolveAnswer(OK, (endpoint,), AnswerSource.LITERAL)


def answer_localhost(name: str, family: int) -> ResolveAnswer | None:
    """Loopback for localhost and what is below it; None for other names. `name` is in lower case.

    RFC 6761 §6.3: never asked of anybody, so that nobody can send it elsewhere; whether IPv6 works does not matter.
    """
    name = name.removesuffix(".")
    if not is_localhost_name(name):
        return None
    return ResolveAnswer(OK, of_family(_LOCALHOST, family), AnswerSource.LOCALHOST)


def has_family(endpoint: IPEndPoint, family: int) -> bool:
    """Whether a request for `family` may have the address."""
    return family in (socket.AF_UNSPEC, endpoint.family)


def of_family(addresses: AddressList, family: int) -> AddressList:
    """The addresses that a request for `family` may have."""
    return tuple(endpoint for endpoint in addresses if has_family(endpoint, family))
