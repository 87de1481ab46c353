"""A challenge in the middle of an exchange: what becomes of its connection, its body, and the request's body."""

from __future__ import annotations

import pytest

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.digest import DigestHandler
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_MISSING_AUTH_CREDENTIALS,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.url import Url
from netstack_sync.http.body_drainer import DRAIN_BYTES, DRAIN_LIMIT_S
from netstack_sync.http.exchange_auth import ExchangeAuth
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.network_transaction import NetworkTransaction
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.stream_request import group_id_for
from netstack_sync.http.upload import BytesUpload, IterableSource, UploadStream, WorkerUpload
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool.proxy_route import ProxyHop
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from netstack_sync.workers.security_context import SecurityError
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import server_of
from tests.support.scripted_socket import EOF, Pause, Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack, request_info, scripted_stack
from tests.support.security import FakeSecurity, Outcome, header

ME = AuthIdentity("me", "p", ("digest",))
CHALLENGE = 'Digest realm="r", nonce="n", qop="auth, auth-int"'
DRAIN = NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


@pytest.fixture(autouse=True)
def _known_cnonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be random is always the same."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "c")


def answer(uses: int = 1, method: str = "GET", challenge: str = CHALLENGE, body: bytes | None = b"") -> bytes:
    """The header of the n-th answer to the challenge."""
    handler = DigestHandler.from_challenge(parse_challenges([challenge])[0], ME)
    assert handler is not None
    values = [handler.authorization(AuthRequest(method, "/", lambda: body)) for _ in range(uses)]
    return f"Authorization: {values[-1]}\r\n".encode()


