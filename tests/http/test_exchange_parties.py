"""Whole exchanges with proxies: who gets which bytes, who is asked, and who hears of it."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_TUNNEL_CONNECTION_FAILED,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.exchange_parties import make_parties
from netstack_sync.http.network_transaction import NetworkTransaction
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload, IterableSource, UploadStream, WorkerUpload
from netstack_sync.pool import close_reasons
from netstack_sync.proxy.config import ProxyConfig
from tests.support.digest_server import PLAIN_CHALLENGE, plain_answer
from tests.support.exchange_delegates import ScriptedExchangeDelegate
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import chain_of, server_of, use_proxies
from tests.support.scripted_socket import EOF, PEER, Read, Step, Write
from tests.support.scripted_stack import ScriptedStack, read_body, request_info
from tests.support.security import FakeSecurity, header

P = server_of("http://p:80")
BASIC = password_identity("me", "p")
DIGEST = AuthIdentity("me", "p", ("digest",))
NTLM = AuthIdentity("me", "p", ("ntlm",))
TO_PROXY = b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nProxy-Connection: keep-alive\r\n"
TO_SERVER = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n"
FINE = Read(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
CHALLENGE = f"HTTP/1.1 407 No\r\nProxy-Authenticate: {PLAIN_CHALLENGE}\r\n".encode()
PROXY_BASIC = b"Proxy-Authorization: Basic bWU6cA==\r\n"
SERVER_BASIC = b"Authorization: Basic dTpw\r\n"
PROXY_DIGEST = b"Proxy-" + plain_answer("me", "p").encode()
SERVER_DIGEST = plain_answer("u", "p").encode()


def forwarded(*fields: bytes) -> Write:
    return Write(TO_PROXY + b"".join(fields) + b"\r\n")


def sent(*fields: bytes) -> Write:
    return Write(TO_SERVER + b"".join(fields) + b"\r\n")


def ask(status: int, challenge: str = PLAIN_CHALLENGE, body: bytes = b"", more: str = "", version: str = "1.1") -> Read:
    """A challenge of the proxy's (407) or the server's (401)."""
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    head = f"HTTP/{version} {status} No\r\n{name}: {challenge}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return Read(head.encode() + body)


def run(stack: ScriptedStack, transaction: NetworkTransaction, info: HttpRequestInfo | None = None) -> int:
    """To the answer or an error, over all rounds."""
    info, done = info if info is not None else request_info(), RecordedCompletion()
    result = transaction.start(info, done)
    while True:
        assert not done.is_called
        stack.run_workers()
        result = done.result if result == ERR_IO_PENDING else result
        if result != OK or not transaction.is_ready_to_restart:
            return result
        done = RecordedCompletion()
        result = transaction.restart_with_auth(info, done)


def status(stack: ScriptedStack, info: HttpRequestInfo | None = None) -> int:
    """The status of the answer, or the error; the connection goes back."""
    transaction = stack.transaction()
    result = run(stack, transaction, info)
    response = transaction.response
    if result == OK:
        assert isinstance(read_body(stack, transaction), bytes)
    transaction.close()
    stack.run()
    if result != OK:
        return result
    assert response is not None
    return response.head.status


def server_login(identity: AuthIdentity) -> HttpRequestInfo:
    info = request_info()
    info.auth = identity
    return info


# --- nobody to deal with


def test_a_request_without_proxies_and_credentials(stack: ScriptedStack) -> None:
    """Has nothing made for it."""
    assert make_parties(request_info(), stack.session, stack.log()) is None
    use_proxies(stack)
    assert make_parties(request_info(), stack.session, stack.log()) is None
    use_proxies(stack, "direct")
    assert make_parties(request_info(), stack.session, stack.log()) is not None


@pytest.mark.parametrize("is_direct", [False, True])
def test_the_settings_of_one_request(stack: ScriptedStack, is_direct: bool) -> None:
    """They count also where the session's requests go directly, which is asked of nobody then."""
    proxies, info = use_proxies(stack, "http://p:80"), request_info()
    proxies.is_direct = stack.session.is_direct = is_direct
    info.proxy = ProxyConfig(source="own")
    stack.connection(forwarded(), FINE)
    assert status(stack, info) == 200 and proxies.asked == [(info.proxy, "http://a.test/")]
    stack.connection(sent() if is_direct else forwarded(), FINE)
    stack.pools.close_idle_sockets(close_reasons.ON_REQUEST)
    assert status(stack) == 200 and len(proxies.asked) == (1 if is_direct else 2)


