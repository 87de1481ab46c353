"""HttpProxyConnectJob: to the proxy, and through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_INSUFFICIENT_RESOURCES,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SSL_CLIENT_AUTH_CERT_NEEDED,
    ERR_TIMED_OUT,
    ERR_TUNNEL_CONNECTION_FAILED,
    OK,
)
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.pool.connect_job import ConnectJob
from netstack_sync.pool.connect_job_factory import DefaultConnectJobFactory
from netstack_sync.sockets.tls_peer import TlsPeer
from tests.support.connect_jobs import JobRig, job_rig
from tests.support.pool import FakeSocket
from tests.support.proxy_jobs import CONNECT, ESTABLISHED, PROXY_TLS, TARGET_TLS, group, hop, reach_proxy, start, told

ME = password_identity("me", "secret", sends_basic=False)
BASIC_ONLY = AuthIdentity("me", "secret", ("basic",))
CHALLENGE = b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n'
KEPT, CLOSED = CHALLENGE + b"\r\n", CHALLENGE + b"Connection: close\r\n\r\n"
BASIC = b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"


@pytest.fixture
def rig() -> Iterator[JobRig]:
    with job_rig() as rig:
        yield rig


def tunnel(rig: JobRig, identity: AuthIdentity | None = None) -> tuple[ConnectJob, FakeSocket]:
    """A job to https://a.test whose proxy was asked to connect."""
    job = start(rig, group("https", hop("http", "p", identity)))
    proxy = reach_proxy(rig)
    assert proxy.sent.startswith(CONNECT)
    return job, proxy


class TestForwarding:
    def test_ends_with_the_connection_to_the_proxy(self, rig: JobRig) -> None:
        """Row 178: SOCKS and CONNECT have no part in it: not a byte is sent."""
        job = start(rig, group("http", hop("http")))
        proxy = reach_proxy(rig)
        assert rig.results == [OK] and job.take_socket() is proxy and not proxy.sent
        assert (rig.resolver.requests[0].host, rig.resolver.requests[0].port) == ("p.test", 3128)

    def test_works_at_once(self, rig: JobRig) -> None:
        """The answer is there: no waiting, no delegate."""
        rig.resolver.outcome = rig.sockets.transport_result = OK
        job = DefaultConnectJobFactory(rig.services).create_job(group("http", hop("http")), RequestPriority.LOW, rig)
        assert job.connect() == OK and rig.results == []
        assert job.take_socket() is rig.sockets.transports[0]

    def test_over_tls_to_the_proxy(self, rig: JobRig) -> None:
        """R18: the server is spoken to without; the time goes by as part of connecting."""
        job = start(rig, group("http", hop("https")))
        rig.driver.clock.advance(1.0)
        reach_proxy(rig)
        assert job.load_state == LoadState.SSL_HANDSHAKE and job.has_established_connection
        rig.driver.clock.advance(2.0)
        (secure,) = rig.sockets.secures
        secure.decide(OK)
        assert rig.results == [OK] and job.take_socket() is secure and job.ssl_info is None
        assert secure.config is PROXY_TLS and secure.peer.host == "p.test"
        assert (job.timing.tcp, job.timing.tls) == (3.0, None)