def refusal(*fields: str, challenge: str = CHALLENGE) -> bytes:
    lines = ["HTTP/1.1 401 Unauthorized", f"WWW-Authenticate: {challenge}", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def length(size: int) -> str:
    return f"Content-Length: {size}"


def info(method: str = "GET", upload: UploadStream | None = None, url: str = "http://a.test/") -> HttpRequestInfo:
    request = request_info(url, method, upload=upload)
    request.auth = ME
    return request


def start(stack: ScriptedStack, transaction: NetworkTransaction, request: HttpRequestInfo) -> int:
    """Runs to the final head or an error."""
    result = challenged(stack, transaction, request)
    while result == OK and transaction.is_ready_to_restart:
        done = RecordedCompletion()
        result = transaction.restart_with_auth(request, done)
        stack.run_workers()
        result = done.result if result == ERR_IO_PENDING else result
    return result


def challenged(stack: ScriptedStack, transaction: NetworkTransaction, request: HttpRequestInfo) -> int:
    """Runs to the first head or an error."""
    done = RecordedCompletion()
    result = transaction.start(request, done)
    stack.run_workers()
    return done.result if result == ERR_IO_PENDING else result


def status(stack: ScriptedStack, request: HttpRequestInfo | None = None) -> int:
    """The whole exchange: the answer's status, or the error."""
    transaction = stack.transaction()
    result = start(stack, transaction, request if request is not None else info())
    response = transaction.response
    transaction.close()
    stack.run()
    if result != OK:
        return result
    assert response is not None
    return response.head.status


def draining(stack: ScriptedStack, *steps: Step) -> tuple[NetworkTransaction, RecordedCompletion, ScriptedSocket]:
    """An exchange that waits for the rest of the challenge's body."""
    socket = stack.connection(Write(GET + b"\r\n"), Read(refusal(length(5)) + b"h"), Pause(), *steps)
    transaction, done = stack.transaction(), RecordedCompletion()
    assert challenged(stack, transaction, info()) == OK and transaction.is_ready_to_restart
    assert transaction.restart_with_auth(info(), done) == ERR_IO_PENDING
    stack.run()
    assert transaction.load_state == LoadState.READING_RESPONSE and transaction.response is None
    assert transaction.has_sent_bytes and transaction.sent_bytes == 0
    return transaction, done, socket


# --- the connection


@pytest.mark.parametrize(
    "head, pieces",
    [
        (refusal(length(0)), []),
        (refusal(length(5)) + b"hello", []),
        (refusal(length(5)), [b"he", b"llo"]),
        (refusal("Transfer-Encoding: chunked"), [b"5\r\nhello\r\n", b"0\r\n\r\n"]),
        (refusal(length(DRAIN_BYTES)), [b"x" * DRAIN_BYTES]),
    ],
)
def test_the_same_connection_carries_the_answer(stack: ScriptedStack, head: bytes, pieces: list[bytes]) -> None:
    """Row 168, BasicAuthKeepAlive, NoBody, LargeBody: what is left of the challenge is read first."""
    reads = [Read(piece) for piece in (head, *pieces)]
    stack.connection(Write(GET + b"\r\n"), *reads, Write(GET + answer() + b"\r\n"), Read(FINE))
    assert status(stack) == 200
    spans = stack.recorded.params_of(DRAIN, NetLogEventPhase.BEGIN)
    assert len(spans) == len(stack.recorded.params_of(DRAIN, NetLogEventPhase.END)) == stack.is_async


@pytest.mark.parametrize(
    "reads",
    [
        [Read(refusal(length(0), "Connection: close"))],
        [Read(refusal()), EOF],
        [Read(refusal(length(DRAIN_BYTES + 1))), Read(b"x" * (DRAIN_BYTES + 1))],
        [Read(refusal(length(5))), Read(ERR_CONNECTION_RESET)],
        [Read(refusal(length(5))), EOF],
        [Read(refusal("Transfer-Encoding: chunked")), Read(b"nonsense\r\n")],
    ],
)
def test_a_connection_that_is_not_worth_it_is_replaced(stack: ScriptedStack, reads: list[Step]) -> None:
    """Rows 168, BasicAuth, BasicAuthKeepAliveImpatientServer, and 180, DrainResetOK."""
    first = stack.connection(Write(GET + b"\r\n"), *reads)
    stack.connection(Write(GET + answer() + b"\r\n"), Read(FINE))
    assert status(stack) == 200
    assert not first.is_open


def test_a_kept_connection_that_the_server_closed_meanwhile(stack: ScriptedStack) -> None:
    """The request is sent again by the rule for stale sockets, with its credentials."""
    stack.connection(
        Write(GET + b"\r\n"), Read(refusal(length(0))), Write(GET + answer() + b"\r\n"), Read(ERR_CONNECTION_RESET)
    )
    stack.connection(Write(GET + answer(uses=2) + b"\r\n"), Read(FINE))
    assert status(stack) == 200


def test_the_rest_is_not_waited_for_for_ever(stack: ScriptedStack) -> None:
    """Five seconds, then another connection."""
    transaction, done, socket = draining(stack)
    stack.connection(Write(GET + answer() + b"\r\n"), Read(FINE))
    stack.advance(DRAIN_LIMIT_S)
    assert done.result == OK and not socket.is_open
    transaction.close()


def test_closing_meanwhile(stack: ScriptedStack) -> None:
    """No callback comes, nothing else is sent, the connection goes."""
    transaction, done, socket = draining(stack)
    transaction.close()
    transaction.close()
    stack.advance(DRAIN_LIMIT_S)
    assert not done.is_called and not socket.is_open


def test_the_second_round_fails(stack: ScriptedStack) -> None:
    """As every request does."""
    stack.connection(Write(GET + b"\r\n"), Read(refusal(length(0), "Connection: close")))
    stack.connection(Write(GET + answer() + b"\r\n"), Read(ERR_CONNECTION_CLOSED))
    assert status(stack) < 0


# --- what is sent


def test_the_next_request_waits_for_no_challenge(stack: ScriptedStack) -> None:
    """Row 168, BasicAuthCacheAndPreauth, DigestPreAuthNonceCount; but others, and privacy mode, know nothing
    (DoNotSendAuth).
    """
    stack.connection(
        Write(GET + b"\r\n"),
        Read(refusal(length(0))),
        Write(GET + answer() + b"\r\n"),
        Read(FINE),
        Write(GET + answer(uses=2) + b"\r\n"),
        Read(FINE),
        Write(GET + b"\r\n"),
        Read(refusal(length(0))),
    )
    assert status(stack) == 200
    assert status(stack) == 200
    assert status(stack, request_info()) == 401
    private = info()
    private.privacy_mode = True
    stack.connection(Write(GET + b"\r\n"), Read(refusal(length(0))))
    assert status(stack, private) == 401


def test_refused(stack: ScriptedStack) -> None:
    """Row 168, BasicAuthForever: the second 401 is the answer, body and all."""
    stack.connection(
        Write(GET + b"\r\n"),
        Read(refusal(length(0))),
        Write(GET + answer() + b"\r\n"),
        Read(refusal(length(4)) + b"away"),
    )
    transaction = stack.transaction()
    assert start(stack, transaction, info()) == OK
    answers: list[bytes | int] = []
    data = transaction.read(answers.append)
    stack.run()
    assert [data, *answers][-1] == b"away"
    transaction.close()


def test_the_next_nonce_comes_with_the_answer(stack: ScriptedStack) -> None:
    """RFC 7616 §3.5."""
    fine = b'HTTP/1.1 200 OK\r\nAuthentication-Info: nextnonce="m"\r\nContent-Length: 0\r\n\r\n'
    later = answer(challenge=CHALLENGE.replace('"n"', '"m"'))
    stack.connection(
        Write(GET + b"\r\n"),
        Read(refusal(length(0))),
        Write(GET + answer() + b"\r\n"),
        Read(fine),
        Write(GET + later + b"\r\n"),
        Read(FINE),
    )
    assert status(stack) == 200
    assert status(stack) == 200


def test_the_callers_credentials_go_before_those_of_the_url(stack: ScriptedStack) -> None:
    """They were given last."""
    first, second = Write(GET + b"Authorization: Basic eDp5\r\n\r\n"), Write(GET + answer() + b"\r\n")
    stack.connection(first, Read(refusal(length(0))), second, Read(FINE))
    assert status(stack, info(url="http://x:y@a.test/")) == 200
    assert password_identity("x", "y") != ME


# --- the body of the request


def post(header: bytes = b"") -> bytes:
    fields = b"Content-Length: 5\r\n\r\n"
    return b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n" + header + fields


@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_a_body_is_sent_again(stack: ScriptedStack, qop: str) -> None:
    """And signed, where the server wants that."""
    challenge = CHALLENGE.replace("auth, auth-int", qop)
    header = answer(method="POST", challenge=challenge, body=b"hello")
    stack.connection(
        Write(post() + b"hello"),
        Read(refusal(length(0), challenge=challenge)),
        Write(post(header) + b"hello"),
        Read(FINE),
    )
    assert status(stack, info("POST", BytesUpload(b"hello"))) == 200


def test_no_body_is_signed_as_an_empty_one(stack: ScriptedStack) -> None:
    """RFC 7616 §3.4.3."""
    challenge = CHALLENGE.replace("auth, auth-int", "auth-int")
    header = answer(challenge=challenge)
    refused = Read(refusal(length(0), challenge=challenge))
    stack.connection(Write(GET + b"\r\n"), refused, Write(GET + header + b"\r\n"), Read(FINE))
    assert status(stack) == 200


def once(stack: ScriptedStack) -> WorkerUpload:
    """A body that can be read only once."""
    return WorkerUpload(IterableSource(iter([b"hello"])), 5, stack.workers)


def test_a_body_that_is_gone(stack: ScriptedStack) -> None:
    """The error says what to do; nothing of the second request is sent."""
    stack.connection(Write(post()), Write(b"hello"), Read(refusal(length(0))))
    transaction = stack.transaction()
    assert start(stack, transaction, info("POST", once(stack))) == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    assert "pass bytes" in transaction.error_detail and transaction.has_sent_bytes
    transaction.close()


def test_a_body_that_cannot_be_signed(stack: ScriptedStack) -> None:
    """It is not in memory, or would hold the network thread up: the 401 is the answer."""
    refused = Read(refusal(length(0), challenge='Digest realm="r", nonce="n", qop=auth-int'))
    stack.connection(Write(post()), Write(b"hello"), refused)
    assert status(stack, info("POST", once(stack))) == 401
    long = b"x" * ((1 << 20) + 1)
    stack.connection(Write(post().replace(b" 5", b" %d" % len(long))), Write(long), refused)
    stack.pool.close_idle_sockets("")
    assert status(stack, info("POST", BytesUpload(long))) == 401


# --- handshakes: NTLM and Negotiate

LOGIN = AuthIdentity("me", "p", ("ntlm",))
GO_ON = header("NTLM", b"go on")


def logging_in(stack: ScriptedStack, *outcomes: Outcome) -> FakeSecurity:
    """From now on workers make these tokens for each login."""
    security = FakeSecurity(ntlm=list(outcomes or (b"one", b"two")))
    stack.session.security = SecurityService(stack.workers, security)
    return security


def login(method: str = "GET", upload: UploadStream | None = None, identity: AuthIdentity = LOGIN) -> HttpRequestInfo:
    request = request_info(method=method, upload=upload)
    request.auth = identity
    return request


def get(token: bytes = b"") -> Write:
    return Write(GET + (f"Authorization: {header('NTLM', token)}\r\n".encode() if token else b"") + b"\r\n")


FIRST = Read(refusal(length(0), challenge="NTLM"))
SECOND = Read(refusal(length(0), challenge=GO_ON))


def test_all_rounds_go_over_one_connection(stack: ScriptedStack) -> None:
    """Row 171, NTLMAuthV2, MultiRoundAuth: bodies of challenges are read, also those that would cost too much else."""
    security = logging_in(stack)
    size = 2 * DRAIN_BYTES
    socket = stack.connection(
        get(),
        Read(refusal(length(2), challenge="NTLM") + b"no"),
        get(b"one"),
        Read(refusal(length(size), challenge=GO_ON)),
        Read(b"x" * size),
        get(b"two"),
        Read(FINE),
        get(),
        Read(FINE),
    )
    assert status(stack, login()) == 200
    assert security.received == [None, b"go on"]
    assert status(stack, login()) == 200, "a connection that is logged in needs no token"
    assert socket.is_open and len(security.opened) == 1
    [group] = stack.pool.groups()
    assert group.group_id.identity == LOGIN


def test_a_logged_in_connection_is_nobody_elses(stack: ScriptedStack) -> None:
    """R1 (CVE-2026-3784, CVE-2026-1965, CVE-2026-5545): neither another user's nor that of a request without one."""
    logging_in(stack)
    mine = stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(FINE))
    assert status(stack, login()) == 200
    strangers = [
        info(),
        login(identity=AuthIdentity("me", "other", ("ntlm",))),
        login(identity=AuthIdentity("you", "p", ("ntlm",))),
    ]
    groups = set()
    for stranger in strangers:
        stack.connection(get(), Read(FINE))
        assert status(stack, stranger) == 200
        groups.add(group_id_for(stranger))
    assert mine.is_open and mine.is_done and len(groups) == 3
    assert group_id_for(request_info()) == group_id_for(info()), "Digest says who asks with every request"