def test_a_loose_end(stack: ScriptedStack) -> None:
    """What was never needed ends, too, and has nothing to say."""
    parties = make_parties(server_login(BASIC), stack.session, stack.log())
    use_proxies(stack, "direct")
    others = make_parties(request_info(), stack.session, stack.log())
    assert parties is not None and others is not None
    for one in (parties, others):
        assert (one.load_state, one.error_detail) == (LoadState.IDLE, "")
        one.on_network_changed()
        one.cancel()
        one.cancel()


# --- the way of a request


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_proxy_forwards_it(stack: ScriptedStack, scheme: str) -> None:
    """Rows 160 and 178: the answer tells through whom it came, and the address is the proxy's. The TLS to an https
    proxy says nothing of the server.
    """
    proxies = use_proxies(stack, f"{scheme}://p:80")
    socket = stack.connection(forwarded(), FINE, forwarded(), FINE)
    socket.ssl_info = SSLInfo("TLSv1.3", "x", "", (b"leaf",)) if scheme == "https" else None
    transaction = stack.transaction()
    assert run(stack, transaction) == OK and not transaction.is_ready_to_restart
    response = transaction.response
    assert response is not None and response.proxy_chain == chain_of(f"{scheme}://p:80")
    assert response.remote_address == PEER and response.ssl_info is None
    assert read_body(stack, transaction) == b"fine" and len(proxies.reported) == 1
    transaction.close()
    assert status(stack) == 200 and socket.is_done, "the connection is kept"


@pytest.mark.parametrize("way", ["direct", "socks4://p:1", "socks4a://p:1", "socks5://p:1", "http://q:1 socks5://p:1"])
def test_only_bytes_are_passed_on(stack: ScriptedStack, way: str) -> None:
    """Row 178, SOCKS4_HTTP_GET and SOCKS5_HTTP_GET: the server gets what it would get directly (rule R18)."""
    proxies = use_proxies(stack, way)
    proxies.identities[server_of("socks5://p:1")] = BASIC
    stack.connection(sent(b"A: 1\r\n"), FINE)
    own = [("Proxy-Authorization", "x"), ("A", "1"), ("proxy-authorization", "y"), ("Proxy-Connection", "z")]
    transaction = stack.transaction()
    assert run(stack, transaction, request_info(headers=own)) == OK
    assert transaction.response is not None and transaction.response.proxy_chain == chain_of(way)
    transaction.close()
    assert stack.requested_groups[0].tls is None


@pytest.mark.parametrize("way", ["http://p:80", "https://p:80", "socks5://p:80", "socks5://s:1 http://p:80"])
def test_nothing_for_the_proxy_goes_through_a_tunnel(stack: ScriptedStack, way: str) -> None:
    """Rows 169, SanitizeProxyAuthHeaders, 177, UserAgentOverTunnel, and 178, SOCKS5_SSL_GET; R18 (CVE-2026-6253): TLS
    is spoken with the server, on the request's terms, and it sees its own headers only.
    """
    proxies = use_proxies(stack, way)
    proxies.identities = {hop: BASIC for hop in chain_of(way).servers}
    socket = stack.connection(sent(b"User-Agent: x\r\n"), FINE)
    socket.ssl_info = SSLInfo("TLSv1.3", "x", "", (b"leaf",))
    own = [("Proxy-Authorization", "x"), ("User-Agent", "x"), ("PROXY-AUTHORIZATION", "y"), ("Proxy-Connection", "z")]
    info, transaction = request_info("https://a.test/", headers=own), stack.transaction()
    assert run(stack, transaction, info) == OK
    response = transaction.response
    assert response is not None and response.ssl_info is socket.ssl_info and response.proxy_chain == chain_of(way)
    (group,) = stack.requested_groups
    assert group.tls == info.tls and group.proxy is not None and group.proxy.last.identity == BASIC
    transaction.close()


