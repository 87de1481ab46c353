"""The time limits of a connect job and of the one within it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_TIMED_OUT, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.params import SslParams, TransportParams
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.resolver import ADDRESSES


@pytest.fixture
def rig() -> Iterator[JobRig]:
    """Names are resolved at once, to one address."""
    with job_rig() as rig:
        rig.resolver.outcome, rig.resolver.addresses = OK, ADDRESSES[:1]
        yield rig


def start_job(rig: JobRig) -> SslConnectJob:
    """A job with another one in it, under way."""
    params = SslParams(TransportParams("a.test", 443), TlsPeer("a.test", 443), TlsConfig(TrustConfig()))
    job = SslConnectJob(rig.services, params, rig.create_job, RequestPriority.LOW, rig)
    assert job.connect() == ERR_IO_PENDING
    return job


def test_only_the_inner_one_counts_until_tcp_is_up(rig: JobRig) -> None:
    """Row 99: the job itself has no limit then, and the inner one knows which address has used up the time."""
    job = start_job(rig)
    rig.driver.advance(240.0)
    assert rig.results == [ERR_TIMED_OUT] and job.error_detail == "the connection took too long"
    assert rig.health.reports == [(ADDRESSES[0], ERR_TIMED_OUT)]


def test_a_limit_that_the_first_steps_have_moved_stays(rig: JobRig) -> None:
    """Row 99: TCP is up at once, so that the handshake's 30 s begin before connect() has answered."""
    rig.sockets.transport_result = OK
    start_job(rig)
    rig.driver.advance(29.0)
    assert rig.results == []
    rig.driver.advance(1.0)
    assert rig.results == [ERR_TIMED_OUT] and rig.health.reports == [(ADDRESSES[0], OK)]
