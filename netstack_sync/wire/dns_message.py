"""DNS messages as DNS over HTTPS carries them: a question to bytes, bytes to an answer.

The format is read and written by dnspython (RFC 1035, RFC 9460); what is believed, and for how long, is decided
here. dnspython is an extra and slow to import, so whoever wants these functions calls load_dnspython() first, on
a thread that may wait. parse_answer() is for workers: a peer that means harm can make it take a second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from netstack_sync.base.ip_endpoint import parse_ip_literal

if TYPE_CHECKING:
    from dns.message import ChainingResult, QueryMessage
    from dns.name import Name

TYPE_A: Final = 1
TYPE_NS: Final = 2
TYPE_AAAA: Final = 28
TYPE_HTTPS: Final = 65

RCODE_NOERROR: Final = 0
RCODE_NXDOMAIN: Final = 3

MAX_MESSAGE_BYTES: Final = 0xFFFF  # RFC 8484 §6
MAX_RECORDS: Final = 256  # far more than any name has
MIN_TTL_S: Final = 60.0  # Chromium's kMinimumTTL
MAX_TTL_S: Final = 86_400.0
MAX_NEGATIVE_TTL_S: Final = 3600.0  # RFC 2308 §5: one to three hours work well

_PADDED_TO: Final = 128  # RFC 8467 §4.1
_HEADER: Final = struct.Struct("!6H")  # id, flags, number of questions, answers, authorities, additional records
_FLAG_RESPONSE: Final = 0x8000
_FLAG_TRUNCATED: Final = 0x0200
_CLASS_IN: Final = 1
_TYPE_SOA: Final = 6
_ALPN_OF_HTTPS: Final = "http/1.1"  # what every HTTPS service speaks unless it says otherwise (RFC 9460 §7.1.2, §9.5)

# Keys of RFC 9460 §14.3.2. A record that demands others is not for us (§8).
_MANDATORY, _ALPN, _NO_DEFAULT_ALPN, _PORT, _IPV4_HINT, _IPV6_HINT = 0, 1, 2, 3, 4, 6
_KNOWN_KEYS: Final = frozenset({_ALPN, _NO_DEFAULT_ALPN, _PORT, _IPV4_HINT, _IPV6_HINT})


class DnsMessageError(ValueError):
    """Bytes that are no answer to the question."""


@dataclass(frozen=True, slots=True)
class HttpsRecord:
    """An HTTPS record (RFC 9460): another endpoint of the service, or how to talk to this one."""

    priority: int
    """0 for an alias; else smaller is better."""
    target: str
    """The name to connect to, without the final dot; "" for the name that was asked."""
    alpn: tuple[str, ...] = ()
    """Everything the service speaks; empty for an alias."""
    port: int | None = None
    ipv4_hints: tuple[str, ...] = ()
    ipv6_hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What an answer says about the name and type that were asked for."""

    rcode: int
    addresses: tuple[str, ...] = ()
    services: tuple[HttpsRecord, ...] = ()
    """The best first."""
    canonical_name: str = ""
    """Where the aliases led; without the final dot."""
    ttl_s: float | None = None
    """How long it may be kept; None: not at all."""
    is_truncated: bool = False
    """There would have been more."""

    @property
    def is_empty(self) -> bool:
        """True when there is no record of the type."""
        return not self.addresses and not self.services


def load_dnspython() -> None:
    """Imports what the functions below need; ImportError says what to install. 70 ms the first time."""
    try:
        import dns.message  # noqa: F401
    except ImportError:
        raise ImportError("doh: DNS over HTTPS needs dnspython; pip install 'netstack-sync[doh]'") from None
    make_query("", TYPE_A)  # the first one imports more


def make_query(name: str, rdtype: int) -> bytes:
    """A question with the id 0 of RFC 8484 §4.1, padded so that its size tells nothing. `name` must be valid."""
    import dns.message
    from dns.rdatatype import RdataType

    return dns.message.make_query(name, RdataType(rdtype), use_edns=0, id=0, pad=_PADDED_TO).to_wire()