@pytest.mark.parametrize("is_forwarded", [False, True])
def test_the_callers_own_words_to_the_proxy(stack: ScriptedStack, is_forwarded: bool) -> None:
    """Row 169, SanitizeProxyAuthHeaders: they go before what else is known of the proxy, to nobody but the proxy."""
    proxies = use_proxies(stack, "http://p:80" if is_forwarded else "direct")
    proxies.identities[P] = BASIC
    own = [("Proxy-Authorization", "mine"), ("Proxy-Connection", "close")]
    written = TO_PROXY.replace(b"Proxy-Connection: keep-alive\r\n", b"")
    fields = b"Proxy-Authorization: mine\r\nProxy-Connection: close\r\n\r\n"
    stack.connection(Write(written + fields) if is_forwarded else sent(), ask(407))
    assert status(stack, request_info(headers=own)) == 407


def test_they_are_for_the_first_proxy_that_gets_them(stack: ScriptedStack) -> None:
    """R5, R18 (CVE-2026-6253): no proxy that a redirect leads to, nor one that takes over within the exchange."""
    proxies, own = use_proxies(stack, "http://p:80"), [("Proxy-Authorization", "mine")]
    mine = b"Proxy-Authorization: mine\r\n"
    stack.connection(forwarded(mine), FINE, forwarded(mine), Read(ERR_CONNECTION_RESET))
    info = request_info(headers=own)
    assert status(stack, info) == 200
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.connection(forwarded(), FINE)
    proxies.ways = ("http://p:80", "http://q:80")
    assert status(stack, info) == 200
    info.own_proxy_chain = chain_of("http://elsewhere:80")
    stack.connection(forwarded(), FINE)
    stack.pools.close_idle_sockets(close_reasons.ON_REQUEST)
    assert status(stack, info) == 200 and info.headers.items() == own


def test_who_got_them_is_known_after_all(stack: ScriptedStack) -> None:
    """R5: over a challenge that was met, and for the redirect that the answer may be."""
    proxies = use_proxies(stack, "http://p:80", "http://q:80")
    mine, info = b"Proxy-Authorization: mine\r\n", server_login(AuthIdentity("u", "p", ("digest",)))
    info.headers.add("Proxy-Authorization", "mine")
    stack.connection(forwarded(mine), ask(401, more="Connection: close\r\n"))
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.connection(forwarded(SERVER_DIGEST), FINE)
    transaction = stack.transaction()
    assert run(stack, transaction, info) == OK and transaction.response is not None
    assert transaction.response.proxy_chain == chain_of("http://q:80")
    assert transaction.response.own_proxy_chain == chain_of("http://p:80")
    transaction.close()
    assert len(proxies.asked) == 1


