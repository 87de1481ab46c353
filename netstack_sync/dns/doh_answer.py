"""What the answers to the questions for one name amount to; a pure function."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import ERR_ICANN_NAME_COLLISION, ERR_NAME_NOT_RESOLVED, OK
from netstack_sync.dns.doh_server import DohFailure, DohResult
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer
from netstack_sync.wire.dns_message import MIN_TTL_S, RCODE_NXDOMAIN, DnsAnswer, HttpsRecord

SortAddresses: TypeAlias = Callable[[AddressList], AddressList]
"""Best first; asked for what is of both families."""

_ICANN_COLLISION_ADDRESS: Final = "127.0.53.53"  # what a name gets whose private use collides with a new TLD
_SOURCE: Final = AnswerSource.SECURE_DNS


def combine(results: Sequence[DohResult], https: DohResult | None, sort: SortAddresses) -> ResolveAnswer:
    """The outcome from those of the address questions, one for each family, and of the one for HTTPS records.

    One family is enough. HTTPS records only add to addresses: without them, or when asking for them failed or took
    too long, the name can be connected to all the same.
    """
    answers = [result for result in results if isinstance(result, DnsAnswer)]
    failures = [result for result in results if isinstance(result, DohFailure)]
    found = [answer for answer in answers if answer.addresses]
    if not found:
        return _failure(failures[0]) if failures else _nothing(answers)
    endpoints = tuple([_endpoint(address) for answer in found for address in answer.addresses])
    if any(endpoint.address == _ICANN_COLLISION_ADDRESS for endpoint in endpoints):
        detail = f"DNS over HTTPS: {_ICANN_COLLISION_ADDRESS} says that the name collides with a new top-level domain"
        return ResolveAnswer(ERR_ICANN_NAME_COLLISION, (), _SOURCE, detail=detail)
    if len({endpoint.family for endpoint in endpoints}) > 1:
        endpoints = sort(endpoints)
    services: tuple[HttpsRecord, ...] = ()
    if isinstance(https, DnsAnswer) and https.services:
        services = https.services
        found.append(https)
    limits = [answer.ttl_s for answer in found if answer.ttl_s is not None]
    if failures:
        limits.append(MIN_TTL_S)  # what is missing should soon be asked for again
    return ResolveAnswer(OK, endpoints, _SOURCE, min(limits), services)


def _failure(failure: DohFailure) -> ResolveAnswer:
    return ResolveAnswer(failure.net_error, (), _SOURCE, detail=f"DNS over HTTPS: {failure.detail}")


def _nothing(answers: Sequence[DnsAnswer]) -> ResolveAnswer:
    """The servers agree that there is no address; kept for as long as the shortest of them says (RFC 2308)."""
    limits = [answer.ttl_s for answer in answers]
    known = [limit for limit in limits if limit is not None]
    ttl_s = min(known) if len(known) == len(limits) else None
    has_no_name = any(answer.rcode == RCODE_NXDOMAIN for answer in answers)
    detail = "there is no such name" if has_no_name else "the name has no address"
    return ResolveAnswer(ERR_NAME_NOT_RESOLVED, (), _SOURCE, ttl_s, detail=f"DNS over HTTPS: {detail}")


def _endpoint(address: str) -> IPEndPoint:
    return IPEndPoint(address, 0, socket.AF_INET6 if ":" in address else socket.AF_INET)
