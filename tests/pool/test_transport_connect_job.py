"""TransportConnectJob: resolve, then connect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.transport_connect_job import TransportConnectJob
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.resolver import ADDRESSES


@pytest.fixture
def rig() -> Iterator[JobRig]:
    with job_rig() as rig:
        yield rig


def make_job(rig: JobRig) -> TransportConnectJob:
    """A job to a.test:80."""
    return TransportConnectJob(rig.services, "a.test", 80, RequestPriority.LOW, rig)


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
    assert job.socket is rig.sockets.transports[0] and rig.sockets.addresses == [ADDRESSES]
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
    assert job.error_detail == "192.0.2.1:80, 192.0.2.2:80" and job.timing.connect_end is None


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