def test_what_a_delegate_sees_and_changes(stack: ScriptedStack) -> None:
    """All that goes to the proxy. What it takes out is not sent; what it puts in for a proxy goes into no tunnel."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.identities[P] = BASIC
    delegate, info = ScriptedExchangeDelegate(), request_info()
    info.exchange_delegate = delegate
    stack.connection(forwarded(PROXY_BASIC), FINE, forwarded(), FINE)
    assert status(stack, info) == 200
    delegate.change = lambda headers: headers.remove("Proxy-Authorization")
    assert status(stack, info) == 200
    seen = [("Host", "a.test"), ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic bWU6cA==")]
    assert delegate.seen == [seen, seen]
    use_proxies(stack, "socks5://p:80")
    delegate.change = lambda headers: headers.update({"Proxy-Authorization": "x"})
    stack.connection(sent(), FINE)
    assert status(stack, info) == 200


# --- what fails


def test_a_proxy_that_fails_is_gone_around(stack: ScriptedStack) -> None:
    """Row 179, ReconsiderProxyAfterFailedConnection: the service hears of it with the answer, and not before."""
    proxies = use_proxies(stack, "http://p:80", "http://q:80")
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.connection(forwarded(), Read(ERR_CONNECTION_RESET))
    assert status(stack) == ERR_CONNECTION_RESET and not proxies.reported
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.connection(forwarded(), FINE)
    assert status(stack) == 200
    (info,) = proxies.reported
    assert info.chain == chain_of("http://q:80") and info.retry_info is not None
    assert info.retry_info.bad(chain_of("http://p:80"), 100.0 + 299) is not None


@pytest.mark.parametrize("url", ["http://a.test/", "https://a.test/"])
@pytest.mark.parametrize(
    "answer, error, detail",
    [
        (EOF, ERR_EMPTY_RESPONSE, ""),
        (Read(b"SSH-2.0\r\n"), ERR_INVALID_HTTP_RESPONSE, "the answer does not start with an HTTP status line, "),
    ],
)
def test_a_proxy_that_gives_no_answer_is_named(
    stack: ScriptedStack, answer: Read, error: int, detail: str, url: str
) -> None:
    """Whoever was handed a request and does not speak HTTP is asked about; in a tunnel it may as well be the server."""
    use_proxies(stack, "http://p:80")
    stack.connection(forwarded() if url.startswith("http:") else sent(), answer)
    transaction = stack.transaction()
    assert run(stack, transaction, request_info(url)) == error
    handed = ", which was handed the request; is http:// the right scheme for it?" if url.startswith("http:") else ""
    assert transaction.error_detail == f"{detail}through http://p:80{handed}"
    parties = make_parties(request_info(url), stack.session, stack.log())
    assert parties is not None and parties.with_way("bad luck", error) == "bad luck", "nobody is on the way yet"
    transaction.close()


def test_a_tunnel_that_is_refused(stack: ScriptedStack) -> None:
    """Rows 170 and 176: final, whatever other ways there are; no byte of the request was sent to anybody."""
    proxies = use_proxies(stack, "http://p:80", "direct")
    stack.failed_connection(ERR_TUNNEL_CONNECTION_FAILED)
    transaction = stack.transaction()
    assert run(stack, transaction, request_info("https://a.test/")) == ERR_TUNNEL_CONNECTION_FAILED
    assert not transaction.has_sent_bytes and not proxies.reported
    assert transaction.error_detail == "scripted failure, through http://p:80", "whose words do not name it"
    transaction.close()


def test_an_answer_to_connect_is_nobodys_challenge(stack: ScriptedStack) -> None:
    """Row 239, UnexpectedServerAuth: what a proxy says in place of a tunnel never reaches the credentials that are for
    the server.
    """
    use_proxies(stack, "https://p:443")
    stack.failed_connection(ERR_TUNNEL_CONNECTION_FAILED)
    info, transaction = request_info("https://u:p@a.test/"), stack.transaction()
    assert run(stack, transaction, info) == ERR_TUNNEL_CONNECTION_FAILED
    assert transaction.response is None and not transaction.is_ready_to_restart and not transaction.has_sent_bytes
    transaction.close()


def test_a_stale_connection_to_the_proxy(stack: ScriptedStack) -> None:
    """The request goes once more, the same way, for which nobody is asked again."""
    proxies = use_proxies(stack, "http://p:80")
    stack.connection(forwarded(), FINE, forwarded(), Read(ERR_CONNECTION_RESET))
    assert status(stack) == 200
    stack.connection(forwarded(), FINE)
    assert status(stack) == 200 and len(proxies.asked) == 2


def test_another_network_may_have_another_proxy(stack: ScriptedStack) -> None:
    """The settings are asked once more."""
    proxies = use_proxies(stack, "http://p:80")
    stack.failed_connection(ERR_NETWORK_CHANGED)
    stack.connection(forwarded(), FINE)
    assert status(stack) == 200 and len(proxies.asked) == 2


def test_closing_while_the_way_is_looked_for(stack: ScriptedStack) -> None:
    """No callback comes, no connection is opened."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.is_late = True
    transaction, done = stack.transaction(), RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    assert transaction.load_state == LoadState.RESOLVING_PROXY_FOR_URL and transaction.connecting_since == 100.0
    transaction.close()
    stack.run()
    assert not done.is_called and not stack.requested_groups


