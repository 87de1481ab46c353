"""Requests through proxies from end to end: what the proxy sees, what the server sees, what the caller gets."""

from __future__ import annotations

import os
import pickle
import select
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from netstack_sync import DeadlineExceeded, DigestAuth, Limits, PacUrl, ProxyChain, ProxyError, RetryPolicy, Session
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.digest_server import DigestServer
from tests.support.raw_server import raw_server, wait_for_bytes
from tests.support.recording_proxy import RecordingProxy, recording_proxy

USER, PASSWORD = "me", "s3cret"
LOGIN = f"{USER}:{PASSWORD}"
BASIC = b64encode(LOGIN.encode())


@pytest.fixture
def proxy() -> Iterator[RecordingProxy]:
    with recording_proxy() as proxy:
        yield proxy


@pytest.fixture
def secure_server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tls=True) as server:
        yield server


def closed_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_limit_tells_who_was_on_the_way() -> None:
    """HTTP proxies wait for ever for the rest of what SOCKS clients say, and the server is not to be suspected."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"socks5://127.0.0.1:{silent.getsockname()[1]}"
        with Session(proxy=proxy, timeout=0.2, trust_env=False) as session, pytest.raises(DeadlineExceeded) as caught:
            session.get("http://a.test/")
    assert caught.value.detail == (
        f"the total limit of 0.2 s was reached while establishing proxy tunnel, through {proxy}: http://a.test/"
    )


def test_http_is_forwarded(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The proxy gets the whole URL (RFC 9112 §3.2.2), and looks the name up; its connection serves the next."""
    url = server.url("/hello", host="only-there.test")
    with Session(proxy=proxy.url(), trust_env=False) as session:
        for _ in range(2):
            response = session.get(url)
            assert response.content == b"hello\n" and response.proxy_chain == (proxy.url(),)
        assert response.connection_reused and session.stats().dns_cached == 0
    assert [request.target for request in proxy.requests] == [url, url] and len(proxy.connections) == 1
    assert all([request.headers.get("proxy-connection") is None for request in server.requests])