def test_nobody_gets_the_connection_in_the_middle(stack: ScriptedStack) -> None:
    """While a worker makes the token, another request of the same user takes another one."""
    logging_in(stack)
    stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(FINE))
    transaction, done = stack.transaction(), RecordedCompletion()
    assert challenged(stack, transaction, login()) == OK and transaction.is_ready_to_restart
    assert transaction.restart_with_auth(login(), done) == ERR_IO_PENDING
    stack.run()
    assert len(stack.workers.jobs) == 1 and not done.is_called
    assert transaction.load_state == LoadState.SENDING_REQUEST
    assert stack.open_sockets == 1
    assert [len(group.idle) for group in stack.pool.groups()] == [0]
    stack.run_workers()
    assert done.result == OK and transaction.is_ready_to_restart
    assert transaction.timing.socket_reused
    transaction.close()


def test_the_first_round_may_go_over_a_new_connection(stack: ScriptedStack) -> None:
    """Many servers close after the request that came without a token."""
    logging_in(stack)
    stack.connection(get(), Read(refusal(length(0), "Connection: close", challenge="NTLM")))
    stack.connection(get(b"one"), SECOND, get(b"two"), Read(FINE))
    assert status(stack, login()) == 200


def test_the_connection_dies_in_the_middle(stack: ScriptedStack) -> None:
    """The handshake starts anew on another one, without the tokens of the first."""
    logging_in(stack)
    stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(ERR_CONNECTION_RESET))
    stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(FINE))
    assert status(stack, login()) == 200