# --- challenges


@pytest.mark.parametrize(
    "refusal", [ask(407, body=b"no"), ask(407, version="1.0", more="Proxy-Connection: keep-alive\r\n")]
)
def test_a_challenge_of_the_proxys(stack: ScriptedStack, refusal: Step) -> None:
    """Row 169, BasicAuthProxyKeepAliveHttp10 and 11: met on the same connection, and said at once from then on, for
    every server.
    """
    use_proxies(stack, "http://p:80").identities[P] = DIGEST
    socket = stack.connection(forwarded(), refusal, forwarded(PROXY_DIGEST), FINE)
    assert status(stack) == 200 and socket.is_open
    other = TO_PROXY.replace(b"a.test", b"b.test")
    stack.connection(Write(other + PROXY_DIGEST + b"\r\n"), FINE)
    assert status(stack, request_info("http://b.test/")) == 200


@pytest.mark.parametrize(
    "refusal",
    [
        [ask(407, version="1.0")],
        [ask(407, more="Proxy-Connection: close\r\n")],
        [ask(407, more="Connection: close\r\n")],
        [Read(CHALLENGE + b"\r\nno"), EOF],
        [Read(CHALLENGE + b"Content-Length: 9\r\n\r\nno"), EOF],
        [Read(CHALLENGE + b"Content-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n")],
    ],
)
def test_a_connection_that_ends_with_the_challenge(stack: ScriptedStack, refusal: list[Step]) -> None:
    """Row 169, BasicAuthProxyNoKeepAliveHttp10 and 11, HangupDuringBody, ExtraData: the answer goes over another."""
    use_proxies(stack, "http://p:80").identities[P] = DIGEST
    first = stack.connection(forwarded(), *refusal)
    stack.connection(forwarded(PROXY_DIGEST), FINE)
    assert status(stack) == 200 and not first.is_open


@pytest.mark.parametrize("size, is_kept", [(4096, True), (4097, False), (None, False)])
def test_a_large_body_goes_over_another_connection(stack: ScriptedStack, size: int | None, is_kept: bool) -> None:
    """The proxy may have answered before it had all of it. There are some that forget the rest, and never answer what
    comes behind it.
    """
    body = b"x" * (size if size is not None else 5)
    upload: UploadStream = BytesUpload(body)
    if size is None:
        upload = WorkerUpload(IterableSource([body]), None, stack.workers)
    framing = b"Transfer-Encoding: chunked\r\n\r\n" if size is None else b"Content-Length: %d\r\n\r\n" % size
    start = TO_PROXY.replace(b"GET", b"POST")
    answer = PROXY_BASIC + framing
    use_proxies(stack, "http://p:80").identities[P] = AuthIdentity("me", "p", ("basic",))
    sent_body: list[Step] = [Write(b"5\r\nxxxxx\r\n0\r\n\r\n")] if size is None else []
    steps: list[Step] = [Write(start + framing + (b"" if sent_body else body)), *sent_body, ask(407, 'Basic realm="r"')]
    again: list[Step] = [Write(start + answer + (b"" if sent_body else body)), *sent_body, FINE]
    if is_kept:
        stack.connection(*steps, *again)
    else:
        stack.connection(*steps)
        stack.connection(*again)
    assert status(stack, request_info(method="POST", upload=upload)) == 200