def test_https_goes_through_a_tunnel(secure_server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Row 169: the proxy is told host and port, and sees nothing but TLS after that."""
    url = secure_server.url("/hello", host="localhost")
    with Session(proxy=proxy.url(), verify=secure_server.ca_file, trust_env=False) as session:
        response = session.get(url, headers={"Cookie": "a=secret"})
    assert response.content == b"hello\n" and response.proxy_chain == (proxy.url(),)
    assert [request.method for request in proxy.requests] == ["CONNECT"]
    assert proxy.destinations == [("localhost", secure_server.port)]
    assert b"secret" not in proxy.received and proxy.passed_on.startswith(b"\x16\x03")


@pytest.mark.parametrize("scheme, spoken", [("socks5", "socks5"), ("socks5h", "socks5"), ("socks4a", "socks4a")])
@pytest.mark.parametrize("tls", [False, True])
def test_socks(scheme: str, spoken: str, tls: bool, proxy: RecordingProxy) -> None:
    """The proxy connects, to a name that nobody here looks up; the URL's scheme decides about TLS."""
    with (
        EmbeddedServer(tls=tls) as server,
        Session(proxy=proxy.url(scheme), verify=server.ca_file if tls else True, trust_env=False) as session,
    ):
        assert session.get(server.url("/hello", host="localhost")).content == b"hello\n"
        assert session.stats().dns_cached == 0
    [connection] = proxy.connections
    assert connection.scheme == spoken and connection.destinations == [("localhost", server.port)]
    assert connection.passed_on.startswith(b"\x16\x03" if tls else b"GET /hello HTTP/1.1\r\n")


def test_socks4_is_told_an_address(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """It knows nothing of names: they are looked up here."""
    with Session(proxy=proxy.url("socks4"), trust_env=False) as session:
        assert session.get(server.url("/hello", host="localhost")).ok
    assert proxy.destinations == [("127.0.0.1", server.port)] and proxy.connections[0].scheme == "socks4"


@pytest.mark.parametrize("tls", [False, True])
def test_proxy_behind_tls(tls: bool) -> None:
    """TLS to the proxy, and for https another one inside of it."""
    with EmbeddedServer(tls=tls) as server, recording_proxy(tls=True, login=(USER, PASSWORD)) as proxy:
        verify = server.ca_pem.decode()
        with Session(proxy=proxy.url("https", LOGIN), verify=verify, trust_env=False) as session:
            response = session.get(server.url("/hello", host="localhost"))
    assert response.content == b"hello\n" and response.proxy_chain == (proxy.url("https"),)
    assert proxy.connections[0].passed_on.startswith(b"\x16\x03" if tls else b"GET /hello HTTP/1.1\r\n")


class TestCredentials:
    """R18 (CVE-2026-6253): those for the proxy are the proxy's alone."""

    @pytest.mark.parametrize("tls", [False, True])
    @pytest.mark.parametrize("is_in_url", [False, True])
    def test_basic_goes_with_the_first_request(self, tls: bool, is_in_url: bool) -> None:
        """Users expect it; the server never sees it."""
        with EmbeddedServer(tls=tls) as server, recording_proxy(login=(USER, PASSWORD)) as proxy:
            auth = None if is_in_url else (USER, PASSWORD)
            verify = server.ca_file if tls else True
            url = proxy.url("http", LOGIN if is_in_url else "")
            with Session(proxy=url, proxy_auth=auth, verify=verify, trust_env=False) as session:
                response = session.get(server.url("/hello", host="localhost"))
                assert response.content == b"hello\n" and response.proxy_chain == (proxy.url(),)
            assert len(proxy.requests) == 1 and BASIC in proxy.received
            assert BASIC not in proxy.passed_on
            assert all([request.headers.get("proxy-authorization") is None for request in server.requests])

    def test_socks_is_told_too(self, server: EmbeddedServer) -> None:
        """RFC 1929, from the URL or the argument."""
        with recording_proxy(login=(USER, PASSWORD)) as proxy:
            with Session(proxy=proxy.url("socks5", LOGIN), trust_env=False) as session:
                assert session.get(server.url("/hello")).ok
            with Session(proxy=proxy.url("socks5"), proxy_auth=(USER, PASSWORD), trust_env=False) as session:
                assert session.get(server.url("/hello")).ok
            with Session(proxy=proxy.url("socks5"), trust_env=False) as session, pytest.raises(ProxyError):
                session.get(server.url("/hello"))
        assert [connection.login for connection in proxy.connections] == [(USER, PASSWORD), (USER, PASSWORD), None]

    def test_nobody_said_who_he_is(self, server: EmbeddedServer) -> None:
        """A 407 of a forwarded request is an answer; the server is not reached."""
        with recording_proxy(login=(USER, PASSWORD)) as proxy, Session(proxy=proxy.url(), trust_env=False) as session:
            assert session.get(server.url("/hello")).status_code == 407
        assert not server.requests

    def test_refused_tunnel_has_no_answer(self, secure_server: EmbeddedServer) -> None:
        """Nothing of the proxy's answer may pass for the server's."""
        with recording_proxy(login=(USER, PASSWORD)) as proxy, Session(proxy=proxy.url(), trust_env=False) as session:
            words = rf"ERR_PROXY_AUTH_REQUESTED.*127\.0\.0\.1:{proxy.port}"
            with pytest.raises(ProxyError, match=words) as caught:
                session.get(secure_server.url("/hello"), verify=secure_server.ca_file)
        assert PASSWORD not in str(caught.value)

    def test_servers_credentials_stay_in_the_tunnel(self, secure_server: EmbeddedServer, proxy: RecordingProxy) -> None:
        """The proxy never sees them, and a server's 407 gets none of the proxy's."""
        secure_server.route("/407", Answer(407, {"Proxy-Authenticate": "Basic realm=evil"}))
        with Session(proxy=proxy.url("http", "for:proxy"), verify=secure_server.ca_file, trust_env=False) as session:
            response = session.get(secure_server.url("/407"), auth=(USER, PASSWORD))
        assert response.status_code == 407
        assert BASIC not in proxy.received and len(secure_server.requests) == 1
        assert secure_server.requests[0].headers.get("proxy-authorization") is None


class TestWhichProxy:
    def test_of_a_request(self, server: EmbeddedServer, proxy: RecordingProxy) -> None:
        """It counts before the session's; None is the session's, "direct" is none."""
        with recording_proxy() as other, Session(proxy=proxy.url(), trust_env=False) as session:
            url = server.url("/hello")
            chains = [
                session.get(url).proxy_chain,
                session.get(url, proxy=other.url()).proxy_chain,
                session.get(url, proxy="direct").proxy_chain,
                session.get(url, proxy=None).proxy_chain,
            ]
        assert chains == [(proxy.url(),), (other.url(),), (), (proxy.url(),)]

    def test_environment(self, server: EmbeddedServer, proxy: RecordingProxy, monkeypatch: pytest.MonkeyPatch) -> None:
        """By default, also for this machine; unless no_proxy says otherwise, or nothing of it is to be looked at."""
        monkeypatch.setenv("http_proxy", proxy.url())
        url = server.url("/hello")
        with Session() as session, Session(trust_env=False) as other, Session(proxy="direct") as direct:
            assert session.get(url).proxy_chain == (proxy.url(),)
            assert other.get(url).proxy_chain == direct.get(url).proxy_chain == ()
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with Session() as session:
            assert session.get(url).proxy_chain == ()

    def test_each_hop_of_a_redirect_has_its_own(
        self, server: EmbeddedServer, secure_server: EmbeddedServer, proxy: RecordingProxy
    ) -> None:
        """R5 (CVE-2026-6253): and what one proxy is told of us, the other is not."""
        target = secure_server.url("/hello", host="localhost")
        server.route("/away", Answer(302, {"Location": target}))
        with recording_proxy() as other:
            proxies = {"http": proxy.url("http", LOGIN), "https": other.url()}
            with Session(proxy=proxies, verify=secure_server.ca_file, trust_env=False) as session:
                response = session.get(server.url("/away"))
            assert response.proxy_chain == (other.url(),) and response.history[0].proxy_chain == (proxy.url(),)
            assert BASIC in proxy.received and BASIC not in other.received
            assert other.requests[0].headers.get("proxy-authorization") is None

    def test_next_one_when_one_fails(self, server: EmbeddedServer, proxy: RecordingProxy) -> None:
        """The dead one is not tried again for five minutes, which stats() tells."""
        dead = f"http://127.0.0.1:{closed_port()}"
        with Session(proxy=[dead, proxy.url()], trust_env=False) as session:
            assert session.get(server.url("/hello")).proxy_chain == (proxy.url(),)
            stats = session.stats()
            assert list(stats.bad_proxies) == [dead]
            bad = stats.bad_proxies[dead]
            assert 290 < bad.seconds_left <= 300 and bad.net_error.name == "ERR_PROXY_CONNECTION_FAILED"
            assert stats.proxies == {proxy.url(): 1}

    def test_only_one_and_it_is_dead(self, server: EmbeddedServer) -> None:
        """Never directly instead; the error names the proxy."""
        port = closed_port()
        words = rf"ERR_PROXY_CONNECTION_FAILED.*127\.0\.0\.1:{port}"
        with (
            Session(proxy=f"http://me:pw@127.0.0.1:{port}", trust_env=False) as session,
            pytest.raises(ProxyError, match=words) as caught,
        ):
            session.get(server.url("/hello"))
        assert not server.requests and "me:pw" not in str(caught.value)

    def test_preconnect(self, secure_server: EmbeddedServer, proxy: RecordingProxy) -> None:
        """The tunnel is there when the request comes."""
        with Session(proxy=proxy.url(), verify=secure_server.ca_file, trust_env=False) as session:
            session.preconnect(secure_server.url("/"))
            assert secure_server.wait_until(lambda: secure_server.connections_opened == 1)
            assert session.get(secure_server.url("/hello")).proxy_chain == (proxy.url(),)
        assert len(proxy.connections) == secure_server.connections_opened == 1


class TestFunction:
    """`proxy_auth` as a function of the proxy's URL."""

    def test_it_is_asked_once(self, server: EmbeddedServer) -> None:
        """However many requests want to know, on a thread that may block."""
        asked: list[tuple[str, str]] = []

        def ask(url: str) -> tuple[str, str]:
            asked.append((url, threading.current_thread().name))
            return (USER, PASSWORD)

        with (
            recording_proxy(login=(USER, PASSWORD)) as proxy,
            Session(proxy=proxy.url(), proxy_auth=ask, trust_env=False) as session,
        ):
            futures = [session.submit("GET", server.url("/hello")) for _ in range(6)]
            assert {future.result().content for future in futures} == {b"hello\n"}
            assert session.get(server.url("/hello")).ok
        [(url, thread)] = asked
        assert url == proxy.url() and thread.startswith("netstack-job")

    @pytest.mark.parametrize("tls", [False, True])
    def test_it_is_asked_again_when_it_was_refused(self, tls: bool) -> None:
        """By the next request: the first one has its answer."""
        answers = [(USER, "old"), (USER, PASSWORD)]
        with EmbeddedServer(tls=tls) as server, recording_proxy(login=(USER, PASSWORD)) as proxy:
            verify = server.ca_file if tls else True
            with Session(proxy=proxy.url(), proxy_auth=lambda _: answers.pop(0), verify=verify) as session:
                if tls:
                    with pytest.raises(ProxyError, match="ERR_PROXY_AUTH_REQUESTED"):
                        session.get(server.url("/hello"))
                else:
                    assert session.get(server.url("/hello")).status_code == 407
                assert session.get(server.url("/hello")).content == b"hello\n"
        assert not answers

    def test_it_fails(self, server: EmbeddedServer, proxy: RecordingProxy) -> None:
        """The request does, in the words of the exception."""

        def ask(url: str) -> None:
            raise LookupError("the keyring is locked")

        with (
            Session(proxy=proxy.url(), proxy_auth=ask, trust_env=False) as session,
            pytest.raises(ProxyError, match="LookupError: the keyring is locked"),
        ):
            session.get(server.url("/hello"))
        assert not proxy.connections


def test_mapping_of_logins(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """R18 (CVE-2026-6253): each proxy is told its own, and the other one nothing."""
    with recording_proxy(login=(USER, PASSWORD)) as other:
        logins = {f"127.0.0.1:{other.port}": (USER, PASSWORD)}
        with Session(proxy=proxy.url(), proxy_auth=logins, trust_env=False) as session:
            assert session.get(server.url("/hello")).ok
            assert session.get(server.url("/hello"), proxy=other.url()).ok
    assert b"roxy-authorization" not in proxy.received.lower() and BASIC in other.received


@pytest.mark.parametrize("tls", [False, True])
def test_digest(tls: bool) -> None:
    """Nothing but a hash goes out, once the proxy has asked; the next request asks nobody."""
    site = DigestServer(USER, PASSWORD)
    with EmbeddedServer(tls=tls) as server, recording_proxy() as proxy:
        proxy.gate = site
        verify = server.ca_file if tls else True
        with Session(proxy=proxy.url(), proxy_auth=DigestAuth(USER, PASSWORD), verify=verify) as session:
            assert session.get(server.url("/hello")).content == b"hello\n"
            session.close_idle_connections()
            assert session.get(server.url("/hello")).content == b"hello\n"
    assert [bool(seen) for seen in site.seen] == [False, True, True]
    assert PASSWORD.encode() not in proxy.received and BASIC not in proxy.received


def test_chain_of_two(secure_server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The first is told to connect to the second, and the second to the server."""
    with recording_proxy(login=(USER, PASSWORD)) as last:
        chain = ProxyChain.from_urls(proxy.url("socks5"), last.url())
        logins = {last.url(): (USER, PASSWORD)}
        with Session(proxy=chain, proxy_auth=logins, verify=secure_server.ca_file, trust_env=False) as session:
            response = session.get(secure_server.url("/hello"))
    assert response.proxy_chain == (proxy.url("socks5"), last.url())
    assert proxy.destinations == [("127.0.0.1", last.port)]
    assert last.destinations == [("127.0.0.1", secure_server.port)]


def test_redirect_keeps_the_requests_own_proxy(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """On each hop."""
    with Session(trust_env=False) as session:
        response = session.get(server.url("/redirect/2"), proxy=proxy.url())
    assert [each.proxy_chain for each in (*response.history, response)] == [(proxy.url(),)] * 3


def test_next_request_keeps_it_too(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """For who follows redirects himself."""
    with Session(trust_env=False) as session:
        first = session.get(server.url("/redirect/1"), proxy=proxy.url(), follow_redirects=False)
        assert first.next_request is not None
        assert session.send(first.next_request).proxy_chain == (proxy.url(),)


def test_request_that_is_pickled(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """R10 (CVE-2026-9079): goes the same way, without what it knew of who is asking."""
    with Session(trust_env=False) as session:
        request = session.prepare("GET", server.url("/hello"), proxy=proxy.url("http", LOGIN))
        data = pickle.dumps(request)
        assert PASSWORD.encode() not in data and PASSWORD not in repr(request)
        script = session.prepare("GET", server.url("/hello"), proxy=PacUrl(f"https://me:{PASSWORD}@pac.test/"))
        assert PASSWORD.encode() not in pickle.dumps(script)
        assert session.send(pickle.loads(data)).proxy_chain == (proxy.url(),)
    assert BASIC not in proxy.received


def test_retries_keep_to_the_proxy(proxy: RecordingProxy) -> None:
    """Never directly, however often."""
    port = closed_port()
    with Session(proxy=proxy.url(), trust_env=False) as session:
        response = session.get(f"http://127.0.0.1:{port}/", retries=RetryPolicy(2, backoff=0.01))
    assert response.status_code == 502 and len(proxy.requests) == 3


def test_retries_wait_for_a_proxy_that_is_away(server: EmbeddedServer) -> None:
    """As for a server that is: whoever starts both at once asks too early, and nothing has been sent."""
    proxy = f"http://127.0.0.1:{closed_port()}"
    with Session(proxy=proxy, trust_env=False) as session, pytest.raises(ProxyError) as caught:
        session.post(server.url("/hello"), retries=RetryPolicy(2, backoff=0.01))
    assert len(caught.value.attempts) == 3 and proxy in str(caught.value) and not server.requests


def test_limits_per_proxy(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """However many servers are behind it."""
    with Session(proxy=proxy.url("socks5"), limits=Limits(per_proxy=2), trust_env=False) as session:
        futures = [session.submit("GET", server.url("/hello", host=f"h{n}.test")) for n in range(8)]
        assert all([future.result().ok for future in futures])
        assert session.stats().proxies[proxy.url("socks5")] <= 2


def test_fork(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The child has proxies of its own, and the parent keeps its connection."""
    with Session(proxy=proxy.url(), trust_env=False) as session:
        assert session.get(server.url("/hello")).ok
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                os._exit(session.get(server.url("/hello")).proxy_chain != (proxy.url(),))
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert session.get(server.url("/hello")).connection_reused
    assert len(proxy.connections) == 2


@pytest.mark.parametrize(
    "value, words",
    [
        ("gopher://h", "proxy: 'gopher://h' has the scheme"),
        ("http://me:s3cret@", "proxy: "),
        ("http://h/path", "has a path"),
        ("", "proxy: the URL is empty"),
        ([], "proxy: the list is empty"),
        (5, "proxy: must be"),
        ({"gopher": "http://h"}, "proxy: the mapping has the key"),
    ],
)
def test_bad_proxies_are_refused_at_once(session: Session, value: Any, words: str) -> None:
    """On the caller's thread, of the session and of a request, without the password."""
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        Session(proxy=value)
    with pytest.raises((ValueError, TypeError), match=words):
        session.get("http://h/", proxy=value)
    assert "s3cret" not in str(caught.value)


def test_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going directly would not be what whoever set it wanted."""
    monkeypatch.setenv("HTTPS_PROXY", "http://u:s3cret@h:x")
    with pytest.raises(ValueError, match="environment variable HTTPS_PROXY: ") as caught:
        Session()
    assert "s3cret" not in str(caught.value)
    Session(trust_env=False).close()
    Session(proxy="direct").close()


def test_deadline_while_somebody_is_asked_for_a_login(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """A function that hangs holds nobody longer than he wants to wait."""
    hang = threading.Event()
    try:
        with (
            Session(proxy=proxy.url(), proxy_auth=lambda _: (hang.wait(20), None)[1], trust_env=False) as session,
            pytest.raises(DeadlineExceeded),
        ):
            session.get(server.url("/hello"), timeout=0.3)
    finally:
        hang.set()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("others", ["direct", "proxy"])
@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_server_cannot_have_a_good_proxy_left(
    scheme: str, others: str, words: bytes, secure_server: EmbeddedServer
) -> None:
    """What breaks off behind the proxy is held against no proxy, though another way leads on: all other requests go
    through it as before, and not directly.
    """

    def break_off(connection: socket.socket) -> None:
        wait_for_bytes(connection)
        connection.recv(65536)
        connection.sendall(words)

    def pass_on(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", secure_server.port)) as server:
            relay(connection, server)

    with recording_proxy() as good, recording_proxy() as other, raw_server([break_off, pass_on]) as port:
        proxies = [good.url(scheme), "direct" if others == "direct" else other.url(scheme)]
        with Session(proxy=proxies, verify=secure_server.ca_file, trust_env=False) as session:
            response = session.get(f"https://localhost:{port}/hello", headers={"Connection": "close"})
            assert response.content == b"hello\n" and response.proxy_chain != (good.url(scheme),)
            assert session.stats().bad_proxies == {}
            assert session.get(secure_server.url("/hello")).proxy_chain == (good.url(scheme),)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Until one of them has said its last byte."""
    while True:
        for source, sink in ((one, other), (other, one)):
            if source in select.select([one, other], [], [], 20.0)[0]:
                piece = source.recv(65536)
                if not piece:
                    return
                sink.sendall(piece)
