"""Entries of the host cache as JSON values, and back; what comes back is read as a stranger's."""

from __future__ import annotations

import socket
from typing import Final

from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import OK
from netstack_sync.dns.cache_entry import CacheEntry, HostCacheKey
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

# The system's numbers of the families differ between platforms.
_FAMILIES: Final = {0: int(socket.AF_UNSPEC), 4: int(socket.AF_INET), 6: int(socket.AF_INET6)}
_IP_VERSIONS: Final = {family: version for version, family in _FAMILIES.items()}
_MAX_HOST: Final = 255
_MAX_TIME_S: Final = 1e12  # beyond any date; numbers far above it break arithmetic

# Nobody else's answers are kept: a hook decides about each connection anew.
_SOURCES: Final[dict[str, AnswerSource]] = {
    source.name: source for source in (AnswerSource.SYSTEM, AnswerSource.SECURE_DNS)
}


def value_of_entry(entry: CacheEntry, wall_offset_s: float) -> dict[str, object] | None:
    """An entry as a JSON value; None for failures, and for addresses whose interface may have another number soon."""
    answer = entry.answer
    if not answer.is_ok or any(endpoint.scope_id for endpoint in answer.addresses):
        return None
    return {
        "host": entry.key.host,
        "family": _IP_VERSIONS[entry.key.family],
        "partition": entry.key.partition,
        "secure": entry.key.is_secure,
        "source": answer.source.name,
        "expires": entry.expires + wall_offset_s,
        "addresses": [endpoint.address for endpoint in answer.addresses],
    }


def entry_from_value(value: object, wall_offset_s: float, network_changes: int) -> CacheEntry | None:
    """The entry that a JSON value stands for; None if it makes no sense."""
    if not isinstance(value, dict):
        return None
    key = _key_from(value)
    answer = _answer_from(value.get("source"), value.get("addresses"))
    expires = value.get("expires")
    if key is None or answer is None or not isinstance(expires, (int, float)):
        return None
    if not -_MAX_TIME_S < expires < _MAX_TIME_S:  # this way round for NaN
        return None
    return CacheEntry(key, answer, expires - wall_offset_s, network_changes)


def _key_from(value: dict[object, object]) -> HostCacheKey | None:
    host, version, partition = value.get("host"), value.get("family"), value.get("partition")
    is_secure = value.get("secure")
    if not isinstance(host, str) or not 0 < len(host) <= _MAX_HOST or not isinstance(is_secure, bool):
        return None
    if not isinstance(version, int) or version not in _FAMILIES:
        return None
    if partition is not None and not isinstance(partition, str):
        return None
    return HostCacheKey(host, _FAMILIES[version], partition, is_secure)


def _answer_from(source: object, addresses: object) -> ResolveAnswer | None:
    if not isinstance(source, str) or source not in _SOURCES:
        return None
    if not isinstance(addresses, list) or not addresses:
        return None
    endpoints = [_endpoint_from(address) for address in addresses]
    found = tuple(endpoint for endpoint in endpoints if endpoint is not None)
    return ResolveAnswer(OK, found, _SOURCES[source]) if len(found) == len(endpoints) else None


def _endpoint_from(address: object) -> IPEndPoint | None:
    literal = parse_ip_literal(address) if isinstance(address, str) else None
    if literal is None:
        return None
    return IPEndPoint(literal, 0, socket.AF_INET6 if ":" in literal else socket.AF_INET)