@pytest.mark.parametrize("size, is_kept", [(4096, True), (4097, False)])
def test_nobody_gets_a_connection_with_a_body_that_was_left(stack: ScriptedStack, size: int, is_kept: bool) -> None:
    """Where the proxy's no is the answer: who came next would wait for one that does not come."""
    use_proxies(stack, "http://p:80")
    framing = b"Content-Length: %d\r\n\r\n" % size
    socket = stack.connection(Write(TO_PROXY.replace(b"GET", b"POST") + framing + b"x" * size), ask(407, body=b"no"))
    assert status(stack, request_info(method="POST", upload=BytesUpload(b"x" * size))) == 407
    assert socket.is_open == is_kept


def test_basic_is_said_at_once(stack: ScriptedStack) -> None:
    """Row 169: with each request, since a proxy forgets."""
    use_proxies(stack, "http://p:80").identities[P] = BASIC
    stack.connection(forwarded(PROXY_BASIC), FINE, forwarded(PROXY_BASIC), FINE)
    assert status(stack) == 200 and status(stack) == 200


def test_basic_when_asked(stack: ScriptedStack) -> None:
    """Row 169, BasicAuthProxyKeepAliveHttp11: and pre-emptively afterwards."""
    use_proxies(stack, "http://p:80").identities[P] = AuthIdentity("me", "p", ("basic",))
    refusal = ask(407, 'Basic realm="r"')
    stack.connection(forwarded(), refusal, forwarded(PROXY_BASIC), FINE, forwarded(PROXY_BASIC), FINE)
    assert status(stack) == 200 and status(stack) == 200


@pytest.mark.parametrize("identity", [None, BASIC, AuthIdentity("me", "p", ("basic",))])
def test_a_refusal_is_the_answer(stack: ScriptedStack, identity: AuthIdentity | None) -> None:
    """Row 169: body and all, when nobody has another answer; whoever gave this one is to be asked again."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.identities[P] = identity
    refusal = ask(407, 'Basic realm="r"', b"go away")
    if identity is None:
        stack.connection(forwarded(), refusal)
    elif identity.sends_basic:
        stack.connection(forwarded(PROXY_BASIC), refusal)
    else:
        stack.connection(forwarded(), refusal, forwarded(PROXY_BASIC), refusal)
    transaction = stack.transaction()
    assert run(stack, transaction) == OK and transaction.response is not None
    assert transaction.response.head.status == 407 and read_body(stack, transaction) == b"go away"
    transaction.close()
    assert proxies.forgotten == [P]


@pytest.mark.parametrize("way", ["", "direct", "socks5://p:80", "http://p:80"])
def test_a_407_that_is_not_the_proxys(stack: ScriptedStack, way: str) -> None:
    """Row 169, UnexpectedProxyAuth: the server's answer like any other. Nothing is said for it, by anybody."""
    is_secure = way == "http://p:80"
    proxies = use_proxies(stack, *([way] if way else []))
    proxies.identities = {P: BASIC, server_of("socks5://p:80"): BASIC}
    url = "https://a.test/" if is_secure else "http://a.test/"
    for identity in (None, DIGEST):
        stack.connection(sent(), ask(407, body=b"me"))
        info, transaction = request_info(url), stack.transaction()
        info.auth = identity
        assert run(stack, transaction, info) == OK and not transaction.is_ready_to_restart
        assert transaction.response is not None and transaction.response.head.status == 407
        assert read_body(stack, transaction) == b"me"
        transaction.close()
        stack.pools.close_idle_sockets(close_reasons.ON_REQUEST)
    assert not proxies.forgotten


def test_the_proxy_asks_and_then_the_server(stack: ScriptedStack) -> None:
    """Row 169, BasicAuthProxyThenServer: each is told its own, and neither hears the other's."""
    use_proxies(stack, "http://p:80").identities[P] = DIGEST
    stack.connection(
        forwarded(),
        ask(407),
        forwarded(PROXY_DIGEST),
        ask(401),
        forwarded(PROXY_DIGEST, SERVER_DIGEST),
        FINE,
    )
    assert status(stack, server_login(AuthIdentity("u", "p", ("digest",)))) == 200


