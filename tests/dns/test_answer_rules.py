"""What becomes of an answer before anybody sees it."""

from __future__ import annotations

import socket

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_DNS_CACHE_MISS,
    ERR_DNS_TIMED_OUT,
    ERR_HOST_RESOLVER_QUEUE_TOO_LARGE,
    ERR_ICANN_NAME_COLLISION,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.dns.answer_rules import answer_for_exception, checked, squash, with_port
from netstack_sync.dns.resolve_answer import AnswerSource, ResolveAnswer

ANY, V4, V6 = socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6
A, B = IPEndPoint("192.0.2.1", 0, V4), IPEndPoint("192.0.2.2", 0, V4)
AAAA = IPEndPoint("2001:db8::1", 0, V6)
SCOPED = IPEndPoint("fe80::1", 0, V6, 3)
TRAP = IPEndPoint("127.0.53.53", 0, V4)


@pytest.mark.parametrize(
    "net_error",
    [OK, ERR_NAME_NOT_RESOLVED, ERR_INTERNET_DISCONNECTED, ERR_NETWORK_CHANGED, ERR_CONTEXT_SHUT_DOWN],
)
def test_errors_that_users_see(net_error: int) -> None:
    """Those on which somebody above acts."""
    assert squash(net_error) == net_error


@pytest.mark.parametrize(
    "net_error",
    [
        ERR_OUT_OF_MEMORY,
        ERR_ICANN_NAME_COLLISION,
        ERR_DNS_CACHE_MISS,
        ERR_DNS_TIMED_OUT,
        ERR_HOST_RESOLVER_QUEUE_TOO_LARGE,
    ],
)
def test_errors_that_users_do_not_see(net_error: int) -> None:
    """Every other reason means that the name was not resolved."""
    assert squash(net_error) == ERR_NAME_NOT_RESOLVED


@pytest.mark.parametrize("family, kept", [(ANY, (AAAA, A, B)), (V4, (A, B)), (V6, (AAAA,))])
def test_only_the_family_that_is_wanted(family: int, kept: tuple[IPEndPoint, ...]) -> None:
    """In the order of the answer, of which nothing else changes."""
    answer = ResolveAnswer(OK, (AAAA, A, B), AnswerSource.SECURE_DNS, 60.0)
    assert checked(answer, family, is_offline=False) == ResolveAnswer(OK, kept, AnswerSource.SECURE_DNS, 60.0)


def test_each_address_once() -> None:
    """And all of them, however many."""
    many = tuple(IPEndPoint(f"192.0.{number // 256}.{number % 256}", 0, V4) for number in range(1500))
    assert checked(ResolveAnswer(OK, (*many, *many)), ANY, is_offline=False).addresses == many


@pytest.mark.parametrize("addresses, family", [((), ANY), ((A,), V6)])
def test_an_empty_list_means_name_not_resolved(addresses: tuple[IPEndPoint, ...], family: int) -> None:
    """Row 115 (EmptyListMeansNameNotResolved): also when the other family is all there is; it is not kept."""
    answer = checked(ResolveAnswer(OK, addresses, ttl_s=60.0), family, is_offline=False)
    assert answer.net_error == ERR_NAME_NOT_RESOLVED and answer.ttl_s is None and "no address" in answer.detail


@pytest.mark.parametrize("source", [AnswerSource.SYSTEM, AnswerSource.SECURE_DNS])
def test_a_name_collision(source: AnswerSource) -> None:
    """Row 130 (NameCollisionIcann): anywhere in the answer, whatever the family."""
    answer = checked(ResolveAnswer(OK, (AAAA, A, TRAP), source, 60.0), V6, is_offline=False)
    assert answer == ResolveAnswer(ERR_ICANN_NAME_COLLISION, source=source, detail="the answer holds 127.0.53.53")


def test_a_hook_may_mean_that_address() -> None:
    """Row 130: a user's function says what it wants."""
    answer = ResolveAnswer(OK, (TRAP,), AnswerSource.HOOK)
    assert checked(answer, ANY, is_offline=False) is answer


def test_a_failure_is_passed_on() -> None:
    """With its time."""
    failure = ResolveAnswer(ERR_DNS_TIMED_OUT, ttl_s=5.0, detail="late")
    assert checked(failure, ANY, is_offline=False) is failure


def test_a_failure_without_network() -> None:
    """Says so, and is not kept; successes count all the same."""
    failure = ResolveAnswer(ERR_NAME_NOT_RESOLVED, ttl_s=5.0, detail="no route", os_error=7)
    expected = ResolveAnswer(ERR_INTERNET_DISCONNECTED, detail="no route", os_error=7)
    assert checked(failure, ANY, is_offline=True) == expected
    success = ResolveAnswer(OK, (A,))
    assert checked(success, ANY, is_offline=True) is success


def test_a_hooks_no_needs_no_network() -> None:
    """A filter has its reasons."""
    failure = ResolveAnswer(ERR_NAME_NOT_RESOLVED, source=AnswerSource.HOOK, detail="internal")
    assert checked(failure, ANY, is_offline=True) is failure


def test_a_lookup_that_broke() -> None:
    """Tells what was raised, in few words."""
    answer = answer_for_exception(RuntimeError("x" * 1000))
    assert answer.net_error == ERR_NAME_NOT_RESOLVED and answer.ttl_s is None
    assert answer.detail.startswith("RuntimeError: xxx") and len(answer.detail) == 500


def test_the_port_of_a_request() -> None:
    """Scopes survive: a link-local address is of no use without its interface."""
    assert with_port((A, SCOPED), 81) == (IPEndPoint("192.0.2.1", 81, V4), IPEndPoint("fe80::1", 81, V6, 3))
