"""ProxyConnectJob: what it means that the proxy itself is out of reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.base.net_errors import (
    ERR_CERT_AUTHORITY_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FILE_NOT_FOUND,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_NETWORK_CHANGED,
    ERR_NO_SSL_VERSIONS_ENABLED,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_CERTIFICATE_INVALID,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT,
    ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.proxy_jobs import group, hop, reach_proxy, start
from tests.support.resolver import ADDRESSES

SCHEMES = ("http", "https", "socks4", "socks4a", "socks5")


@pytest.fixture
def rig() -> Iterator[JobRig]:
    with job_rig() as rig:
        rig.resolver.addresses = ADDRESSES[:1]
        yield rig


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_connection_that_breaks_in_the_handshake(rig: JobRig, scheme: str) -> None:
    """Also where nothing more is known of it the words say whose it was."""
    job = start(rig, group("https", hop(scheme)))
    proxy = reach_proxy(rig)
    proxy.read_error = ERR_TIMED_OUT
    if scheme == "https":
        rig.sockets.secures[0].read_error = ERR_TIMED_OUT
        rig.sockets.secures[0].decide(OK)
        proxy = rig.sockets.secures[0]
    proxy.tell_readable()
    assert rig.results == [ERR_TIMED_OUT]
    assert job.error_detail == f"while the proxy {scheme}://p.test:3128 was asked to connect"


@pytest.mark.parametrize("url_scheme", ["http", "https"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_proxy_that_refuses(rig: JobRig, url_scheme: str, scheme: str) -> None:
    """Row 179: for all kinds; which one and why is in the words. It counts for its endpoint as anybody's refusal."""
    job = start(rig, group(url_scheme, hop(scheme)))
    rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
    assert rig.results == [ERR_PROXY_CONNECTION_FAILED] and job.socket is None
    refused = f"{scheme}://p.test:3128: the server refused the connection: 192.0.2.1:80"
    assert job.error_detail == f"{refused}; is it running, and is that its port?"
    assert rig.health.reports == [(ADDRESSES[0], ERR_CONNECTION_REFUSED)]


@pytest.mark.parametrize("net_error", [ERR_NAME_NOT_RESOLVED, ERR_INTERNET_DISCONNECTED])
def test_a_proxy_that_is_not_known(rig: JobRig, net_error: int) -> None:
    """The proxy's name, not the server's, is what could not be resolved."""
    rig.resolver.outcome = net_error
    job = DefaultConnectJobFactory(rig.services).create_job(group("https", hop("http")), RequestPriority.LOW, rig)
    assert job.connect() == ERR_PROXY_CONNECTION_FAILED
    assert job.error_detail.startswith("http://p.test:3128: ") and job.error_detail.endswith(": p.test")


def test_a_proxy_that_is_left_alone(rig: JobRig) -> None:
    """Its endpoint is avoided as any other."""
    rig.resolver.outcome = OK
    rig.health.avoided.add(ADDRESSES[0])
    job = DefaultConnectJobFactory(rig.services).create_job(group("https", hop("http")), RequestPriority.LOW, rig)
    assert job.connect() == ERR_PROXY_CONNECTION_FAILED
    assert "did not answer" in job.error_detail and rig.sockets.transports == []


def test_a_proxy_that_does_not_answer(rig: JobRig) -> None:
    """Row 99: in the time of the nested job, which is the one that counts."""
    job = start(rig, group("https", hop("socks5")))
    rig.driver.advance(241.0)
    assert rig.results == [ERR_PROXY_CONNECTION_FAILED]
    assert job.error_detail.endswith("the time for the operation ran out: the connection took too long")
    assert rig.health.reports == [(ADDRESSES[0], ERR_TIMED_OUT)]


@pytest.mark.parametrize("net_error", [ERR_CERT_AUTHORITY_INVALID, ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN])
@pytest.mark.parametrize("url_scheme", ["http", "https"])
def test_a_certificate_that_does_not_count(rig: JobRig, net_error: int, url_scheme: str) -> None:
    """Row 175: HTTPSBadCertificateViaHttpsProxy; nobody is to take it for the server's. Its facts come along."""
    rig.sockets.ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",), host="p.test")
    job = start(rig, group(url_scheme, hop("https")))
    transport = reach_proxy(rig)
    rig.sockets.secures[0].decide(net_error)
    assert rig.results == [ERR_PROXY_CERTIFICATE_INVALID] and job.ssl_info is rig.sockets.ssl_info
    words, _, advice = job.error_detail.partition("; ")
    assert words.startswith("https://p.test:3128: ") and words.endswith("words of the handshake")
    assert ("extra_ca" in advice) == (net_error == ERR_CERT_AUTHORITY_INVALID), "where that helps"
    assert job.socket is None and not transport.is_open and rig.sockets.secures[0].times_closed


