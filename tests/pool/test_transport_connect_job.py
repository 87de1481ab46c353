"""TransportConnectJob: resolve, choose among the addresses, connect."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONNECTION_REFUSED,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_IO_SUSPENDED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool.params import TransportParams
from netstack_sync.pool.transport_connect_job import TransportConnectJob
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.resolver import ADDRESSES

V6 = (IPEndPoint("2001:db8::1", 80, socket.AF_INET6),)
V4 = ADDRESSES[:1]


@pytest.fixture
def rig() -> Iterator[JobRig]:
    """The name has one address unless the test says something else."""
    with job_rig() as rig:
        rig.resolver.addresses = V4
        yield rig


def make_job(rig: JobRig, partition: str | None = None) -> TransportConnectJob:
    """A job to a.test:80."""
    return TransportConnectJob(rig.services, TransportParams("a.test", 80, partition), RequestPriority.LOW, rig)


def start_race(rig: JobRig, addresses: tuple[IPEndPoint, ...] = V6 + V4) -> TransportConnectJob:
    """A job that has its addresses and connects by the first family."""
    rig.resolver.outcome, rig.resolver.addresses = OK, addresses
    job = make_job(rig)
    assert job.connect() == ERR_IO_PENDING and len(rig.sockets.transports) == 1
    return job


def connect_by_second_family(rig: JobRig) -> None:
    """A whole job in which the first family is slow."""
    start_race(rig)
    rig.driver.advance(0.3)
    rig.sockets.transports[1].decide(OK)
    assert rig.results == [OK]
    for transport in rig.sockets.transports:
        transport.disconnect()
    rig.sockets.transports.clear()
    rig.sockets.addresses.clear()
    rig.completed.clear()


@pytest.mark.parametrize("dns", [OK, ERR_IO_PENDING])
@pytest.mark.parametrize("tcp", [OK, ERR_IO_PENDING])
def test_success_with_every_mix_of_waiting(rig: JobRig, dns: int, tcp: int) -> None:
    """Row 100: ConnectionSuccess with delayed and synchronous sockets; the times of each phase are taken."""
    rig.resolver.outcome, rig.sockets.transport_result = dns, tcp
    job = make_job(rig)
    result = job.connect()
    if dns == ERR_IO_PENDING:
        assert result == ERR_IO_PENDING and job.load_state is LoadState.RESOLVING_HOST
        rig.driver.clock.advance(1.0)
        rig.resolver.requests[0].finish()
    if tcp == ERR_IO_PENDING:
        assert rig.results == [] and job.load_state is LoadState.CONNECTING
        rig.driver.clock.advance(2.0)
        rig.sockets.transports[0].decide(OK)
    assert result == OK or rig.results == [OK]
    assert job.socket is rig.sockets.transports[0] and rig.sockets.addresses == [V4]
    timing = job.timing
    assert timing.dns == (1.0 if dns == ERR_IO_PENDING else 0.0)
    assert timing.tcp == (2.0 if tcp == ERR_IO_PENDING else 0.0)
    assert job.error_detail == "" and not job.has_established_connection


def test_the_question_carries_the_priority(rig: JobRig) -> None:
    """Row 90: SetResolvePriorityOnInit."""
    rig.resolver.outcome = ERR_NAME_NOT_RESOLVED
    make_job(rig).connect()
    request = rig.resolver.requests[0]
    assert (request.host, request.port, request.priority) == ("a.test", 80, RequestPriority.LOW)


@pytest.mark.parametrize("partition", [None, "site"])
def test_the_question_stays_within_the_partition(rig: JobRig, partition: str | None) -> None:
    """Row 98: NetworkAnonymizationKeyTransportResolverRequest."""
    rig.resolver.outcome = ERR_NAME_NOT_RESOLVED
    make_job(rig, partition).connect()
    assert rig.resolver.requests[0].parameters.partition == partition


def test_a_new_priority_reaches_the_question(rig: JobRig) -> None:
    """Row 90: ReprioritizeRequests; while there is one, before and after nothing happens."""
    job = make_job(rig)
    job.change_priority(RequestPriority.MEDIUM)
    job.connect()
    request = rig.resolver.requests[0]
    seen = [request.priority]
    job.change_priority(RequestPriority.HIGHEST)
    seen.append(request.priority)
    request.finish()
    job.change_priority(RequestPriority.IDLE)
    seen.append(request.priority)
    assert seen == [RequestPriority.MEDIUM, RequestPriority.HIGHEST, RequestPriority.HIGHEST]
    rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)


@pytest.mark.parametrize("is_sync", [True, False])
def test_a_name_that_is_not_resolved(rig: JobRig, is_sync: bool) -> None:
    """Row 91: the error names the host; no socket is made."""
    if is_sync:
        rig.resolver.outcome = ERR_NAME_NOT_RESOLVED
    job = make_job(rig)
    result = job.connect()
    if not is_sync:
        rig.resolver.requests[0].finish(ERR_NAME_NOT_RESOLVED)
        (result,) = rig.results
    assert result == ERR_NAME_NOT_RESOLVED and job.error_detail == "a.test"
    assert rig.sockets.transports == [] and job.socket is None


def test_the_resolvers_words_are_the_jobs(rig: JobRig) -> None:
    """Row 91: what really went wrong behind ERR_NAME_NOT_RESOLVED."""
    rig.resolver.outcome, rig.resolver.error_detail = ERR_NAME_NOT_RESOLVED, "no such name"
    job = make_job(rig)
    assert job.connect() == ERR_NAME_NOT_RESOLVED and job.error_detail == "a.test: no such name"


def test_a_name_without_addresses(rig: JobRig) -> None:
    """Row 103: NoUsableRoutes."""
    rig.resolver.outcome, rig.resolver.addresses = OK, ()
    job = make_job(rig)
    assert job.connect() == ERR_NAME_NOT_RESOLVED and job.error_detail == "a.test has no addresses"
    assert rig.sockets.transports == [] and job.load_state is LoadState.CONNECTING


def test_every_address_is_tried_once(rig: JobRig) -> None:
    """Row 103: DedupIPEndPoints; the order stays."""
    job = start_race(rig, V6 + V4 + V6 + ADDRESSES)
    for index in range(3):
        rig.sockets.transports[index].decide(ERR_CONNECTION_REFUSED)
    assert rig.sockets.addresses == [V6, V4, ADDRESSES[1:]] and rig.results == [ERR_CONNECTION_REFUSED]
    assert job.error_detail == "[2001:db8::1]:80, 192.0.2.1:80, 192.0.2.2:80"


def test_addresses_that_are_known_to_be_dead_are_left_out(rig: JobRig) -> None:
    """The others are connected to; with one left there is no race."""
    rig.health.avoided.update(V6 + ADDRESSES[1:])
    job = start_race(rig, V6 + ADDRESSES)
    assert rig.sockets.addresses == [V4]
    rig.driver.advance(1.0)
    assert len(rig.sockets.transports) == 1
    rig.sockets.transports[0].decide(OK)
    assert rig.results == [OK] and job.take_socket() is rig.sockets.transports[0]


def test_without_an_address_worth_a_try_the_job_fails_at_once(rig: JobRig) -> None:
    """ERR_ADDRESS_UNREACHABLE, with the reason."""
    rig.health.avoided.update(ADDRESSES)
    rig.resolver.outcome, rig.resolver.addresses = OK, ADDRESSES
    job = make_job(rig)
    assert job.connect() == ERR_ADDRESS_UNREACHABLE
    assert job.error_detail == "192.0.2.1:80, 192.0.2.2:80 did not answer"
    assert rig.sockets.transports == [] and job.timing.connect_start is None


@pytest.mark.parametrize("is_sync", [True, False])
def test_a_connection_that_is_refused(rig: JobRig, is_sync: bool) -> None:
    """Row 103: the error names the addresses that were tried."""
    rig.resolver.outcome = OK
    rig.sockets.transport_result = ERR_CONNECTION_REFUSED if is_sync else ERR_IO_PENDING
    job = make_job(rig)
    result = job.connect()
    if not is_sync:
        rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
        (result,) = rig.results
    assert result == ERR_CONNECTION_REFUSED
    assert job.error_detail == "192.0.2.1:80" and job.timing.connect_end is None


def test_every_attempt_is_reported_to_the_health(rig: JobRig) -> None:
    """Both families' attempts, each once."""
    start_race(rig)
    rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
    rig.sockets.transports[1].decide(OK)
    assert rig.health.reports == [(V6[0], ERR_CONNECTION_REFUSED), (V4[0], OK)]