def test_the_server_asks_and_then_the_proxy(stack: ScriptedStack) -> None:
    """Row 169: the other way round; a 407 says nothing of what the server was told."""
    use_proxies(stack, "http://p:80").identities[P] = DIGEST
    stack.connection(
        forwarded(),
        ask(401),
        forwarded(SERVER_DIGEST),
        ask(407),
        forwarded(PROXY_DIGEST, SERVER_DIGEST),
        FINE,
    )
    assert status(stack, server_login(AuthIdentity("u", "p", ("digest",)))) == 200


def test_a_server_behind_the_proxy_alone(stack: ScriptedStack) -> None:
    """A 401 is answered; a 407 of a proxy that nobody has credentials for is not, least of all with the server's."""
    use_proxies(stack, "http://p:80")
    stack.connection(forwarded(), ask(401), forwarded(SERVER_DIGEST), FINE, forwarded(SERVER_DIGEST), ask(407))
    login = AuthIdentity("u", "p", ("digest",))
    assert status(stack, server_login(login)) == 200
    assert status(stack, server_login(login)) == 407


def test_another_proxy_in_the_middle(stack: ScriptedStack) -> None:
    """R3, R5 (CVE-2026-6253): what was said to the first one is not said to the second, which is asked anew."""
    proxies = use_proxies(stack, "http://p:80", "http://q:80")
    proxies.identities = {P: DIGEST, server_of("http://q:80"): AuthIdentity("you", "q", ("digest",))}
    stack.connection(forwarded(), ask(407, more="Connection: close\r\n"))
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    later = b"Proxy-" + plain_answer("you", "q").encode()
    stack.connection(forwarded(), ask(407), forwarded(later), FINE)
    assert status(stack) == 200


@pytest.mark.parametrize("can_rewind", [False, True])
def test_the_body_is_sent_again(stack: ScriptedStack, can_rewind: bool) -> None:
    """Or the error says who wanted it, and what to do."""
    use_proxies(stack, "http://p:80").identities[P] = AuthIdentity("me", "p", ("basic",))
    head = TO_PROXY.replace(b"GET", b"POST")
    length = b"Content-Length: 5\r\n\r\n"
    refusal = ask(407, 'Basic realm="r"')
    upload: BytesUpload | WorkerUpload = BytesUpload(b"hello")
    if can_rewind:
        stack.connection(Write(head + length + b"hello"), refusal, Write(head + PROXY_BASIC + length + b"hello"), FINE)
    else:
        upload = WorkerUpload(IterableSource(iter([b"hello"])), 5, stack.workers)
        stack.connection(Write(head + length), Write(b"hello"), refusal)
    transaction = stack.transaction()
    result = run(stack, transaction, request_info(method="POST", upload=upload))
    assert result == (OK if can_rewind else ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED)
    if not can_rewind:
        assert transaction.error_detail.startswith("the proxy has asked for credentials after the body was sent; pass")
    transaction.close()


# --- handshakes


def say(token: bytes, name: str = "Proxy-Authorization") -> bytes:
    return f"{name}: {header('NTLM', token)}\r\n".encode()


GO_ON = header("NTLM", b"go on")


def log_in(stack: ScriptedStack, *tokens: bytes) -> FakeSecurity:
    security = FakeSecurity(ntlm=list(tokens or (b"one", b"two")))
    stack.session.security = SecurityService(stack.workers, security)
    return security


