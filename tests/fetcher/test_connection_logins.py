"""NTLM and Negotiate from end to end, with pyspnego as the server's judge."""

from __future__ import annotations

import hashlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spnego.channel_bindings import GssChannelBindings

from netstack_sync import AnyAuth, NegotiateAuth, NetError, NtlmAuth, Session
from netstack_sync.base.net_errors import (
    ERR_MISCONFIGURED_AUTH_ENVIRONMENT,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
)
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.digest_server import DigestServer
from tests.support.ntlm_server import NtlmServer, ntlm_users
from tests.support.raw_server import OK_ANSWER, raw_server, read_request, wait_for_close
from tests.support.waiting import wait_until

ME = NtlmAuth("me", "secret", "DOM")
YOU = NtlmAuth("DOM\\you", "hidden")


@pytest.fixture(autouse=True)
def _users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom the servers know."""
    ntlm_users(tmp_path, monkeypatch, "DOM:me:secret", "DOM:you:hidden")


@pytest.fixture
def site(server: EmbeddedServer) -> NtlmServer:
    """A folder that wants NTLM, beside the server's others."""
    site = NtlmServer(body=b"go away")
    server.route("/ntlm/", site)
    return site


def test_a_connection_is_logged_in_once(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """Row 171, NTLMAuthV2: three rounds over one connection, and then one for each request."""
    for method in ("GET", "POST", "PUT"):
        response = session.request(method, server.url("/ntlm/x"), auth=ME, content=None if method == "GET" else b"body")
        assert (response.status_code, response.content) == (200, b"DOM\\me")
        assert response.history == []
    assert site.seen == [(1, False), (1, True), (1, True), (1, False), (1, False)]


def test_negotiate_without_kerberos(server: EmbeddedServer, session: Session) -> None:
    """SPNEGO finds NTLM, where there is nothing better."""
    site = NtlmServer("Negotiate")
    server.route("/ntlm/", site)
    assert session.get(server.url("/ntlm/"), auth=NegotiateAuth("DOM\\me", "secret")).content == b"DOM\\me"
    assert len({connection for connection, _ in site.seen}) == 1


def test_a_wrong_password(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """The 401 is the answer, body and all, and nothing is tried again."""
    response = session.get(server.url("/ntlm/"), auth=NtlmAuth("DOM\\me", "wrong"))
    assert (response.status_code, response.content) == (401, b"go away")
    assert [is_token for _, is_token in site.seen] == [False, True, True]


def test_users_do_not_share_connections(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """R1 (CVE-2026-3784, CVE-2026-1965): whoever asks is who the server says, and nobody where nobody is named."""
    for _ in range(2):
        assert session.get(server.url("/ntlm/"), auth=ME).content == b"DOM\\me"
        assert session.get(server.url("/ntlm/")).status_code == 401
        assert session.get(server.url("/ntlm/"), auth=("DOM", "x")).status_code == 401
        assert session.get(server.url("/ntlm/"), auth=YOU).content == b"DOM\\you"
    assert sorted(session.stats().groups) == [f"auth/{server.url('')}".rstrip("/"), server.url("").rstrip("/")]


def test_many_threads(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """Each connection has a handshake of its own, in which no other request interferes."""
    users = {ME: b"DOM\\me", YOU: b"DOM\\you"}
    calls = list(users) * 20
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda auth: session.get(server.url("/ntlm/"), auth=auth).content, calls))
    assert answers == [users[auth] for auth in calls]
    by_connection: dict[int, list[bool]] = {}
    for connection, is_token in site.seen:
        by_connection.setdefault(connection, []).append(is_token)
    for rounds in by_connection.values():
        assert rounds[:3] == [False, True, True] and not any(rounds[3:])


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
def test_a_login_is_bound_to_the_tls_connection(scheme: str) -> None:
    """RFC 5929: a server that insists on it lets us in, and nobody can pass our login on to it."""
    site = NtlmServer(scheme)
    auth = ME if scheme == "NTLM" else NegotiateAuth("DOM\\me", "secret")
    with EmbeddedServer(tls=True) as server, Session(verify=server.ca_file, trust_env=False) as session:
        server.route("/ntlm", site)
        tls = session.get(server.url("/status/200")).certificate
        assert tls is not None
        site.bindings = GssChannelBindings(
            application_data=b"tls-server-end-point:" + hashlib.sha256(tls.peer_chain[0]).digest()
        )
        assert session.get(server.url("/ntlm"), auth=auth).content == b"DOM\\me"
        site.bindings = GssChannelBindings(application_data=b"tls-server-end-point:of another server")
        session.close_idle_connections()
        assert session.get(server.url("/ntlm"), auth=auth).status_code == 401


def test_the_best_scheme_that_works(server: EmbeddedServer, session: Session) -> None:
    """Negotiate, NTLM, Digest, Basic; what fails makes way for the next, without a secret in clear."""
    site = NtlmServer("NTLM", others=("Basic realm=x",))
    server.route("/ntlm", site)
    assert session.get(server.url("/ntlm"), auth=AnyAuth("me", "secret", "DOM")).content == b"DOM\\me"
    digest = DigestServer(user="me", password="secret")
    server.route("/digest", digest)
    assert session.get(server.url("/digest"), auth=AnyAuth("me", "secret")).content == b"welcome"
    assert digest.seen[0] is None, "nothing before it is asked for"
    assert session.get(server.url("/basic-auth/me/secret"), auth=AnyAuth("me", "secret")).ok


def test_without_pyspnego(server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other schemes remain; where there are none, the error says what to install."""
    monkeypatch.setitem(sys.modules, "spnego", None)
    server.route("/both", lambda _: Answer(401, headers=[("WWW-Authenticate", "Negotiate, NTLM")]))
    with pytest.raises(NetError, match=r"netstack-sync\[auth\]") as caught:
        session.get(server.url("/both"), auth=AnyAuth("me", "secret"))
    assert caught.value.net_error.number == ERR_MISCONFIGURED_AUTH_ENVIRONMENT
    assert session.get(server.url("/basic-auth/me/secret"), auth=AnyAuth("me", "secret")).ok


def test_nobody_is_logged_in(server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a ticket the error says so."""
    monkeypatch.delenv("NTLM_USER_FILE")
    server.route("/sso", NtlmServer("Negotiate"))
    with pytest.raises(NetError, match="Kerberos ticket") as caught:
        session.get(server.url("/sso"), auth=NegotiateAuth())
    assert caught.value.net_error.number == ERR_MISSING_AUTH_CREDENTIALS


def test_a_server_that_closes_in_the_middle(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """The challenge is the answer, since no handshake can end."""
    site.closes_after = set(range(10))
    assert session.get(server.url("/ntlm/"), auth=ME).status_code == 401


def test_connections_in_advance_are_the_sessions(server: EmbeddedServer, site: NtlmServer) -> None:
    """Its user is the one who will want them."""
    with Session(auth=ME, trust_env=False) as session:
        session.preconnect(server.url("/"))
        wait_until(lambda: session.stats().sockets_idle == 1)
        assert session.get(server.url("/ntlm/")).content == b"DOM\\me"
        assert session.stats().sockets_opened == 1


def test_a_login_stays_with_its_origin(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """Rule R5: another origin gets no token, whatever it asks for."""
    with EmbeddedServer() as other:
        thief = NtlmServer()
        other.route("/ntlm", thief)
        server.route("/away", Answer(302, headers={"Location": other.url("/ntlm")}))
        server.route("/here", Answer(302, headers={"Location": "/ntlm/"}))
        assert session.get(server.url("/away"), auth=ME).status_code == 401
        assert session.get(server.url("/here"), auth=ME).content == b"DOM\\me"
        assert [is_token for _, is_token in thief.seen] == [False]


def test_a_body_that_waits_for_the_server(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """It does so before there is a handshake, which would be lost with the connection otherwise."""
    for _ in range(2):
        response = session.post(server.url("/ntlm/"), auth=ME, content=b"body", expect_continue=True)
        assert response.content == b"DOM\\me"


def test_a_body_that_is_gone(server: EmbeddedServer, session: Session, site: NtlmServer) -> None:
    """As with every challenge; once the connection is logged in it is sent but once."""
    with pytest.raises(NetError) as caught:
        session.post(server.url("/ntlm/"), auth=ME, content=iter([b"a"]))
    assert caught.value.net_error.number == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    assert session.head(server.url("/ntlm/"), auth=ME).ok
    assert session.post(server.url("/ntlm/"), auth=ME, content=iter([b"a"])).ok


def test_a_body_that_waits_does_not_cost_the_login_its_connection(session: Session) -> None:
    """Refused before the body, the request goes on without an expectation: each round has to be read to its end."""

    def refuse(connection: socket.socket) -> None:
        assert b"\r\nExpect: 100-continue\r\n" in connection.recv(65536)
        connection.sendall(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n")
        wait_for_close(connection)

    def log_in(connection: socket.socket) -> None:
        request = read_request(connection)
        assert b"\r\nAuthorization: NTLM " in request and request.endswith(b"\r\n\r\nbody")
        assert b"Expect" not in request
        connection.sendall(OK_ANSWER)

    with raw_server([refuse, log_in]) as port:
        response = session.put(f"http://127.0.0.1:{port}/", content=b"body", auth=ME, expect_continue=True)
    assert response.content == b"ok"
