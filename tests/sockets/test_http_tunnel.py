"""CONNECT over a scripted socket: the tunnel, the refusals, and the rounds of a login."""

from __future__ import annotations

import pytest

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.digest import DigestHandler
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_TUNNEL_CONNECTION_FAILED,
    ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH,
    OK,
)
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLogCaptureMode, NetLogEntry
from netstack_sync.sockets.http_tunnel import HttpTunnel
from netstack_sync.wire.http1_body import WORTH_READING_BYTES, WORTH_WAITING_S
from netstack_sync.wire.http1_response import MAX_INTERIM
from netstack_sync.workers.security_context import SecurityError
from tests.support.scripted_handshake import ScriptedHandshake
from tests.support.scripted_socket import (
    EOF,
    Pause,
    Read,
    Step,
    Write,
    each_step_failing,
    one_byte_at_a_time,
)
from tests.support.scripted_stack import ScriptedStack, scripted_stack
from tests.support.security import FakeSecurity, Outcome, header

SERVER = HostPortPair("a.test", 443)
PROXY = ProxyServer(ProxyScheme.HTTP, "p.test", 3128)
HEAD = b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Connection: keep-alive\r\nUser-Agent: ua\r\n"
ASK = Write(HEAD + b"\r\n")
OPEN = Read(b"HTTP/1.1 200 Connection established\r\n\r\n")

BASIC = AuthIdentity("me", "p", ("basic",))
DIGEST = AuthIdentity("me", "p", ("digest",))
PAIR = password_identity("me", "p")
NTLM = AuthIdentity("me", "p", ("ntlm",))
ASK_BASIC = Write(HEAD + b"Proxy-Authorization: Basic bWU6cA==\r\n\r\n")
DIGEST_CHALLENGE = 'Digest realm="r", nonce="n", qop="auth"'

REUSE_FAILED = ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
either_end = pytest.mark.parametrize("end", [EOF, Read(ERR_CONNECTION_CLOSED)], ids=["goodbye", "cut"])


@pytest.fixture(autouse=True)
def _known_cnonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be random is always the same."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "c")


class Tunnel(ScriptedHandshake):
    """A tunnel over a script."""

    def __init__(
        self,
        stack: ScriptedStack,
        *steps: Step,
        auth: AuthController | None = None,
        destination: HostPortPair = SERVER,
        user_agent: str = "ua",
    ) -> None:
        super().__init__(stack, *steps)
        timers = stack.thread.timers
        self.tunnel = HttpTunnel(self.socket, PROXY, destination, user_agent, auth, stack.log(), timers)

    def start(self) -> None:
        """To where it waits for the test."""
        self.start_with(self.tunnel)

    def run(self) -> int:
        """To the end."""
        return self.run_with(self.tunnel)


def controller(
    stack: ScriptedStack,
    identity: AuthIdentity,
    cache: HttpAuthCache | None = None,
    security: SecurityService | None = None,
) -> AuthController:
    kept = cache if cache is not None else HttpAuthCache()
    return AuthController(identity, SchemeHostPort("http", "p.test", 3128), "/", kept, stack.log(), security)


