"""SslConnectJob: a transport job, then the handshake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_BAD_SSL_CLIENT_AUTH_CERT,
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.pool.params import SslParams, TransportParams
from netstack_sync.pool.ssl_connect_job import SslConnectJob
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.sockets.tls_peer import TlsPeer
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.resolver import ADDRESSES
from tests.support.workers import ScriptedWorkers

CONFIG = TlsConfig(TrustConfig())


@pytest.fixture
def rig() -> Iterator[JobRig]:
    with job_rig() as rig:
        yield rig


def make_job(rig: JobRig) -> SslConnectJob:
    """A job to https://a.test."""
    params = SslParams(TransportParams("a.test", 443), TlsPeer("a.test", 443), CONFIG)
    return SslConnectJob(rig.services, params, rig.create_job, RequestPriority.LOW, rig)


def reach_handshake(rig: JobRig) -> SslConnectJob:
    """A job whose TCP connection stands, and whose handshake waits."""
    job = make_job(rig)
    assert job.connect() == ERR_IO_PENDING
    rig.resolver.requests[0].finish()
    rig.sockets.transports[0].decide(OK)
    assert rig.results == []
    return job


def test_all_phases_one_after_the_other(rig: JobRig) -> None:
    """Row 64, 100: the load state follows, the times of each phase are taken."""
    job = make_job(rig)
    job.connect()
    states = [(job.load_state, job.has_established_connection)]
    rig.driver.clock.advance(1.0)
    rig.resolver.requests[0].finish()
    states.append((job.load_state, job.has_established_connection))
    rig.driver.clock.advance(2.0)
    rig.sockets.transports[0].decide(OK)
    states.append((job.load_state, job.has_established_connection))
    assert states == [
        (LoadState.RESOLVING_HOST, False),
        (LoadState.CONNECTING, False),
        (LoadState.SSL_HANDSHAKE, True),
    ]
    rig.driver.clock.advance(4.0)
    secure = rig.sockets.secures[0]
    secure.error_detail = ""
    secure.decide(OK)
    assert rig.results == [OK] and job.socket is secure and secure.is_open
    assert (secure.peer, secure.config) == (TlsPeer("a.test", 443), CONFIG)
    timing = job.timing
    assert (timing.dns, timing.tcp, timing.tls) == (1.0, 2.0, 4.0)
    assert timing.connect_end == timing.ssl_end


def test_who_is_reached(rig: JobRig) -> None:
    """The server, once it is spoken to in TLS; whatever fails before that may be the fault of who is on the way."""
    job = make_job(rig)
    job.connect()
    rig.resolver.requests[0].finish()
    assert not job.has_reached_server
    rig.sockets.transports[0].decide(OK)
    rig.sockets.secures[0].decide(ERR_SSL_PROTOCOL_ERROR)
    assert job.has_reached_server and rig.results == [ERR_SSL_PROTOCOL_ERROR]


def test_all_phases_at_once(rig: JobRig) -> None:
    """The answer is there: no waiting, no delegate."""
    rig.resolver.outcome = rig.sockets.transport_result = rig.sockets.secure_result = OK
    job = make_job(rig)
    assert job.connect() == OK and rig.results == []
    assert job.take_socket() is rig.sockets.secures[0]


def test_the_question_carries_the_priority(rig: JobRig) -> None:
    """Row 90: through the nested job."""
    rig.resolver.outcome = ERR_NAME_NOT_RESOLVED
    job = make_job(rig)
    assert job.connect() == ERR_NAME_NOT_RESOLVED and job.error_detail == "a.test"
    assert rig.resolver.requests[0].priority == RequestPriority.LOW


def test_a_new_priority_reaches_the_question(rig: JobRig) -> None:
    """Row 90: ReprioritizeRequests; through the nested job, while there is one."""
    job = make_job(rig)
    job.change_priority(RequestPriority.MEDIUM)
    job.connect()
    request = rig.resolver.requests[0]
    seen = [request.priority]
    job.change_priority(RequestPriority.HIGHEST)
    seen.append(request.priority)
    request.finish()
    rig.sockets.transports[0].decide(OK)
    job.change_priority(RequestPriority.IDLE)
    seen.append(request.priority)
    assert seen == [RequestPriority.MEDIUM, RequestPriority.HIGHEST, RequestPriority.HIGHEST]
    job.cancel()


@pytest.mark.parametrize("is_sync", [True, False])
def test_no_transport_no_handshake(rig: JobRig, is_sync: bool) -> None:
    """The nested job's error and words are the answer."""
    rig.resolver.outcome, rig.resolver.addresses = OK, ADDRESSES[:1]
    rig.sockets.transport_result = ERR_CONNECTION_REFUSED if is_sync else ERR_IO_PENDING
    job = make_job(rig)
    result = job.connect()
    if not is_sync:
        rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
        (result,) = rig.results
    assert result == ERR_CONNECTION_REFUSED and "192.0.2.1:80" in job.error_detail
    assert rig.sockets.secures == [] and job.socket is None and job.ssl_info is None
    assert rig.sockets.transports[0].times_closed