class TestTunnel:
    def test_all_phases_one_after_the_other(self, rig: JobRig) -> None:
        """Row 64, 100: the load state follows; what the proxy takes counts as connecting."""
        job = start(rig, group("https", hop("http")))
        states = [(job.load_state, job.has_established_connection)]
        rig.driver.clock.advance(1.0)
        proxy = reach_proxy(rig)
        states.append((job.load_state, job.has_established_connection))
        assert told(proxy) == (
            CONNECT + b"Host: a.test:443\r\nProxy-Connection: keep-alive\r\nUser-Agent: agent/1.0\r\n\r\n"
        )
        rig.driver.clock.advance(2.0)
        proxy.peer_sends(ESTABLISHED)
        states.append((job.load_state, job.has_established_connection))
        rig.driver.clock.advance(4.0)
        (secure,) = rig.sockets.secures
        secure.error_detail = ""
        secure.decide(OK)
        assert states == [
            (LoadState.CONNECTING, False),
            (LoadState.ESTABLISHING_PROXY_TUNNEL, True),
            (LoadState.SSL_HANDSHAKE, True),
        ]
        assert rig.results == [OK] and job.take_socket() is secure and secure.transport is proxy
        assert (job.timing.dns, job.timing.tcp, job.timing.tls) == (0.0, 3.0, 4.0)

    def test_tls_inside_tls(self, rig: JobRig) -> None:
        """R18: two handshakes, each with its own name and its own certificate; neither hears of the other's."""
        server = hop("https")
        job = start(rig, group("https", server))
        transport = reach_proxy(rig)
        to_proxy = rig.sockets.secures[0]
        to_proxy.decide(OK)
        assert not transport.sent and told(to_proxy).startswith(CONNECT)
        to_proxy.peer_sends(ESTABLISHED)
        to_server = rig.sockets.secures[1]
        to_server.decide(OK)
        assert rig.results == [OK] and job.take_socket() is to_server and to_server.transport is to_proxy
        via = ((server.server, None),)
        assert (to_proxy.peer, to_proxy.config) == (TlsPeer("p.test", 3128, via=via), PROXY_TLS)
        assert (to_server.peer, to_server.config) == (TlsPeer("a.test", 443, via=via), TARGET_TLS)

    def test_through_two_proxies(self, rig: JobRig) -> None:
        """Each is told whom to connect to next, and only the first one's name is looked up here."""
        job = start(rig, group("https", hop("http", "p"), hop("http", "q")))
        proxy = reach_proxy(rig)
        assert told(proxy).startswith(b"CONNECT q.test:3128 ")
        proxy.peer_sends(ESTABLISHED)
        assert told(proxy).startswith(CONNECT) and job.load_state == LoadState.ESTABLISHING_PROXY_TUNNEL
        proxy.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        assert rig.results == [OK] and [request.host for request in rig.resolver.requests] == ["p.test"]
        job.cancel()

    def test_an_answer_that_is_no_yes(self, rig: JobRig) -> None:
        """Row 97, 170: HttpTunnelSetupRedirect; its words are the proxy's number, and nothing stays open."""
        job, proxy = tunnel(rig)
        proxy.peer_sends(b"HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 4\r\n\r\nevil")
        assert rig.results == [ERR_TUNNEL_CONNECTION_FAILED] and "302" in job.error_detail
        assert "evil" not in job.error_detail and job.socket is None and proxy.times_closed

    def test_what_tls_to_the_proxy_was_like_is_not_told_of_the_server(self, rig: JobRig) -> None:
        """It went well; what failed came later."""
        rig.sockets.ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"proxy",))
        job = start(rig, group("https", hop("https")))
        reach_proxy(rig)
        rig.sockets.secures[0].decide(OK)
        rig.sockets.secures[0].peer_sends(b"HTTP/1.1 403 No\r\n\r\n")
        assert rig.results == [ERR_TUNNEL_CONNECTION_FAILED] and job.ssl_info is None

    def test_a_proxy_that_wants_a_certificate(self, rig: JobRig) -> None:
        """It is shown none (rule R5), and it is the proxy that cannot be used: another one may be tried."""
        job = start(rig, group("https", hop("https")))
        reach_proxy(rig)
        secure = rig.sockets.secures[0]
        secure.decide(OK)
        secure.read_error = ERR_SSL_CLIENT_AUTH_CERT_NEEDED
        secure.tell_readable()
        assert rig.results == [ERR_PROXY_CONNECTION_FAILED] and not secure.is_open
        assert job.error_detail.startswith("https://p.test:3128: the server asks for a client certificate: ")

    def test_has_a_limit_of_its_own(self, rig: JobRig) -> None:
        """Row 99: 30 s from the moment the proxy is there, however long that took."""
        job = start(rig, group("https", hop("http")))
        rig.driver.advance(200.0)
        proxy = reach_proxy(rig)
        rig.driver.advance(29.0)
        assert rig.results == []
        rig.driver.advance(2.0)
        assert rig.results == [ERR_TIMED_OUT] and not proxy.is_open
        assert job.error_detail == "the proxy http://p.test:3128 did not connect within 30 s"

    def test_that_takes_long_is_slow(self, rig: JobRig) -> None:
        """Row 95: should nobody wait for it any more, it is not to keep a place; TCP is no excuse."""
        job = start(rig, group("https", hop("http")))
        rig.driver.advance(3.0)
        found = [job.is_slow]
        proxy = reach_proxy(rig)
        for _ in range(2):
            found.append(job.is_slow)
            rig.driver.advance(2.0)
        proxy.peer_sends(ESTABLISHED)
        assert [*found, job.is_slow] == [True, False, True, False]
        job.cancel()

    @pytest.mark.parametrize("phase", ["dns", "tcp", "tls to the proxy", "tunnel", "tls"])
    def test_cancelling_goes_down(self, rig: JobRig, phase: str) -> None:
        """In every phase; nothing stays open, nobody is told."""
        job = DefaultConnectJobFactory(rig.services).create_job(
            group("https", hop("https", "p", ME)), RequestPriority.LOW, rig
        )
        job.connect()
        if phase != "dns":
            rig.resolver.requests[0].finish()
        if phase in ("tls to the proxy", "tunnel", "tls"):
            reach_proxy(rig)
        if phase in ("tunnel", "tls"):
            rig.sockets.secures[0].decide(OK)
        if phase == "tls":
            rig.sockets.secures[0].peer_sends(ESTABLISHED)
        job.cancel()
        job.cancel()
        rig.driver.advance(1000.0)
        assert rig.results == [] and job.socket is None
        assert not any(socket.is_open for socket in rig.sockets.transports + rig.sockets.secures)

    def test_a_new_priority_reaches_the_question(self, rig: JobRig) -> None:
        """Row 90: through all layers, while there is one."""
        job = DefaultConnectJobFactory(rig.services).create_job(group("https", hop("https")), RequestPriority.LOW, rig)
        job.connect()
        job.change_priority(RequestPriority.HIGHEST)
        assert rig.resolver.requests[0].priority == RequestPriority.HIGHEST
        rig.resolver.requests[0].finish()
        reach_proxy(rig)
        rig.sockets.secures[0].decide(OK)
        job.change_priority(RequestPriority.IDLE)
        assert rig.resolver.requests[0].priority == RequestPriority.HIGHEST
        job.cancel()