@pytest.mark.parametrize("surprise", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"])
def test_a_server_that_speaks_out_of_turn(surprise: bytes) -> None:
    """What comes while the token is made answers nothing, and the connection is not used again."""
    with scripted_stack(is_async=False) as stack:  # a socket that nobody watches is never ready otherwise
        logging_in(stack)
        first = stack.connection(get(), FIRST, get(b"one"), SECOND, Pause(), Read(surprise))
        stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(FINE))
        transaction, done = stack.transaction(), RecordedCompletion()
        assert challenged(stack, transaction, login()) == OK
        assert start_again(stack, transaction) == OK
        assert transaction.restart_with_auth(login(), done) == ERR_IO_PENDING
        stack.run()
        first.resume()
        stack.run_workers()
        assert done.result == OK and not first.is_open
        assert start_again(stack, transaction) == OK and start_again(stack, transaction) == OK
        assert transaction.response is not None and transaction.response.head.status == 200
        transaction.close()


def start_again(stack: ScriptedStack, transaction: NetworkTransaction) -> int:
    """The next round."""
    assert transaction.is_ready_to_restart
    done = RecordedCompletion()
    result = transaction.restart_with_auth(login(), done)
    stack.run_workers()
    return done.result if result == ERR_IO_PENDING else result


def test_the_connection_dies_again(stack: ScriptedStack) -> None:
    """Once is bad luck. The challenge is the answer then."""
    logging_in(stack)
    for _ in range(2):
        stack.connection(get(), FIRST, get(b"one"), Read(ERR_CONNECTION_RESET))
    stack.connection(get(), FIRST)
    assert status(stack, login()) == 401