@pytest.mark.parametrize("is_sync", [True, False])
def test_a_bad_verdict_comes_with_its_words(rig: JobRig, is_sync: bool) -> None:
    """Row 65, CertError and AsyncCertError: what is known of the server, too; the socket is still the job's."""
    info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    if is_sync:
        rig.resolver.outcome = rig.sockets.transport_result = OK
        rig.sockets.secure_result, rig.sockets.ssl_info = ERR_CERT_AUTHORITY_INVALID, info
        job = make_job(rig)
        result = job.connect()
    else:
        rig.sockets.ssl_info = info
        job = reach_handshake(rig)
        assert job.ssl_info is None
        rig.sockets.secures[0].decide(ERR_CERT_AUTHORITY_INVALID)
        (result,) = rig.results
    assert result == ERR_CERT_AUTHORITY_INVALID
    assert job.error_detail == "words of the handshake" and job.ssl_info is info
    socket = job.take_socket()
    assert socket is rig.sockets.secures[0]
    socket.disconnect()


@pytest.mark.parametrize("net_error", [ERR_CONNECTION_CLOSED, ERR_CONNECTION_RESET])
def test_a_connection_that_just_ends_is_told_with_its_server(rig: JobRig, net_error: int) -> None:
    """And that it ended in the handshake, for which the handshake itself has no words."""
    job = reach_handshake(rig)
    rig.sockets.secures[0].error_detail = ""
    rig.sockets.secures[0].decide(net_error)
    assert rig.results == [net_error]
    assert job.error_detail == "the connection ended during the TLS handshake with a.test:443"
    rig.sockets.secures[0].disconnect()


def test_the_handshake_knows_for_whom_it_is(rig: JobRig) -> None:
    """Row 242, NoSessionResumptionBetweenPrivacyModes: partition and privacy mode tell its sessions apart."""
    rig.resolver.outcome = rig.sockets.transport_result = rig.sockets.secure_result = OK
    peer = TlsPeer("a.test", 444, "site", privacy_mode=True)
    params = SslParams(TransportParams("a.test", 444, "site"), peer, CONFIG)
    job = SslConnectJob(rig.services, params, rig.create_job, RequestPriority.LOW, rig)
    assert job.connect() == OK
    assert rig.sockets.secures[0].peer == peer
    assert rig.resolver.requests[0].parameters.partition == "site"


def test_the_handshake_has_a_limit_of_its_own(rig: JobRig) -> None:
    """Row 99: 30 s from the moment TCP is up, however long that took."""
    job = make_job(rig)
    job.connect()
    rig.driver.advance(230.0)
    rig.resolver.requests[0].finish()
    rig.sockets.transports[0].decide(OK)
    rig.driver.advance(29.0)
    assert rig.results == []
    rig.driver.advance(2.0)
    assert rig.results == [ERR_TIMED_OUT] and job.socket is None
    assert rig.sockets.secures[0].times_closed and not rig.sockets.transports[0].is_open


def test_the_time_limit_before_the_handshake(rig: JobRig) -> None:
    """Row 99: the nested job's limit; told once."""
    job = make_job(rig)
    job.connect()
    rig.driver.advance(241.0)
    assert rig.results == [ERR_TIMED_OUT] and job.error_detail
    assert rig.resolver.requests[0].is_cancelled


@pytest.mark.parametrize("phase", ["before", "dns", "tcp", "handshake"])
def test_cancelling_goes_down(rig: JobRig, phase: str) -> None:
    """In every state; nothing stays open, nobody is told."""
    if phase == "handshake":
        job = reach_handshake(rig)
    else:
        job = make_job(rig)
        if phase != "before":
            job.connect()
        if phase == "tcp":
            rig.resolver.requests[0].finish()
    job.cancel()
    job.cancel()
    rig.driver.advance(1000.0)
    assert rig.results == [] and job.socket is None
    assert not any(socket.is_open for socket in rig.sockets.transports + rig.sockets.secures)


def test_a_handshake_that_takes_long_is_slow(rig: JobRig) -> None:
    """Should nobody wait for it any more, it is not to keep a place; TCP is no excuse."""
    job = make_job(rig)
    job.connect()
    rig.resolver.requests[0].finish()
    rig.driver.advance(3.0)
    found = [job.is_slow]
    rig.sockets.transports[0].decide(OK)
    for _ in range(3):
        found.append(job.is_slow)
        rig.driver.advance(1.0)
    rig.sockets.secures[0].decide(OK)
    assert [*found, job.is_slow] == [True, False, False, True, False]