# --- the race


def test_ipv4_joins_after_300_ms_and_wins(rig: JobRig) -> None:
    """Row 101: IPv6FallbackSocketIPv4FinishesFirst; the times include the waiting."""
    job = start_race(rig)
    assert rig.sockets.addresses == [V6]
    rig.driver.advance(0.3)
    assert rig.sockets.addresses == [V6, V4] and job.load_state is LoadState.CONNECTING
    log = rig.net_log.params_of(NetLogEventType.TRANSPORT_CONNECT_JOB_IPV6_FALLBACK, NetLogEventPhase.NONE)
    assert log == [{"address_list": ["192.0.2.1:80"]}]
    rig.driver.advance(0.1)
    rig.sockets.transports[1].decide(OK)
    assert rig.results == [OK] and job.socket is rig.sockets.transports[1]
    assert rig.sockets.transports[0].times_closed and rig.sockets.transports[0].on_connect is None
    assert job.timing.tcp == pytest.approx(0.4) and job.error_detail == ""


def test_ipv6_wins_after_all(rig: JobRig) -> None:
    """Row 101: IPv6FallbackSocketIPv6FinishesFirst; and it stays first."""
    job = start_race(rig)
    rig.driver.advance(0.3)
    rig.sockets.transports[0].decide(OK)
    assert rig.results == [OK] and job.socket is rig.sockets.transports[0]
    assert rig.sockets.transports[1].times_closed and rig.sockets.transports[1].on_connect is None
    assert rig.families.first_family("a.test", socket.AF_INET6) == socket.AF_INET6