class TestAuth:
    """Row 88 is about requests that are bound to a job because only they can answer its challenge. Here the job
    answers by itself, and the same things hold of the job.
    """

    def test_once(self, rig: JobRig) -> None:
        """Row 88, 169: ProxyAuthOnce; the same connection goes on."""
        job, proxy = tunnel(rig, ME)
        assert BASIC not in told(proxy)
        proxy.peer_sends(KEPT)
        assert BASIC in told(proxy) and rig.results == []
        proxy.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        assert rig.results == [OK] and len(rig.sockets.transports) == 1
        job.cancel()

    def test_basic_that_is_sent_at_once(self, rig: JobRig) -> None:
        """As with servers: nobody has to ask."""
        _, proxy = tunnel(rig, password_identity("me", "secret"))
        assert BASIC in told(proxy)
        proxy.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        assert rig.results == [OK]

    def test_over_another_connection(self, rig: JobRig) -> None:
        """Row 88, 169: ProxyAuthTwice, BasicAuthProxyNoKeepAlive; the proxy hangs up, and is connected to once more."""
        job, proxy = tunnel(rig, ME)
        rig.driver.clock.advance(1.0)
        proxy.peer_sends(CLOSED)
        assert rig.results == [] and not proxy.is_open and job.load_state == LoadState.CONNECTING
        rig.driver.clock.advance(1.0)
        other = reach_proxy(rig, 1)
        assert BASIC in told(other)
        other.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        assert rig.results == [OK] and rig.sockets.secures[0].transport is other
        assert job.timing.tcp == 2.0, "from the first connect on"

    def test_fails(self, rig: JobRig) -> None:
        """Row 88: ProxyAuthFails; what was refused is not sent again, and the words say what to do."""
        job, proxy = tunnel(rig, BASIC_ONLY)
        proxy.peer_sends(KEPT)
        assert BASIC in told(proxy)
        proxy.peer_sends(KEPT)
        assert rig.results == [ERR_PROXY_AUTH_REQUESTED] and "refused" in job.error_detail
        assert "secret" not in job.error_detail and not proxy.is_open and len(rig.sockets.transports) == 1

    def test_nobody_to_answer(self, rig: JobRig) -> None:
        """Row 88: without an identity."""
        job, proxy = tunnel(rig)
        proxy.peer_sends(KEPT)
        assert rig.results == [ERR_PROXY_AUTH_REQUESTED] and "http://p.test:3128" in job.error_detail

    def test_does_not_go_on_for_ever(self, rig: JobRig) -> None:
        """A proxy that calls every nonce stale, and hangs up each time."""
        digest = AuthIdentity("me", "secret", ("digest",))
        job, proxy = tunnel(rig, digest)
        for number in range(1, 5):
            stale = b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm="r", nonce="%d", stale=true\r\n' % number
            proxy.peer_sends(stale + b"Connection: close\r\n\r\n")
            if number < 4:
                assert rig.results == []
                proxy = reach_proxy(rig, number)
        assert rig.results == [ERR_PROXY_AUTH_REQUESTED] and len(rig.sockets.transports) == 4
        assert job.error_detail.startswith("the proxy http://p.test:3128 hung up after each login")

    def test_each_round_has_the_whole_time(self, rig: JobRig) -> None:
        """Row 99: the limit starts anew with each question."""
        _, proxy = tunnel(rig, ME)
        rig.driver.advance(25.0)
        proxy.peer_sends(KEPT)
        rig.driver.advance(25.0)
        assert rig.results == []
        rig.driver.advance(5.0)
        assert rig.results == [ERR_TIMED_OUT]

    def test_the_way_to_the_next_connection_has_its_own_time(self, rig: JobRig) -> None:
        """Row 99: that of the tunnel does not count then."""
        job, proxy = tunnel(rig, ME)
        proxy.peer_sends(CLOSED)
        rig.driver.advance(60.0)
        assert rig.results == []
        job.cancel()

    def test_what_was_learned_serves_the_next_job(self, rig: JobRig) -> None:
        """Row 168, 169: BasicAuthCacheAndPreauth, for the proxy: not asked again; another identity is not told."""
        _, proxy = tunnel(rig, ME)
        proxy.peer_sends(KEPT)
        proxy.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        start(rig, group("https", hop("http", "p", ME)))
        assert BASIC in told(reach_proxy(rig, 1))
        start(rig, group("https", hop("http", "p", password_identity("you", "x", sends_basic=False))))
        assert b"Authorization" not in told(reach_proxy(rig, 2))
        rig.sockets.transports[1].peer_sends(ESTABLISHED)
        rig.sockets.transports[2].peer_sends(ESTABLISHED)
        for secure in rig.sockets.secures[1:]:
            secure.decide(OK)
        assert rig.results == [OK] * 3
        origin = SchemeHostPort("http", "p.test", 3128)
        assert rig.services.proxy_auth.lookup_by_path(origin, ME, "/") is not None

    def test_a_server_is_never_told(self, rig: JobRig) -> None:
        """R18 (CVE-2026-6253): nothing of it goes through the tunnel."""
        _, proxy = tunnel(rig, password_identity("me", "secret"))
        told(proxy)
        proxy.peer_sends(ESTABLISHED)
        rig.sockets.secures[0].decide(OK)
        assert not proxy.sent and not rig.sockets.secures[0].sent

    def test_cancelling_between_two_connections(self, rig: JobRig) -> None:
        """Row 88: ProxyAuthDeleteHandle, FlushWithError; nothing is left."""
        job, proxy = tunnel(rig, ME)
        proxy.peer_sends(CLOSED)
        job.cancel()
        assert rig.results == [] and not any(socket.is_open for socket in rig.sockets.transports)


def test_no_descriptors_are_no_fault_of_the_proxy(rig: JobRig) -> None:
    """The pool knows what to do about it."""
    rig.resolver.outcome, rig.sockets.transport_result = OK, ERR_INSUFFICIENT_RESOURCES
    job = DefaultConnectJobFactory(rig.services).create_job(group("https", hop("http")), RequestPriority.LOW, rig)
    assert job.connect() == ERR_INSUFFICIENT_RESOURCES