def test_the_body_of_a_round_does_not_end(stack: ScriptedStack) -> None:
    """What cannot be drained closes the connection, and so voids the handshake."""
    logging_in(stack)
    endless = Read(refusal(challenge=GO_ON))
    for _ in range(2):
        stack.connection(get(), FIRST, get(b"one"), endless)
    stack.connection(get(), FIRST)
    assert status(stack, login()) == 401


def test_the_server_closes_after_its_own_token(stack: ScriptedStack) -> None:
    """There is nowhere to answer it: the challenge is the answer."""
    security = logging_in(stack)
    stack.connection(get(), FIRST, get(b"one"), Read(refusal(length(0), "Connection: close", challenge=GO_ON)))
    assert status(stack, login()) == 401
    assert security.received == [None]


@pytest.mark.parametrize("field, expected", [("Connection: close", 401), ("Connection: keep-alive", 200)])
def test_http_1_0(stack: ScriptedStack, field: str, expected: int) -> None:
    """Without keep-alive no handshake could end."""
    security = logging_in(stack)
    head = refusal(length(0), field, challenge="NTLM").replace(b"HTTP/1.1", b"HTTP/1.0")
    stack.connection(get(), Read(head), get(b"one"), Read(FINE))
    assert status(stack, login()) == expected
    assert len(security.opened) == (expected == 200)


def test_no_token(stack: ScriptedStack) -> None:
    """The exchange fails, and says why; nothing more is sent, and the connection goes."""
    logging_in(stack, SecurityError(ERR_MISSING_AUTH_CREDENTIALS, "no ticket"))
    socket = stack.connection(get(), FIRST)
    transaction = stack.transaction()
    assert start(stack, transaction, login()) == ERR_MISSING_AUTH_CREDENTIALS
    assert transaction.error_detail == "no ticket" and transaction.has_sent_bytes
    transaction.close()
    assert not socket.is_open