def test_a_login_at_the_proxy(stack: ScriptedStack) -> None:
    """Row 171, NTLMAuthV2 and MultiRoundAuth: all rounds go over one connection, which is logged in afterwards, for
    these credentials alone (R1, CVE-2026-3784).
    """
    proxies = use_proxies(stack, "http://p:80")
    proxies.identities[P] = NTLM
    security = log_in(stack)
    socket = stack.connection(
        forwarded(),
        ask(407, "NTLM", b"no"),
        forwarded(say(b"one")),
        ask(407, GO_ON),
        forwarded(say(b"two")),
        FINE,
        forwarded(),
        FINE,
    )
    assert status(stack) == 200 and status(stack) == 200 and len(security.opened) == 1
    assert security.opened[0].host == "p"
    proxies.identities[P] = AuthIdentity("you", "p", ("ntlm",))
    stack.connection(forwarded(), FINE)
    assert status(stack) == 200 and socket.is_open and socket.is_done


def test_the_login_lasts_while_the_server_asks(stack: ScriptedStack) -> None:
    """Rows 169, BasicAuthProxyThenServer, and 171: over another connection the proxy would ask anew."""
    use_proxies(stack, "http://p:80").identities[P] = NTLM
    log_in(stack)
    stack.connection(
        forwarded(),
        ask(407, "NTLM"),
        forwarded(say(b"one")),
        ask(401),
        forwarded(SERVER_DIGEST),
        FINE,
    )
    assert status(stack, server_login(AuthIdentity("u", "p", ("digest",)))) == 200


def test_a_proxy_that_asks_again(stack: ScriptedStack) -> None:
    """Who wants to be told with each request is told once more."""
    use_proxies(stack, "http://p:80").identities[P] = NTLM
    log_in(stack)
    stack.connection(
        forwarded(),
        ask(407, "NTLM"),
        forwarded(say(b"one")),
        ask(401),
        forwarded(SERVER_DIGEST),
        ask(407, "NTLM"),
        forwarded(say(b"one"), SERVER_DIGEST),
        FINE,
    )
    assert status(stack, server_login(AuthIdentity("u", "p", ("digest",)))) == 200


def test_a_login_at_the_server_through_the_proxy(stack: ScriptedStack) -> None:
    """Row 171: its rounds keep the connection, and what the proxy is told goes with each."""
    use_proxies(stack, "http://p:80").identities[P] = BASIC
    log_in(stack)
    name = "Authorization"
    stack.connection(
        forwarded(PROXY_BASIC),
        ask(401, "NTLM"),
        forwarded(PROXY_BASIC, say(b"one", name)),
        ask(401, GO_ON),
        forwarded(PROXY_BASIC, say(b"two", name)),
        FINE,
    )
    assert status(stack, server_login(NTLM)) == 200


def test_the_connection_is_lost_in_the_middle(stack: ScriptedStack) -> None:
    """The login begins once more, over another one, which goes the same way."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.identities[P] = NTLM
    log_in(stack)
    stack.connection(forwarded(), ask(407, "NTLM"), forwarded(say(b"one")), EOF)
    stack.connection(
        forwarded(), ask(407, "NTLM"), forwarded(say(b"one")), ask(407, GO_ON), forwarded(say(b"two")), FINE
    )
    assert status(stack) == 200 and len(proxies.asked) == 1


# --- a delegate


@pytest.mark.parametrize("is_forwarded", [False, True])
def test_a_delegate_answers_the_server(stack: ScriptedStack, is_forwarded: bool) -> None:
    """Row 239: also behind a proxy, which goes on being told its own."""
    proxies = use_proxies(stack, "http://p:80" if is_forwarded else "direct")
    proxies.identities[P] = BASIC
    write = (lambda *fields: forwarded(PROXY_BASIC, *fields)) if is_forwarded else sent
    basic = ask(401, 'Basic realm="r"')
    stack.connection(write(), basic, write(SERVER_BASIC), FINE)
    transaction, info, done = stack.transaction(), request_info(), RecordedCompletion()
    assert run(stack, transaction, info) == OK
    transaction.take_identity(AuthIdentity("u", "p", ("basic",)))
    assert transaction.is_ready_to_restart
    assert transaction.restart_with_auth(info, done) in (OK, ERR_IO_PENDING)
    stack.run()
    assert transaction.response is not None and transaction.response.head.status == 200
    transaction.close()