class TestSessions:
    """A handshake that offered a session and failed."""

    def test_is_done_once_more_without_it(self, rig: JobRig) -> None:
        """Over a connection of its own; nobody is told of the first."""
        job = reach_handshake(rig)
        rig.sockets.secures[0].has_offered_session = True
        rig.sockets.secures[0].decide(ERR_SSL_PROTOCOL_ERROR)
        assert rig.results == [] and not rig.sockets.transports[0].is_open
        rig.resolver.requests[1].finish()
        rig.sockets.transports[1].decide(OK)
        rig.sockets.secures[1].decide(OK)
        assert rig.results == [OK] and job.socket is rig.sockets.secures[1]

    def test_fails_when_the_second_one_does(self, rig: JobRig) -> None:
        """Even if that offered one, too: another connection may have left one meanwhile."""
        reach_handshake(rig)
        for number in range(2):
            if number:
                rig.resolver.requests[1].finish()
                rig.sockets.transports[1].decide(OK)
            rig.sockets.secures[number].has_offered_session = True
            rig.sockets.secures[number].decide(ERR_BAD_SSL_CLIENT_AUTH_CERT)
        assert rig.results == [ERR_BAD_SSL_CLIENT_AUTH_CERT] and len(rig.sockets.secures) == 2

    def test_is_done_once_more_when_the_certificate_of_back_then_counts_no_more(self, rig: JobRig) -> None:
        """The server may have a new one, which only a handshake in full shows."""
        job = reach_handshake(rig)
        for number in range(2):
            if number:
                rig.resolver.requests[1].finish()
                rig.sockets.transports[1].decide(OK)
            secure = rig.sockets.secures[number]
            secure.has_offered_session = True
            secure.ssl_info = SSLInfo("TLSv1.3", "", "", (b"leaf",), is_resumed=True)
            secure.decide(ERR_CERT_DATE_INVALID)
        assert rig.results == [ERR_CERT_DATE_INVALID] and job.ssl_info is rig.sockets.secures[1].ssl_info

    def test_is_final_when_it_is_the_certificate(self, rig: JobRig) -> None:
        """Which the server has shown in spite of the session."""
        reach_handshake(rig)
        rig.sockets.secures[0].has_offered_session = True
        rig.sockets.secures[0].decide(ERR_CERT_AUTHORITY_INVALID)
        assert rig.results == [ERR_CERT_AUTHORITY_INVALID]

    def test_may_be_cancelled_while_it_begins_anew(self, rig: JobRig) -> None:
        """Nothing is left."""
        job = reach_handshake(rig)
        rig.sockets.secures[0].has_offered_session = True
        rig.sockets.secures[0].decide(ERR_SSL_PROTOCOL_ERROR)
        job.cancel()
        assert rig.results == [] and rig.resolver.requests[1].is_cancelled


# --- reading what TLS needs


def reach_load(rig: JobRig) -> tuple[SslConnectJob, ScriptedWorkers]:
    """A job whose TCP connection stands, before anything has needed TLS."""
    workers = rig.sockets.tls_workers = ScriptedWorkers(rig.driver.thread.task_runner)
    job = reach_handshake(rig)
    assert (len(workers.jobs), rig.sockets.secures) == (1, [])
    assert (job.load_state, job.has_established_connection) == (LoadState.SSL_HANDSHAKE, True)
    return job, workers


def test_the_first_handshake_waits_for_what_it_needs(rig: JobRig) -> None:
    """A worker reads it; the time counts as that of TLS."""
    job, workers = reach_load(rig)
    rig.driver.clock.advance(2.0)
    workers.run_next()
    rig.driver.run_until_idle()
    assert rig.results == []
    rig.driver.clock.advance(1.0)
    rig.sockets.secures[0].decide(OK)
    assert rig.results == [OK] and job.timing.tls == 3.0


def test_without_what_tls_needs_there_is_none(rig: JobRig) -> None:
    """As in a Python whose ssl cannot be imported; the connection below is closed."""
    job, workers = reach_load(rig)
    workers.jobs.popleft().fail(ImportError("no ssl"))
    rig.driver.run_until_idle()
    assert rig.results == [ERR_UNEXPECTED] and job.socket is None
    assert job.error_detail == "TLS cannot be used: ImportError('no ssl')"
    assert not rig.sockets.transports[0].is_open


def test_whoever_waits_for_it_can_give_up(rig: JobRig) -> None:
    """The job is cancelled, or its time is over."""
    job, workers = reach_load(rig)
    job.cancel()
    assert workers.jobs[0].is_cancelled and not rig.sockets.transports[0].is_open
    workers.run_next()
    rig.driver.run_until_idle()
    assert rig.results == [] and rig.sockets.secures == []


def test_it_has_the_time_of_a_handshake(rig: JobRig) -> None:
    job, workers = reach_load(rig)
    rig.driver.advance(SslConnectJob.layer_limit_s)
    assert rig.results == [ERR_TIMED_OUT] and workers.jobs[0].is_cancelled
    assert not rig.sockets.transports[0].is_open and job.socket is None