def test_the_second_family_takes_over_when_the_first_fails(rig: JobRig) -> None:
    """Row 103: MultipleRoutesIPV4Fallback, MultipleRoutesAllFailed; no delay, the last error."""
    job = start_race(rig)
    rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
    assert rig.sockets.addresses == [V6, V4] and rig.results == []
    rig.sockets.transports[1].decide(ERR_TIMED_OUT)
    assert rig.results == [ERR_TIMED_OUT] and job.socket is None and job.timing.connect_end is None
    assert rig.families.first_family("a.test", socket.AF_INET6) == socket.AF_INET6


def test_a_machine_that_goes_to_sleep_ends_the_job(rig: JobRig) -> None:
    """Row 103: MultipleRoutesSuspended."""
    start_race(rig)
    rig.sockets.transports[0].decide(ERR_NETWORK_IO_SUSPENDED)
    assert rig.results == [ERR_NETWORK_IO_SUSPENDED] and len(rig.sockets.transports) == 1


@pytest.mark.parametrize("addresses", [V6, V4])
def test_one_address_has_nobody_to_fall_back_to(rig: JobRig, addresses: tuple[IPEndPoint, ...]) -> None:
    """Row 102: IPv6NoIPv4AddressesToFallbackTo, IPv4HasNoFallback."""
    start_race(rig, addresses)
    rig.driver.advance(10.0)
    assert rig.sockets.addresses == [addresses]
    rig.sockets.transports[0].decide(OK)
    assert rig.results == [OK]


def test_a_dead_address_is_not_waited_for(rig: JobRig) -> None:
    """Row 103: MultipleRoutesFallback; the next of its family joins after 300 ms. The family is not blamed."""
    job = start_race(rig, V6 + ADDRESSES)
    rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
    rig.driver.advance(0.3)
    assert rig.sockets.addresses == [V6, ADDRESSES[:1], ADDRESSES[1:]]
    rig.sockets.transports[2].decide(OK)
    assert rig.results == [OK] and job.socket is rig.sockets.transports[2]
    assert rig.sockets.transports[1].times_closed and rig.sockets.transports[1].on_connect is None
    assert rig.net_log.params_of(NetLogEventType.TRANSPORT_CONNECT_JOB_IPV6_FALLBACK, NetLogEventPhase.NONE) == []


