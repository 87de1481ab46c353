"""SocksConnectJob: a proxy that only passes bytes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.auth.identity import DIGEST, NEGOTIATE, NTLM, AuthIdentity, password_identity
from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_SOCKS_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.pool.connect_job import ConnectJob
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.pool import FakeSocket
from tests.support.proxy_jobs import group, hop, reach_proxy, start, told

GREETING = b"\x05\x01\x00"
NO_LOGIN = b"\x05\x00"
REQUEST_80 = b"\x05\x01\x00\x03\x06a.test\x00\x50"
REQUEST_443 = b"\x05\x01\x00\x03\x06a.test\x01\xbb"
GRANTED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
SOCKS4_GRANTED = b"\x00\x5a" + bytes(6)


@pytest.fixture
def rig() -> Iterator[JobRig]:
    with job_rig() as rig:
        yield rig


def look_up(rig: JobRig) -> tuple[ConnectJob, FakeSocket]:
    """A job through SOCKS4 whose proxy is there and whose destination is being looked up."""
    job = start(rig, group("http", hop("socks4"), partition="site"))
    rig.resolver.outcome = ERR_IO_PENDING
    return job, reach_proxy(rig)


def test_plain_http(rig: JobRig) -> None:
    """Row 178: SOCKS5_HTTP_GET, GroupIdForSOCKSConnections; a tunnel also for http, and the proxy gets the name."""
    job = start(rig, group("http", hop("socks5")))
    rig.driver.clock.advance(1.0)
    proxy = reach_proxy(rig)
    assert told(proxy) == GREETING
    assert (job.load_state, job.has_established_connection) == (LoadState.ESTABLISHING_PROXY_TUNNEL, True)
    rig.driver.clock.advance(2.0)
    proxy.peer_sends(NO_LOGIN)
    assert told(proxy) == REQUEST_80
    proxy.peer_sends(GRANTED)
    assert rig.results == [OK] and job.take_socket() is proxy and job.error_detail == ""
    assert (job.timing.tcp, job.timing.tls) == (3.0, None)
    assert [request.host for request in rig.resolver.requests] == ["p.test"], "R17: the name is looked up nowhere else"


def test_tls_inside(rig: JobRig) -> None:
    """Row 178: SOCKS5_SSL_GET; R18 (httpx2's wss without TLS): the tunnel is secured as the URL says."""
    job = start(rig, group("https", hop("socks5")))
    proxy = reach_proxy(rig)
    job.change_priority(RequestPriority.HIGHEST)  # which is nobody's now: no name is looked up
    proxy.peer_sends(NO_LOGIN)
    assert told(proxy) == GREETING + REQUEST_443 and not rig.sockets.secures
    proxy.peer_sends(GRANTED)
    (secure,) = rig.sockets.secures
    assert secure.peer.host == "a.test" and job.load_state == LoadState.SSL_HANDSHAKE
    secure.decide(OK)
    assert rig.results == [OK]
    job.cancel()


def test_who_asks(rig: JobRig) -> None:
    """By the route's identity, once the proxy wants to know."""
    start(rig, group("http", hop("socks5", "p", password_identity("me", "pw"))))
    proxy = reach_proxy(rig)
    told(proxy)
    proxy.peer_sends(b"\x05\x02")
    assert told(proxy) == b"\x01\x02me\x02pw"
    proxy.peer_sends(b"\x01\x00")
    proxy.peer_sends(GRANTED)
    assert rig.results == [OK]


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5"])
@pytest.mark.parametrize("schemes", [(DIGEST,), (NTLM,), (NEGOTIATE,), (NEGOTIATE, NTLM, DIGEST)])
def test_no_password_in_the_open_for_who_chose_another_way(rig: JobRig, scheme: str, schemes: tuple[str, ...]) -> None:
    """Neither it nor the user's name is sent; the words say what to pass instead."""
    job = start(rig, group("http", hop(scheme, "p", AuthIdentity("me", "pw", schemes))))
    proxy = reach_proxy(rig)
    assert rig.results == [ERR_PROXY_AUTH_UNSUPPORTED] and told(proxy) == b"" and not proxy.is_open
    assert "pass a tuple or BasicAuth" in job.error_detail and "pw" not in job.error_detail
    assert len(rig.resolver.requests) == 1, "the server's name is not looked up for nothing"


def test_socks4a_gets_the_name(rig: JobRig) -> None:
    """R17: only its older brother does not."""
    start(rig, group("http", hop("socks4a")))
    proxy = reach_proxy(rig)
    assert told(proxy) == b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a.test\x00"
    proxy.peer_sends(SOCKS4_GRANTED)
    assert rig.results == [OK] and len(rig.resolver.requests) == 1


class TestSocks4:
    def test_looks_the_server_up_here(self, rig: JobRig) -> None:
        """Row 178: SOCKS4_HTTP_GET; an IPv4 address of it, within the group's partition."""
        job, proxy = look_up(rig)
        request = rig.resolver.requests[1]
        assert (request.host, request.port, request.parameters.family) == ("a.test", 80, socket.AF_INET)
        assert request.parameters.partition == "site"
        states = [job.load_state]
        assert job.has_established_connection and not proxy.sent
        job.change_priority(RequestPriority.HIGHEST)
        assert request.priority == RequestPriority.HIGHEST
        request.finish()
        assert [*states, job.load_state] == [LoadState.RESOLVING_HOST, LoadState.ESTABLISHING_PROXY_TUNNEL]
        assert told(proxy) == b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00"
        proxy.peer_sends(SOCKS4_GRANTED)
        assert rig.results == [OK]

    @pytest.mark.parametrize("detail", ["", "no such name"])
    def test_a_name_that_is_not_known_here(self, rig: JobRig, detail: str) -> None:
        """The words say why it was asked for here at all; nothing is said to the proxy."""
        job, proxy = look_up(rig)
        rig.resolver.error_detail = detail
        rig.resolver.requests[1].finish(ERR_NAME_NOT_RESOLVED)
        assert rig.results == [ERR_NAME_NOT_RESOLVED] and not proxy.sent and not proxy.is_open
        assert job.error_detail.startswith("a.test: ") and "the proxy socks4://p.test:3128 needs" in job.error_detail
        assert detail in job.error_detail

    @pytest.mark.parametrize("addresses", [(), (IPEndPoint("2001:db8::1", 80, socket.AF_INET6),)])
    def test_a_name_without_an_ipv4_address(self, rig: JobRig, addresses: tuple[IPEndPoint, ...]) -> None:
        """There is no way to say it in SOCKS4."""
        job, proxy = look_up(rig)
        rig.resolver.addresses = addresses
        rig.resolver.requests[1].finish()
        assert rig.results == [ERR_SOCKS_CONNECTION_HOST_UNREACHABLE] and not proxy.is_open
        assert "IPv4" in job.error_detail

    @pytest.mark.parametrize(
        "host, result", [("192.0.2.7", ERR_IO_PENDING), ("2001:db8::1", ERR_SOCKS_CONNECTION_HOST_UNREACHABLE)]
    )
    def test_an_address_needs_no_look_up(self, rig: JobRig, host: str, result: int) -> None:
        """It is said as it is, or cannot be."""
        job = start(rig, group("http", hop("socks4"), host=host))
        proxy = reach_proxy(rig)
        assert rig.results == ([] if result == ERR_IO_PENDING else [result]) and len(rig.resolver.requests) == 1
        assert bool(told(proxy)) == (result == ERR_IO_PENDING)
        job.cancel()

    def test_the_look_up_is_part_of_the_handshake(self, rig: JobRig) -> None:
        """Row 99: 30 s for both."""
        look_up(rig)
        rig.driver.advance(31.0)
        assert rig.results == [ERR_TIMED_OUT] and rig.resolver.requests[1].is_cancelled

    def test_may_be_cancelled_in_it(self, rig: JobRig) -> None:
        """Nothing is left."""
        job, proxy = look_up(rig)
        job.cancel()
        assert rig.results == [] and rig.resolver.requests[1].is_cancelled and not proxy.is_open


def test_the_handshake_has_a_limit_of_its_own(rig: JobRig) -> None:
    """Row 99: 30 s from the moment the proxy is there."""
    job = start(rig, group("http", hop("socks5")))
    rig.driver.advance(200.0)
    proxy = reach_proxy(rig)
    rig.driver.advance(29.0)
    assert rig.results == []
    rig.driver.advance(2.0)
    assert rig.results == [ERR_TIMED_OUT] and not proxy.is_open
    assert job.error_detail == "the proxy socks5://p.test:3128 did not connect within 30 s"


def test_a_proxy_that_says_no(rig: JobRig) -> None:
    """Its own error and words; the connection is closed."""
    job = start(rig, group("http", hop("socks5")))
    proxy = reach_proxy(rig)
    proxy.peer_sends(NO_LOGIN)
    proxy.peer_sends(b"\x05\x01" + GRANTED[2:])
    assert rig.results == [ERR_SOCKS_CONNECTION_FAILED]
    assert job.error_detail.startswith("the proxy socks5://p.test:3128 was asked to connect"), "and which one"
    assert job.socket is None and not proxy.is_open


@pytest.mark.parametrize("url_scheme", ["http", "https"])
@pytest.mark.parametrize("answer, is_refusal", [(b"\x05\x01" + GRANTED[2:], True), (b"\x09\x09", False)])
def test_what_is_no_fault_of_the_proxys(rig: JobRig, url_scheme: str, answer: bytes, is_refusal: bool) -> None:
    """A refusal is about the server, and shows that the proxy works; nonsense is not, and does not."""
    job = start(rig, group(url_scheme, hop("socks5")))
    proxy = reach_proxy(rig)
    proxy.peer_sends(NO_LOGIN)
    assert not job.has_reached_server
    proxy.peer_sends(answer)
    assert rig.results == [ERR_SOCKS_CONNECTION_FAILED] and job.has_reached_server == is_refusal


def test_may_be_cancelled_in_the_handshake(rig: JobRig) -> None:
    """Nothing stays open, nobody is told."""
    job = start(rig, group("https", hop("socks5")))
    proxy = reach_proxy(rig)
    job.cancel()
    job.cancel()
    rig.driver.advance(1000.0)
    assert rig.results == [] and not proxy.is_open