def test_closing_while_a_token_is_made(stack: ScriptedStack) -> None:
    """No callback comes, and a handshake that was begun is nobody else's to end."""
    logging_in(stack)
    socket = stack.connection(get(), FIRST)
    transaction, done = stack.transaction(), RecordedCompletion()
    assert challenged(stack, transaction, login()) == OK
    assert transaction.restart_with_auth(login(), done) == ERR_IO_PENDING
    stack.run()
    transaction.close()
    stack.run_workers()
    assert not done.is_called and not socket.is_open


def test_the_login_is_bound_to_the_servers_certificate(stack: ScriptedStack) -> None:
    """RFC 5929; as the server sent it, whether or not anybody verified it."""
    security = logging_in(stack)
    socket = stack.connection(get(), FIRST, get(b"one"), Read(FINE))
    socket.ssl_info = SSLInfo("TLSv1.3", "x", "", (b"leaf", b"root"))
    request = login()
    request.url = Url.parse("https://a.test/")
    assert status(stack, request) == 200
    assert security.opened[0].certificate == b"leaf"


def test_a_body_is_sent_in_every_round(stack: ScriptedStack) -> None:
    """Each of them might be the last."""

    def posted(token: bytes = b"") -> Write:
        return Write(post(f"Authorization: {header('NTLM', token)}\r\n".encode() if token else b"") + b"hello")

    logging_in(stack)
    stack.connection(posted(), FIRST, posted(b"one"), SECOND, posted(b"two"), Read(FINE))
    assert status(stack, login("POST", BytesUpload(b"hello"))) == 200


def test_a_body_waits_for_no_round_of_a_handshake(stack: ScriptedStack) -> None:
    """If it did, each challenge would end its connection: it only waits before there is one."""
    logging_in(stack)
    request = login("POST", BytesUpload(b"hello"))
    request.interim = InterimAnswers(expects_continue=True)
    one, two = (post(f"Authorization: {header('NTLM', token)}\r\n".encode()) + b"hello" for token in (b"one", b"two"))
    stack.connection(Write(post(b"Expect: 100-continue\r\n")), FIRST)
    stack.connection(Write(one), SECOND, Write(two), Read(FINE))
    assert status(stack, request) == 200


def test_the_log_tells_the_rounds_and_no_secret(stack: ScriptedStack) -> None:
    """The controller has a source of its own, which the request's names."""
    logging_in(stack)
    stack.connection(get(), FIRST, get(b"one"), SECOND, get(b"two"), Read(FINE))
    assert status(stack, login()) == 200
    begun = stack.recorded.params_of(NetLogEventType.AUTH_CONTROLLER, NetLogEventPhase.BEGIN)
    bound = stack.recorded.params_of(NetLogEventType.AUTH_BOUND_TO_CONTROLLER, NetLogEventPhase.NONE)
    assert len(begun) == len(bound) == stack.is_async
    if not stack.is_async:
        return
    assert begun == [{"target": "server", "url": "http://a.test/"}]
    sources = {entry.source.id for entry in stack.recorded.entries if entry.type == NetLogEventType.AUTH_CONTROLLER}
    assert [entry["source_dependency"] for entry in bound] == [{"type": 30, "id": source} for source in sources]
    told = [entry for entry in stack.recorded.entries if entry.type.name.startswith(("AUTH_", "SOCKET_POOL", "TCP_"))]
    for entry in told:
        for secret in (b"one", b"two", b"go on"):
            assert header("", secret).strip() not in str(entry.params)
        assert "'p'" not in str(entry.params)


def test_a_login_does_not_ask_before_each_body(stack: ScriptedStack) -> None:
    """A body that stays unsent costs the connection, over which the login must go on."""
    logging_in(stack)
    asking = post(b"Expect: 100-continue\r\n")
    stack.connection(Write(asking), FIRST)
    one, two = (post(f"Authorization: {header('NTLM', token)}\r\n".encode()) + b"hello" for token in (b"one", b"two"))
    stack.connection(Write(one), SECOND, Write(two), Read(FINE))
    request = login("POST", BytesUpload(b"hello"))
    request.interim = InterimAnswers(expects_continue=True)
    assert status(stack, request) == 200 and not request.interim.expects_continue


# --- two who ask