def test_the_resolvers_first_family_is_the_races(rig: JobRig) -> None:
    """Row 101: a list that is sorted to begin with IPv4 has its reason (RFC 8305 section 4)."""
    job = start_race(rig, V4 + V6)
    rig.driver.advance(0.3)
    assert rig.sockets.addresses == [V4, V6]
    job.cancel()


def test_the_next_job_begins_with_the_winner(rig: JobRig) -> None:
    """Row 101: the delay is not paid again; ten minutes later the list decides."""
    connect_by_second_family(rig)
    start_race(rig)
    assert rig.sockets.addresses == [V4]
    rig.sockets.transports[0].decide(OK)
    rig.driver.advance(600.0)
    rig.sockets.transports.clear()
    start_race(rig).cancel()
    assert rig.sockets.addresses == [V4, V6]


@pytest.mark.parametrize("phase", ["dns", "tcp"])
def test_the_time_limit_holds_in_either_phase(rig: JobRig, phase: str) -> None:
    """Row 99: HostResolutionTimeout, ConnectionTimeout; four minutes for both together."""
    job = make_job(rig)
    job.connect()
    rig.driver.advance(200.0)
    if phase == "tcp":
        rig.resolver.requests[0].finish()
    rig.driver.advance(39.0)
    assert rig.results == []
    rig.driver.advance(2.0)
    assert rig.results == [ERR_TIMED_OUT]
    assert rig.resolver.requests[0].is_cancelled == (phase == "dns")
    assert all(not socket.is_open and socket.on_connect is None for socket in rig.sockets.transports)


def test_the_time_limit_holds_for_the_race(rig: JobRig) -> None:
    """Row 99: ConnectionTimeout with both families under way."""
    start_race(rig)
    rig.driver.advance(240.0)
    assert rig.results == [ERR_TIMED_OUT] and rig.sockets.addresses == [V6, V4]
    assert all(transport.times_closed and transport.on_connect is None for transport in rig.sockets.transports)


@pytest.mark.parametrize("given_up_after_s, times_out", [(1.9, False), (2.0, True), (None, True)])
def test_only_an_address_that_had_its_time_has_timed_out(
    rig: JobRig, given_up_after_s: float | None, times_out: bool
) -> None:
    """Row 99: who gives up sooner says nothing of the address."""
    job = start_race(rig, V4)
    rig.driver.advance(240.0 if given_up_after_s is None else given_up_after_s)
    assert job.is_slow == (given_up_after_s == 2.0 or given_up_after_s is None)
    job.cancel()
    assert rig.health.reports == ([(V4[0], ERR_TIMED_OUT)] if times_out else [])
    assert rig.results == ([ERR_TIMED_OUT] if given_up_after_s is None else [])


def test_a_thousand_addresses_do_not_fill_the_message(rig: JobRig) -> None:
    """The first ones and how many more."""
    addresses = tuple(IPEndPoint(f"192.0.{index // 250}.{index % 250}", 80, socket.AF_INET) for index in range(1000))
    job = start_race(rig, addresses)
    assert job.error_detail.endswith("192.0.0.4:80 and 995 more")
    job.cancel()


@pytest.mark.parametrize("phase", ["before", "dns", "tcp"])
def test_cancelling_goes_down(rig: JobRig, phase: str) -> None:
    """In every state; the delegate is not told."""
    job = make_job(rig)
    if phase != "before":
        job.connect()
    if phase == "tcp":
        rig.resolver.requests[0].finish()
    job.cancel()
    assert [request.is_cancelled for request in rig.resolver.requests] == [phase == "dns"] * (phase != "before")
    assert all(socket.times_closed for socket in rig.sockets.transports)
    assert rig.results == [] and job.socket is None


@pytest.mark.parametrize("phase", ["first", "both", "second"])
def test_cancelling_ends_the_race(rig: JobRig, phase: str) -> None:
    """In every state; no timer, nothing open, nobody told."""
    job = start_race(rig)
    if phase == "both":
        rig.driver.advance(0.3)
    if phase == "second":
        rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
    job.cancel()
    job.cancel()
    assert not len(rig.driver.thread.timers)
    assert all(transport.times_closed and transport.on_connect is None for transport in rig.sockets.transports)
    assert rig.results == [] and job.socket is None