def parse_answer(data: bytes, name: str, rdtype: int, age_s: float = 0.0) -> DnsAnswer:
    """The answer to make_query(name, rdtype), which an HTTP cache has kept for `age_s`; raises DnsMessageError."""
    message = _parse(data)
    is_truncated = bool(message.flags & _FLAG_TRUNCATED)
    rcode = int(message.rcode())
    if rcode not in (RCODE_NOERROR, RCODE_NXDOMAIN):
        return DnsAnswer(rcode, is_truncated=is_truncated)
    chain = _chain(message, name, rdtype)
    if chain.answer is None:
        ttl_s = _negative_ttl(message, chain, age_s)
        return DnsAnswer(rcode, (), (), _text(chain.canonical_name), ttl_s, is_truncated)
    lowest = min([alias.ttl for alias in chain.cnames] + [chain.answer.ttl])
    ttl_s = min(max(lowest - age_s, MIN_TTL_S), MAX_TTL_S)
    services = _services(chain.answer) if rdtype == TYPE_HTTPS else ()
    found: Iterable[Any] = chain.answer
    addresses = _canonical([record.address for record in found]) if rdtype in (TYPE_A, TYPE_AAAA) else ()
    return DnsAnswer(rcode, addresses, services, _text(chain.canonical_name), ttl_s, is_truncated)


def _parse(data: bytes) -> QueryMessage:
    import dns.exception
    import dns.message

    if not _HEADER.size <= len(data) <= MAX_MESSAGE_BYTES:
        raise DnsMessageError(f"a DNS message has {_HEADER.size} to {MAX_MESSAGE_BYTES} bytes, not {len(data)}")
    records = sum(_HEADER.unpack_from(data)[2:])
    if records > MAX_RECORDS:
        raise DnsMessageError(f"{records} records are more than {MAX_RECORDS}")
    try:
        message = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError) as error:
        raise DnsMessageError(f"not a DNS message: {error!r}") from error
    if not isinstance(message, dns.message.QueryMessage) or not message.flags & _FLAG_RESPONSE:
        raise DnsMessageError("a DNS message that is not the answer to a query")
    return message


def _chain(message: QueryMessage, name: str, rdtype: int) -> ChainingResult:
    """The records of the type, past at most 16 aliases."""
    import dns.exception
    import dns.name

    try:
        chain = message.resolve_chaining()
    except dns.exception.DNSException as error:
        raise DnsMessageError(f"a DNS answer that makes no sense: {error!r}") from error
    asked = message.question[0]
    if (asked.name, asked.rdclass, asked.rdtype) != (dns.name.from_text(name), _CLASS_IN, rdtype):
        raise DnsMessageError(f"the answer to another question: {asked.to_text()}")
    return chain


def _negative_ttl(message: QueryMessage, chain: ChainingResult, age_s: float) -> float | None:
    """RFC 2308 §5: a negative answer without the zone's SOA is not kept."""
    zones: list[Any] = [records for records in message.authority if records.rdtype == _TYPE_SOA]
    if not zones:
        return None
    limits = [min(zone.ttl, soa.minimum) for zone in zones for soa in zone]
    lowest: float = min(limits + [alias.ttl for alias in chain.cnames])
    return min(max(lowest - age_s, 0.0), MAX_NEGATIVE_TTL_S)


def _canonical(addresses: Iterable[str]) -> tuple[str, ...]:
    """As the rest of the stack spells them."""
    return tuple([parse_ip_literal(address) or address for address in addresses])


def _services(records: Iterable[Any]) -> tuple[HttpsRecord, ...]:
    """The usable records; an alias makes the others void (RFC 9460 §2.4.1)."""
    found = [service for record in records if (service := _service(record)) is not None]
    aliases = [service for service in found if service.priority == 0]
    return tuple(sorted(aliases or found, key=lambda service: service.priority))


def _service(record: Any) -> HttpsRecord | None:
    """None for a record that is not for us: no service at all (§2.5.1), or one that demands unknown keys (§8)."""
    target = _text(record.target)
    if record.priority == 0:
        return HttpsRecord(0, target) if target else None
    params: Mapping[int, Any] = record.params
    mandatory = params.get(_MANDATORY)
    if mandatory is not None and not _KNOWN_KEYS.issuperset(mandatory.keys):
        return None
    port = params.get(_PORT)
    return HttpsRecord(
        record.priority,
        target,
        _alpn(params),
        None if port is None else port.port,
        _hints(params.get(_IPV4_HINT)),
        _hints(params.get(_IPV6_HINT)),
    )


def _alpn(params: Mapping[int, Any]) -> tuple[str, ...]:
    param = params.get(_ALPN)
    named = [] if param is None else [protocol.decode("latin-1") for protocol in param.ids]
    if _NO_DEFAULT_ALPN not in params and _ALPN_OF_HTTPS not in named:
        named.append(_ALPN_OF_HTTPS)
    return tuple(named)


def _hints(param: Any) -> tuple[str, ...]:
    return () if param is None else _canonical(param.addresses)


def _text(name: Name) -> str:
    """Without the final dot; "" for the root."""
    return name.to_text(omit_final_dot=True) if len(name.labels) > 1 else ""