P = ProxyHop(server_of("http://p:80"), AuthIdentity("me", "p", ("digest",)))
FROM_PROXY = refusal().replace(b"401", b"407").replace(b"WWW-", b"Proxy-")


def head_of(data: bytes) -> ResponseHead:
    head = ResponseHeadParser().receive(data)
    assert head is not None
    return head


def said(auth: ExchangeAuth) -> tuple[bool, bool]:
    """Whether the server, and the proxy, is told something."""
    return auth.authorization() is not None, auth.proxy_authorization() is not None


def test_each_is_told_what_it_has_asked_for(stack: ScriptedStack) -> None:
    """Row 169, BasicAuthProxyThenServer; the whole of it is in test_exchange_parties.py."""
    request = info()
    auth = ExchangeAuth(request, stack.session, stack.log())
    auth.forward_by(P, request)
    assert said(auth) == (False, False)
    assert auth.wants_restart(head_of(FROM_PROXY)) and said(auth) == (False, True)
    assert auth.wants_restart(head_of(refusal())) and said(auth) == (True, True)
    assert not auth.wants_restart(head_of(FINE)) and auth.error_detail == ""
    auth.cancel()


def test_another_proxy_knows_nothing_yet(stack: ScriptedStack) -> None:
    """R3 (CVE-2026-7168): what one was told is not told to the next, nor to a server that comes in its place."""
    request = info()
    auth = ExchangeAuth(request, stack.session, stack.log())
    auth.forward_by(P, request)
    assert auth.wants_restart(head_of(FROM_PROXY))
    auth.forward_by(P, request)
    assert said(auth) == (False, True), "it is the same one"
    auth.forward_by(ProxyHop(server_of("http://q:80"), P.identity), request)
    assert said(auth) == (False, False)
    auth.forward_by(None, request)
    assert said(auth) == (False, False) and not auth.wants_restart(head_of(FROM_PROXY)), "it is the server's answer"
    auth.cancel()


def test_nobody_is_known_to_the_one_that_asks(stack: ScriptedStack) -> None:
    """Its challenge is the answer; the other one's credentials are not for it."""
    request, plain = info(), request_info()
    for auth, asked, hop in (
        (ExchangeAuth(request, stack.session, stack.log()), FROM_PROXY, P._replace(identity=None)),
        (ExchangeAuth(plain, stack.session, stack.log()), refusal(), P),
    ):
        auth.forward_by(hop, request)
        assert not auth.wants_restart(head_of(asked)) and auth.error_detail == ""
        assert not auth.wants_restart(head_of(FINE))
        auth.cancel()


@pytest.mark.parametrize("challenge, can_meet", [(CHALLENGE, True), ('Basic realm="r"', False), ("", False)])
@pytest.mark.parametrize("had_one", [False, True])
def test_somebody_else_answers_the_server(stack: ScriptedStack, challenge: str, can_meet: bool, had_one: bool) -> None:
    """Row 239: nothing was refused to him, since he has said nothing."""
    request = request_info()
    request.auth = AuthIdentity("nobody", "x", ("basic",)) if had_one else None
    auth = ExchangeAuth(request, stack.session, stack.log())
    request.auth = ME
    assert auth.take_identity(request, head_of(refusal(challenge=challenge))) == can_meet
    assert said(auth) == (can_meet, False)
    auth.cancel()


def test_a_login_over_somebodys_connection(stack: ScriptedStack) -> None:
    """Rule R1: a connection that others think is theirs is not logged in; who is named late gets one of his own."""
    logging_in(stack)
    first = stack.connection(get(), FIRST)
    stack.connection(get(b"one"), SECOND, get(b"two"), Read(FINE))
    transaction, request = stack.transaction(), request_info()
    assert challenged(stack, transaction, request) == OK
    transaction.take_identity(LOGIN)
    result = OK
    while result == OK and transaction.is_ready_to_restart:
        done = RecordedCompletion()
        result = transaction.restart_with_auth(request, done)
        stack.run_workers()
        result = done.result if result == ERR_IO_PENDING else result
    assert transaction.response is not None and transaction.response.head.status == 200 and first.is_open
    transaction.close()
