"""What becomes of an answer before anybody sees it: rules without state."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.ip_endpoint import AddressList, IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_ICANN_NAME_COLLISION,
    ERR_INSUFFICIENT_RESOURCES,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    OK,
)
from netstack_sync.dns.local_answers import of_family
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

# What a name gets whose private use collides with a new top-level domain (ICANN, Name Collision Occurrence).
_COLLISION_ADDRESS: Final = "127.0.53.53"

_MAX_DETAIL: Final = 500  # characters; an exception may quote anything

_PUBLIC_ERRORS: Final = frozenset(
    (
        OK,
        ERR_NAME_NOT_RESOLVED,
        ERR_INTERNET_DISCONNECTED,
        ERR_NETWORK_CHANGED,
        ERR_CONTEXT_SHUT_DOWN,
        ERR_INSUFFICIENT_RESOURCES,
    )
)


def squash(net_error: int) -> int:
    """Users of a resolver see few errors (net/dns/host_resolver.cc, SquashErrorCode)."""
    return net_error if net_error in _PUBLIC_ERRORS else ERR_NAME_NOT_RESOLVED


def checked(answer: ResolveAnswer, family: int, is_offline: bool) -> ResolveAnswer:
    """The answer as it may be used and kept: right family, no duplicates, no trap, a reason for every failure."""
    if answer.is_ok:
        return _checked_addresses(answer, family)
    if is_offline and answer.source != AnswerSource.HOOK:  # a filter's no has nothing to do with the network
        return answer._replace(net_error=ERR_INTERNET_DISCONNECTED, ttl_s=None)
    return answer


def answer_for_exception(error: BaseException) -> ResolveAnswer:
    """What a lookup that broke amounts to."""
    return ResolveAnswer(ERR_NAME_NOT_RESOLVED, detail=f"{type(error).__name__}: {error}"[:_MAX_DETAIL])


def with_port(addresses: AddressList, port: int) -> AddressList:
    """The addresses as a request wants them."""
    return tuple(IPEndPoint(a.address, port, a.family, a.scope_id) for a in addresses)


def _checked_addresses(answer: ResolveAnswer, family: int) -> ResolveAnswer:
    is_from_dns = answer.source in (AnswerSource.SYSTEM, AnswerSource.SECURE_DNS)
    if is_from_dns and any(endpoint.address == _COLLISION_ADDRESS for endpoint in answer.addresses):
        return _failed(answer, ERR_ICANN_NAME_COLLISION, f"the answer holds {_COLLISION_ADDRESS}")
    addresses = tuple(dict.fromkeys(of_family(answer.addresses, family)))
    if not addresses:
        return _failed(answer, ERR_NAME_NOT_RESOLVED, "the answer holds no address that is of use")
    return answer if addresses == answer.addresses else answer._replace(addresses=addresses)


def _failed(answer: ResolveAnswer, net_error: int, detail: str) -> ResolveAnswer:
    return ResolveAnswer(net_error, source=answer.source, detail=detail)