def refusal(*fields: str, challenge: str = 'Basic realm="r"', version: str = "1.1") -> bytes:
    lines = [f"HTTP/{version} 407 Who", f"Proxy-Authenticate: {challenge}", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def length(size: int) -> str:
    return f"Content-Length: {size}"


def ask_digest(uses: int = 1, nonce: str = "n") -> Write:
    """The request with the n-th answer to the challenge."""
    handler = DigestHandler.from_challenge(parse_challenges([DIGEST_CHALLENGE.replace('"n"', f'"{nonce}"')])[0], DIGEST)
    assert handler is not None
    values = [handler.authorization(AuthRequest("CONNECT", "a.test:443", lambda: b"")) for _ in range(uses)]
    return Write(HEAD + f"Proxy-Authorization: {values[-1]}\r\n\r\n".encode())


# --- a tunnel


@pytest.mark.parametrize("steps", [[ASK, OPEN], one_byte_at_a_time([ASK, OPEN])], ids=["pieces", "bytes"])
def test_a_tunnel(stack: ScriptedStack, steps: list[Step]) -> None:
    """The connection is left as it is, with nothing read behind the head."""
    tunnel = Tunnel(stack, *steps)
    assert tunnel.run() == OK
    assert tunnel.socket.is_done and tunnel.tunnel.error_detail == ""


def test_an_address_has_its_brackets(stack: ScriptedStack) -> None:
    """RFC 9112 §3.2.3; a user agent that is empty is not named."""
    ask = Write(
        b"CONNECT [2001:db8::7]:443 HTTP/1.1\r\nHost: [2001:db8::7]:443\r\nProxy-Connection: keep-alive\r\n\r\n"
    )
    assert Tunnel(stack, ask, OPEN, destination=HostPortPair("2001:db8::7", 443), user_agent="").run() == OK


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nProxy-Agent: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * MAX_INTERIM + b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_any_200_will_do(stack: ScriptedStack, answer: bytes) -> None:
    """What it says of a body is of no account (RFC 9110 §9.3.6); announcements are passed over, in any pieces."""
    assert Tunnel(stack, ASK, Read(answer)).run() == OK
    if len(answer) < 200:
        assert Tunnel(stack, ASK, *one_byte_at_a_time([Read(answer)])).run() == OK


# --- no tunnel


@pytest.mark.parametrize(
    "status", [*range(201, 207), *range(300, 308), *range(400, 407), *range(408, 418), *range(500, 506), 101, 299, 999]
)
def test_every_other_answer_fails(stack: ScriptedStack, status: int) -> None:
    """Rows 170, ConnectStatus100…505, and 176, RedirectOfHttpsConnectVia*Proxy, ErrorResponseToHttpsConnectVia*: not a
    byte of the body is read where it does not come with the head, and none is in the words.
    """
    head = f"HTTP/1.1 {status} Reason\r\nLocation: http://login.test/\r\nContent-Length: 6\r\n\r\n".encode()
    tunnel = Tunnel(stack, ASK, Read(head), Read(b"secret"))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    assert not tunnel.socket.is_done
    together = Tunnel(stack, ASK, Read(head + b"secret"))
    assert together.run() == ERR_TUNNEL_CONNECTION_FAILED
    for detail in (tunnel.tunnel.error_detail, together.tunnel.error_detail):
        assert detail.startswith(f"the proxy http://p.test:3128 answered CONNECT a.test:443 with {status} Reason")
        assert "secret" not in detail and "login.test" not in detail


def test_a_hostile_reason_is_shown_harmless(stack: ScriptedStack) -> None:
    """R14: bytes of another's are not written to a terminal."""
    tunnel = Tunnel(stack, ASK, Read(b"HTTP/1.1 403 \x9b31m" + b"x" * 500 + b"\r\n\r\n"))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    detail = tunnel.tunnel.error_detail
    assert detail.isprintable() and "with 403 \\x9b31mxxx" in detail and "x" * 100 not in detail


def test_bytes_behind_a_200_fail(stack: ScriptedStack) -> None:
    """They would be read as if the server had sent them."""
    tunnel = Tunnel(stack, ASK, Read(b"HTTP/1.1 200 OK\r\n\r\n\x16"))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    assert tunnel.tunnel.error_detail == (
        "the proxy http://p.test:3128 sent more than a head in answer to CONNECT a.test:443"
    )


@pytest.mark.parametrize(
    "answer", [b"\5\xff and more", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", b"x" * 300_000]
)
def test_what_is_no_http_fails(stack: ScriptedStack, answer: bytes) -> None:
    """The words ask for the scheme, and have nothing of the answer."""
    tunnel = Tunnel(stack, ASK, Read(answer))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    detail = tunnel.tunnel.error_detail
    assert detail.startswith("the proxy http://p.test:3128 did not answer CONNECT a.test:443 in HTTP: ")
    assert detail.endswith("; is http:// the right scheme for it?") and "SSH" not in detail


def test_a_head_without_end_fails(stack: ScriptedStack) -> None:
    """R13: the limits of every head hold."""
    tunnel = Tunnel(stack, ASK, Read(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    assert "exceeds" in tunnel.tunnel.error_detail


def test_announcements_without_end_fail(stack: ScriptedStack) -> None:
    """R13: their number has a limit."""
    tunnel = Tunnel(stack, ASK, Read(b"HTTP/1.1 102 Wait\r\n\r\n" * (MAX_INTERIM + 1)))
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    assert tunnel.tunnel.error_detail.endswith("sent more than 32 announcements and no answer")


@either_end
@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 100 Go on\r\n\r\n"])
def test_a_proxy_that_hangs_up(stack: ScriptedStack, begun: bytes, end: Read) -> None:
    """Half a head is none, however it ends."""
    tunnel = Tunnel(stack, ASK, *([Read(begun)] if begun else []), end)
    assert tunnel.run() == ERR_TUNNEL_CONNECTION_FAILED
    assert tunnel.tunnel.error_detail == (
        "the proxy http://p.test:3128 hung up before it had answered CONNECT a.test:443; "
        "is http:// the right scheme for it?"
    )


def test_a_proxy_that_breaks_off(stack: ScriptedStack) -> None:
    """The error stays that of the connection, for which another proxy is tried; the words are those of a hang-up."""
    tunnel = Tunnel(stack, ASK, Read(ERR_CONNECTION_RESET))
    assert tunnel.run() == ERR_CONNECTION_RESET
    assert "hung up before it had answered CONNECT a.test:443; is http:// the" in tunnel.tunnel.error_detail


@pytest.mark.parametrize("steps", each_step_failing([ASK, *one_byte_at_a_time([OPEN])][:5]))
def test_an_error_of_the_socket_is_the_result(stack: ScriptedStack, steps: list[Step]) -> None:
    """Whoever owns the connection knows what it means for the proxy."""
    assert Tunnel(stack, *steps).run() == ERR_CONNECTION_RESET


def test_a_connection_that_was_lost_before(stack: ScriptedStack) -> None:
    """Is an error like any other: nobody had promised anything."""
    tunnel = Tunnel(stack)
    tunnel.socket.abort(ERR_CONNECTION_RESET)
    assert tunnel.run() == ERR_CONNECTION_RESET


# --- challenges


KEPT_OPEN = {
    "no body": refusal(length(0)),
    "length": refusal(length(5)) + b"sorry",
    "chunked": refusal("Transfer-Encoding: chunked") + b"2\r\nno\r\n0\r\n\r\n",
    "HTTP/1.0": refusal(length(5), "Proxy-Connection: keep-alive", version="1.0") + b"sorry",
    "as large as may be": refusal(length(WORTH_READING_BYTES)) + b"x" * WORTH_READING_BYTES,
}


@pytest.mark.parametrize("answer", KEPT_OPEN.values(), ids=KEPT_OPEN)
def test_a_challenge_is_met_on_the_same_connection(stack: ScriptedStack, answer: bytes) -> None:
    """Row 169, BasicAuthProxyKeepAliveHttp10/11: its body is read and forgotten, in any pieces."""
    steps: list[Step] = [ASK, Read(answer), ASK_BASIC, OPEN]
    assert Tunnel(stack, *steps, auth=controller(stack, BASIC)).run() == OK
    if len(answer) < 200:
        assert Tunnel(stack, *one_byte_at_a_time(steps), auth=controller(stack, BASIC)).run() == OK


CLOSED = {
    "HTTP/1.1, close": refusal(length(0), "Connection: close"),
    "HTTP/1.1, proxy close": refusal(length(0), "Proxy-Connection: close"),
    "HTTP/1.0": refusal(length(0), version="1.0"),
    "HTTP/1.0 without end": refusal(version="1.0"),
    "without end": refusal(),
    "too large": refusal(length(WORTH_READING_BYTES + 1)),
    "too large, chunked": refusal("Transfer-Encoding: chunked") + b"8000\r\n" + b"x" * WORTH_READING_BYTES,
    "extra data": refusal(length(5)) + b"sorryX",
    "no chunk": refusal("Transfer-Encoding: chunked") + b"zz\r\n",
    "in doubt": refusal("Transfer-Encoding: chunked", length(5)) + b"0\r\n\r\n",
    "chunks in doubt": refusal("Transfer-Encoding: chunked") + b"0\n\n",
}


@pytest.mark.parametrize("answer", CLOSED.values(), ids=CLOSED)
def test_a_challenge_is_met_on_another_connection(stack: ScriptedStack, answer: bytes) -> None:
    """Row 169, BasicAuthProxyNoKeepAliveHttp10/11, BasicAuthProxyKeepAliveExtraData: another tunnel with the same
    controller sends the credentials at once.
    """
    auth = controller(stack, BASIC)
    assert Tunnel(stack, ASK, Read(answer), auth=auth).run() == REUSE_FAILED
    assert Tunnel(stack, ASK_BASIC, OPEN, auth=auth).run() == OK


@pytest.mark.parametrize("end", [EOF, Read(ERR_CONNECTION_CLOSED), Read(ERR_CONNECTION_RESET)], ids=str)
@pytest.mark.parametrize("body", [b"", b"hel"])
def test_a_proxy_that_hangs_up_during_a_challenge(stack: ScriptedStack, body: bytes, end: Read) -> None:
    """Row 169, BasicAuthProxyKeepAliveHangupDuringBody."""
    auth = controller(stack, BASIC)
    assert Tunnel(stack, ASK, Read(refusal(length(5)) + body), end, auth=auth).run() == REUSE_FAILED
    assert Tunnel(stack, ASK_BASIC, OPEN, auth=auth).run() == OK


@pytest.mark.parametrize(
    "steps",
    [
        [Read(b"HTTP/1.1 200 OK\r\n\r\n")],
        [EOF],
        [ASK_BASIC, EOF],
        [ASK_BASIC, Read(ERR_CONNECTION_RESET)],
        [ASK_BASIC, Read(ERR_CONNECTION_CLOSED)],
        [Write(ERR_CONNECTION_ABORTED)],
        [Write(ERR_SOCKET_NOT_CONNECTED)],
    ],
)
def test_a_proxy_that_does_not_keep_its_promise(steps: list[Step]) -> None:
    """It may hang up where it said keep-alive; and what it says unasked is no answer to what follows."""
    with scripted_stack(is_async=False) as stack:
        auth = controller(stack, BASIC)
        assert Tunnel(stack, ASK, Read(refusal(length(0))), *steps, auth=auth).run() == REUSE_FAILED
        assert Tunnel(stack, ASK_BASIC, OPEN, auth=auth).run() == OK


@pytest.mark.parametrize("error", [ERR_CONNECTION_RESET, ERR_ABORTED])
def test_an_answer_that_breaks_off_is_no_broken_promise(stack: ScriptedStack, error: int) -> None:
    """Nor is an error that is not the connection's."""
    begun = [Read(b"HTTP")] if error == ERR_CONNECTION_RESET else []
    tunnel = Tunnel(stack, ASK, Read(refusal(length(0))), ASK_BASIC, *begun, Read(error), auth=controller(stack, BASIC))
    assert tunnel.run() == error


def test_a_body_that_does_not_come(stack: ScriptedStack) -> None:
    """It is waited for no longer than a new connection is worth."""
    tunnel = Tunnel(stack, ASK, Read(refusal(length(5)) + b"hel"), Pause(), auth=controller(stack, BASIC))
    tunnel.start()
    stack.advance(WORTH_WAITING_S - 0.1)
    assert not tunnel.done.is_called
    stack.advance(0.1)
    assert tunnel.done.result == REUSE_FAILED and not tunnel.socket.is_watched


def test_the_next_answer_may_take_its_time(stack: ScriptedStack) -> None:
    """Only the rest of a challenge has that limit."""
    steps: list[Step] = [ASK, Read(refusal(length(5)) + b"so"), Read(b"rry"), ASK_BASIC, Pause(), OPEN]
    tunnel = Tunnel(stack, *steps, auth=controller(stack, BASIC))
    tunnel.start()
    stack.advance(10 * WORTH_WAITING_S)
    assert not tunnel.done.is_called
    tunnel.socket.resume()
    stack.run()
    assert tunnel.done.result == OK


def test_nobody_answers_without_credentials(stack: ScriptedStack) -> None:
    """Row 169, BasicAuthProxyCancelTunnel: no byte of the body is anybody's."""
    answer = refusal(length(6), challenge='Basic realm="r", Digest realm="s"') + b"secret"
    tunnel = Tunnel(stack, ASK, Read(answer))
    assert tunnel.run() == ERR_PROXY_AUTH_REQUESTED
    assert tunnel.tunnel.error_detail == (
        "the proxy http://p.test:3128 wants to be told who is asking (basic, digest); "
        "pass proxy_auth, or put user:password@ into its URL"
    )


@pytest.mark.parametrize("challenge", ["Bearer", "Negotiate", 'Digest realm="r", nonce="n", algorithm=unknown'])
def test_a_scheme_that_does_not_fit_the_credentials(stack: ScriptedStack, challenge: str) -> None:
    """The words name it."""
    tunnel = Tunnel(stack, ASK, Read(refusal(length(0), challenge=challenge)), auth=controller(stack, DIGEST))
    assert tunnel.run() == ERR_PROXY_AUTH_REQUESTED
    assert f"({challenge.split()[0].lower()}); the credentials" in tunnel.tunnel.error_detail


def test_refused_credentials(stack: ScriptedStack) -> None:
    """They are not sent twice, over this connection or another."""
    auth = controller(stack, BASIC)
    steps: list[Step] = [ASK, Read(refusal(length(0))), ASK_BASIC, Read(refusal(length(0)))]
    tunnel = Tunnel(stack, *steps, auth=auth)
    assert tunnel.run() == ERR_PROXY_AUTH_REQUESTED
    assert "were refused" in tunnel.tunnel.error_detail
    assert "bWU6cA" not in tunnel.tunnel.error_detail and "p" not in tunnel.tunnel.error_detail.split()


def test_a_pair_is_sent_unasked(stack: ScriptedStack) -> None:
    """As Basic, with the first request; then as Digest, if the proxy prefers that."""
    assert Tunnel(stack, ASK_BASIC, OPEN, auth=controller(stack, PAIR)).run() == OK
    steps: list[Step] = [ASK_BASIC, Read(refusal(length(0), challenge=DIGEST_CHALLENGE)), ask_digest(), OPEN]
    assert Tunnel(stack, *steps, auth=controller(stack, PAIR)).run() == OK


def test_a_pair_that_is_refused(stack: ScriptedStack) -> None:
    """The same credentials are not sent again."""
    tunnel = Tunnel(stack, ASK_BASIC, Read(refusal(length(0))), auth=controller(stack, PAIR))
    assert tunnel.run() == ERR_PROXY_AUTH_REQUESTED


def test_digest_and_the_next_nonce(stack: ScriptedStack) -> None:
    """Proxy-Authentication-Info is heeded (RFC 7615 §4), and the next tunnel waits for no challenge."""
    cache = HttpAuthCache()
    first = Read(b'HTTP/1.1 200 OK\r\nProxy-Authentication-Info: nextnonce="m"\r\n\r\n')
    steps: list[Step] = [ASK, Read(refusal(length(0), challenge=DIGEST_CHALLENGE)), ask_digest(), first]
    assert Tunnel(stack, *steps, auth=controller(stack, DIGEST, cache)).run() == OK
    assert Tunnel(stack, ask_digest(nonce="m"), OPEN, auth=controller(stack, DIGEST, cache)).run() == OK
    assert Tunnel(stack, ask_digest(uses=2, nonce="m"), OPEN, auth=controller(stack, DIGEST, cache)).run() == OK


def test_credentials_are_remembered_that_a_refusal_of_another_kind_took(stack: ScriptedStack) -> None:
    """The proxy knew who was asking, and still could not connect."""
    cache = HttpAuthCache()
    bad_gateway = Read(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    steps: list[Step] = [ASK, Read(refusal(length(0), challenge=DIGEST_CHALLENGE)), ask_digest(), bad_gateway]
    assert Tunnel(stack, *steps, auth=controller(stack, DIGEST, cache)).run() == ERR_TUNNEL_CONNECTION_FAILED
    assert Tunnel(stack, ask_digest(uses=2), OPEN, auth=controller(stack, DIGEST, cache)).run() == OK


# --- handshakes: NTLM and Negotiate


def security(stack: ScriptedStack, *outcomes: Outcome) -> tuple[SecurityService, FakeSecurity]:
    """Workers make these tokens for each login."""
    fake = FakeSecurity(ntlm=list(outcomes))
    return SecurityService(stack.workers, fake), fake


def ask_ntlm(token: bytes) -> Write:
    return Write(HEAD + f"Proxy-Authorization: {header('NTLM', token)}\r\n\r\n".encode())


FIRST = Read(refusal(length(0), challenge="NTLM"))
GO_ON = Read(refusal(length(2), challenge=header("NTLM", b"go on")) + b"no")


def test_a_login_of_the_connection(stack: ScriptedStack) -> None:
    """All rounds go over it, also when a body costs more than a new one; the token knows the proxy's certificate."""
    service, fake = security(stack, b"one", b"two")
    size = 2 * WORTH_READING_BYTES
    large = Read(refusal(length(size), challenge="NTLM") + b"x" * size)
    tunnel = Tunnel(
        stack, ASK, large, ask_ntlm(b"one"), GO_ON, ask_ntlm(b"two"), OPEN, auth=controller(stack, NTLM, None, service)
    )
    tunnel.socket.ssl_info = SSLInfo("TLSv1.3", "x", "", (b"leaf", b"root"))
    assert tunnel.run() == OK
    assert [params.certificate for params in fake.opened] == [b"leaf"]
    assert [params.host for params in fake.opened] == ["p.test"]
    assert fake.received == [None, b"go on"]


def test_a_login_begins_on_a_new_connection(stack: ScriptedStack) -> None:
    """Where the proxy closes the one on which it asked; its token is made for that new one."""
    service, fake = security(stack, b"one", b"two")
    auth = controller(stack, NTLM, None, service)
    closing = Read(refusal(length(0), "Connection: close", challenge="NTLM"))
    assert Tunnel(stack, ASK, closing, auth=auth).run() == REUSE_FAILED
    assert not fake.opened
    tunnel = Tunnel(stack, ask_ntlm(b"one"), GO_ON, ask_ntlm(b"two"), OPEN, auth=auth)
    assert tunnel.run() == OK
    assert len(fake.opened) == 1


def test_a_login_that_lost_its_connection_begins_anew(stack: ScriptedStack) -> None:
    """Once: it says nothing of the first one's tokens."""
    service, fake = security(stack, b"one", b"two")
    auth = controller(stack, NTLM, None, service)
    assert Tunnel(stack, ASK, FIRST, ask_ntlm(b"one"), EOF, auth=auth).run() == REUSE_FAILED
    steps: list[Step] = [ASK, FIRST, ask_ntlm(b"one"), GO_ON, ask_ntlm(b"two"), OPEN]
    assert Tunnel(stack, *steps, auth=auth).run() == OK
    assert len(fake.opened) == 2 and fake.received == [None, None, b"go on"]


def test_a_login_needs_a_proxy_that_keeps_connections(stack: ScriptedStack) -> None:
    """It is not begun with one that never does, and not gone on with where one closes in the middle."""
    service, fake = security(stack, b"one", b"two")
    never = Read(refusal(length(0), challenge="NTLM", version="1.0"))
    assert Tunnel(stack, ASK, never, auth=controller(stack, NTLM, None, service)).run() == ERR_PROXY_AUTH_REQUESTED
    assert not fake.opened
    closing = Read(refusal(length(0), "Connection: close", challenge=header("NTLM", b"go on")))
    steps: list[Step] = [ASK, FIRST, ask_ntlm(b"one"), closing]
    assert Tunnel(stack, *steps, auth=controller(stack, NTLM, None, service)).run() == ERR_PROXY_AUTH_REQUESTED


@pytest.mark.parametrize("what_came", [Read(b"HTTP/1.1 200 OK\r\n\r\n"), EOF], ids=["bytes", "end"])
def test_what_came_while_a_token_was_made(what_came: Read) -> None:
    """Answers nothing, and the token goes nowhere."""
    with scripted_stack(is_async=False) as stack:
        service, _ = security(stack, b"one", b"two")
        tunnel = Tunnel(stack, ASK, FIRST, auth=controller(stack, NTLM, None, service))
        tunnel.start()
        tunnel.socket.extend(what_came)
        stack.run_workers()
        assert tunnel.done.result == REUSE_FAILED and b"NTLM" not in tunnel.socket.written


def test_a_token_that_cannot_be_made(stack: ScriptedStack) -> None:
    """The reason is the result."""
    service, _ = security(stack, SecurityError(ERR_MISSING_AUTH_CREDENTIALS, "no ticket"))
    tunnel = Tunnel(stack, ASK, FIRST, auth=controller(stack, NTLM, None, service))
    assert tunnel.run() == ERR_MISSING_AUTH_CREDENTIALS
    assert tunnel.tunnel.error_detail == "no ticket"


# --- the end


LOGIN_STEPS: list[Step] = [ASK, Read(refusal(length(5)) + b"so"), Read(b"rry"), ASK_BASIC, OPEN]


@pytest.mark.parametrize("paused_at", range(len(LOGIN_STEPS)))
def test_nothing_is_told_after_a_cancel(stack: ScriptedStack, paused_at: int) -> None:
    """Row 169, BasicAuthProxyCancelTunnel: whatever it waits for, and no timer is left."""
    steps: list[Step] = [*LOGIN_STEPS[:paused_at], Pause(), *LOGIN_STEPS[paused_at:]]
    tunnel = Tunnel(stack, *steps, auth=controller(stack, BASIC))
    tunnel.start()
    tunnel.tunnel.cancel()
    tunnel.tunnel.cancel()
    tunnel.socket.resume()
    stack.advance(2 * WORTH_WAITING_S)
    assert not tunnel.done.is_called and not tunnel.socket.is_watched and len(stack.thread.timers) == 0


def test_a_cancel_while_a_token_is_made(stack: ScriptedStack) -> None:
    """It goes nowhere."""
    service, _ = security(stack, b"one")
    tunnel = Tunnel(stack, ASK, FIRST, auth=controller(stack, NTLM, None, service))
    tunnel.start()
    tunnel.tunnel.cancel()
    stack.run_workers()
    assert not tunnel.done.is_called and b"NTLM" not in tunnel.socket.written


def test_a_cancel_without_credentials(stack: ScriptedStack) -> None:
    """There is nobody to be told."""
    tunnel = Tunnel(stack, ASK, Pause(), OPEN)
    tunnel.start()
    tunnel.tunnel.cancel()
    assert not tunnel.tunnel.is_pending


# --- the log


class _Shown:
    """What somebody sees who captures in a mode."""

    def __init__(self) -> None:
        self.entries: list[NetLogEntry] = []

    def on_add_entry(self, entry: NetLogEntry) -> None:
        """Keeps it."""
        self.entries.append(entry)


def test_the_log_tells_the_steps_and_no_credentials() -> None:
    """As Chromium's; only who asked for all of it sees secrets."""
    with scripted_stack(is_async=True) as stack:
        shown = _Shown()
        stack.net_log.add_observer(shown, NetLogCaptureMode.DEFAULT)
        assert Tunnel(stack, *LOGIN_STEPS, auth=controller(stack, BASIC)).run() == OK
        names = [
            entry.type.name
            for entry in shown.entries
            if entry.phase != NetLogEventPhase.END and entry.type.name.startswith("HTTP_")
        ]
        once = [
            "HTTP_TRANSACTION_TUNNEL_SEND_REQUEST",
            "HTTP_TRANSACTION_SEND_TUNNEL_HEADERS",
            "HTTP_TRANSACTION_TUNNEL_READ_HEADERS",
            "HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS",
        ]
        assert names == [*once, "HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART", *once]
        sent = [dict(e.params) for e in shown.entries if e.type.name == "HTTP_TRANSACTION_SEND_TUNNEL_HEADERS"]
        assert sent[0]["line"] == "CONNECT a.test:443 HTTP/1.1", "a line without its end"
        assert "Proxy-Authorization: [14 bytes were stripped]" in str(sent[1]["headers"])
        assert "bWU6cA" not in str([entry.params for entry in shown.entries])
        type = NetLogEventType.HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS
        heads = stack.recorded.params_of(type, NetLogEventPhase.NONE)
        assert heads[-1] == {"headers": ["HTTP/1.1 200 Connection established"]}


def test_the_log_tells_how_it_ended() -> None:
    """The span that was open has the error."""
    with scripted_stack(is_async=True) as stack:
        Tunnel(stack, ASK, Read(ERR_CONNECTION_RESET)).run()
        type = NetLogEventType.HTTP_TRANSACTION_TUNNEL_READ_HEADERS
        assert stack.recorded.params_of(type, NetLogEventPhase.END) == [{"net_error": ERR_CONNECTION_RESET}]