@pytest.mark.parametrize("net_error", [ERR_SSL_PROTOCOL_ERROR, ERR_CONNECTION_RESET])
def test_tls_that_fails_otherwise(rig: JobRig, net_error: int) -> None:
    """A proxy that speaks no TLS is out of reach; https:// written for a plain one is the usual mistake."""
    job = start(rig, group("https", hop("https")))
    reach_proxy(rig)
    rig.sockets.secures[0].decide(net_error)
    assert rig.results == [ERR_PROXY_CONNECTION_FAILED]
    assert "; is https:// the right scheme for it? Most proxies are spoken to as http://" in job.error_detail


def test_the_certificate_of_the_server_is_not_the_proxys(rig: JobRig) -> None:
    """Row 175: HTTPSBadCertificateViaProxy; inside the tunnel it is an error like without one."""
    job = start(rig, group("https", hop("http")))
    reach_proxy(rig).peer_sends(b"HTTP/1.1 200 OK\r\n\r\n")
    rig.sockets.secures[0].decide(ERR_CERT_AUTHORITY_INVALID)
    assert rig.results == [ERR_CERT_AUTHORITY_INVALID] and job.error_detail == "words of the handshake"
    job.cancel()


@pytest.mark.parametrize("net_error", [ERR_NETWORK_CHANGED, ERR_CONTEXT_SHUT_DOWN])
def test_what_is_this_machines_is_no_proxys(rig: JobRig, net_error: int) -> None:
    """Whoever waits asks again in the new network, and nobody asks another proxy."""
    rig.resolver.outcome = net_error
    job = DefaultConnectJobFactory(rig.services).create_job(group("https", hop("http")), RequestPriority.LOW, rig)
    assert job.connect() == net_error and job.error_detail == "http://p.test:3128: p.test"


@pytest.mark.parametrize(
    "net_error", [ERR_FILE_NOT_FOUND, ERR_SSL_CLIENT_AUTH_CERT_BAD_FORMAT, ERR_NO_SSL_VERSIONS_ENABLED]
)
def test_settings_that_cannot_be_used_are_no_fault_of_the_proxy(rig: JobRig, net_error: int) -> None:
    """Going on to the next one, or directly, would hide them; the words say whom they were for."""
    job = start(rig, group("https", hop("https")))
    reach_proxy(rig)
    rig.sockets.secures[0].decide(net_error)
    assert rig.results == [net_error] and job.error_detail == "https://p.test:3128: words of the handshake"


def test_a_proxy_that_takes_its_time(rig: JobRig) -> None:
    """Row 99: which one it is, and what it was to do."""
    job = start(rig, group("http", hop("socks5")))
    reach_proxy(rig)
    rig.driver.advance(31.0)
    assert rig.results == [ERR_TIMED_OUT]
    assert job.error_detail == "the proxy socks5://p.test:3128 did not connect within 30 s"


class TestChain:
    """Where the first proxy is what the second is reached through."""

    def test_the_first_one_is_out_of_reach(self, rig: JobRig) -> None:
        """It is named, once, and not the second one."""
        job = start(rig, group("https", hop("http", "p"), hop("socks5", "q")))
        rig.sockets.transports[0].decide(ERR_CONNECTION_REFUSED)
        assert rig.results == [ERR_PROXY_CONNECTION_FAILED]
        assert job.error_detail.startswith("http://p.test:3128: the server refused the connection: 192.0.2.1:80; ")

    def test_the_first_one_wants_to_know_who_asks(self, rig: JobRig) -> None:
        """Its word goes to the caller."""
        job = start(rig, group("https", hop("http", "p"), hop("http", "q")))
        reach_proxy(rig).peer_sends(b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="r"\r\n\r\n')
        assert rig.results == [ERR_PROXY_AUTH_REQUESTED] and "p.test" in job.error_detail

    @pytest.mark.parametrize(
        "first, answers",
        [
            ("http", [b"HTTP/1.1 502 Bad\r\n\r\n"]),
            ("socks5", [b"\x05\x00", b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"]),
        ],
    )
    def test_the_first_one_cannot_reach_the_second(self, rig: JobRig, first: str, answers: list[bytes]) -> None:
        """It is the second one that is out of reach: the next in the list may not be."""
        job = start(rig, group("https", hop(first, "p"), hop("http", "q")))
        proxy = reach_proxy(rig)
        for answer in answers:
            proxy.peer_sends(answer)
        assert rig.results == [ERR_PROXY_CONNECTION_FAILED] and not proxy.is_open
        assert job.error_detail.startswith("http://q.test:3128: ") and not job.has_reached_server
