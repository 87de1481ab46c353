"""Who sees every request of a context, and what becomes of the request."""

from __future__ import annotations

from base64 import b64encode

import pytest

from netstack_sync.auth.identity import DIGEST, NTLM, AuthIdentity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.headers import RequestHeaders, ResponseHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_BLOCKED_BY_CLIENT,
    ERR_CONNECTION_RESET,
    ERR_IO_PENDING,
    ERR_TOO_MANY_REDIRECTS,
    ERR_UNEXPECTED,
    ERR_UNKNOWN_URL_SCHEME,
    ERR_UNSAFE_REDIRECT,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.cookies.public_suffix import PublicSuffixes, PublicSuffixGate
from netstack_sync.cookies.store import MemoryCookieStore
from netstack_sync.http.hsts_store import TransportSecurityState, host_keys
from netstack_sync.http.upload import BytesUpload
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.delegate_calls import MAX_AUTH_ROUNDS
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.network_delegate import HopStart, NetworkDelegate, ReceivedHead
from netstack_sync.url_request.optional_services import make_delegate_calls
from netstack_sync.url_request.url_request import URLRequest
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.network_delegates import NEWS, STAGES, RecordingNetworkDelegate
from tests.support.scripted_socket import Pause, Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.security import FakeSecurity, header
from tests.support.url_requests import RecordingDelegate, context_over, new_request

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
UNAUTHORIZED = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n'


def head(target: str = "/", host: str = "a.test", method: str = "GET", extra: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n{extra}\r\n".encode()


GET = head()


def fine_head() -> ResponseHead:
    found = ResponseHeadParser().receive(FINE)
    assert found is not None
    return found


@pytest.fixture
def network() -> RecordingNetworkDelegate:
    return RecordingNetworkDelegate()


@pytest.fixture
def context(stack: ScriptedStack, network: RecordingNetworkDelegate) -> URLRequestContext:
    context = context_over(stack)
    context.make_delegate_calls = make_delegate_calls(network, context.thread)
    return context


def run(
    stack: ScriptedStack, context: URLRequestContext, url: str = "http://a.test/", method: str = "GET"
) -> tuple[URLRequest, RecordingDelegate]:
    upload = BytesUpload(b"body") if method == "POST" else None
    request, delegate = new_request(context, request_info(url, method, upload=upload))
    request.start()
    stack.run()
    return request, delegate


# --- what is seen


def test_the_base_lets_everything_be(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Whoever overrides nothing changes nothing, redirects and challenges included."""
    context.make_delegate_calls = make_delegate_calls(NetworkDelegate(), context.thread)
    hop = Read(b"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
    stack.connection(Write(GET), hop, Write(head("/x")), Read(UNAUTHORIZED))
    request, delegate = run(stack, context)
    assert delegate.result == OK and request.response is not None and request.response.head.status == 401


def test_everything_is_seen_in_its_order(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """One hop after the other, before its owner hears of it; the end comes once."""
    hop = Read(b"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
    stack.connection(Write(GET), hop, Write(head("/x")), Read(FINE))
    urls: list[str] = []
    network.act = lambda _, request: urls.append(request.url.path)
    request, delegate = run(stack, context)
    assert network.events == [*STAGES, "before_redirect", *STAGES, "response_started", "completed"]
    assert urls == ["/", "/", "/", "/", "/x", "/x", "/x", "/x", "/x"]
    assert (delegate.result, delegate.body) == (OK, b"fine")
    assert [redirect.url.href for redirect in network.redirects] == ["http://a.test/x"]
    assert network.started == [OK] and network.completed == [(True, OK)]
    request.cancel()
    assert len(network.completed) == 1


def test_a_request_that_never_starts_is_not_seen(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Nothing was done for it that could end."""
    request, _ = new_request(context, request_info())
    request.cancel()
    assert network.events == []


def test_failures_are_told(stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate) -> None:
    """Row 240, NetworkDelegateProxyError: the error in place of the head, and again as the end; a body that breaks off
    is told at the end only.
    """
    stack.failed_connection(ERR_CONNECTION_RESET)
    run(stack, context)
    assert network.started == [ERR_CONNECTION_RESET] and network.completed == [(True, ERR_CONNECTION_RESET)]
    stack.connection(Write(GET), Read(FINE[:-1]), Read(ERR_CONNECTION_RESET))
    run(stack, context)
    assert network.started[1:] == [OK] and network.completed[1:] == [(True, ERR_CONNECTION_RESET)]


# --- refusing


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("stage", STAGES)
def test_refused(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, stage: str, waits: bool
) -> None:
    """Row 240, NetworkDelegateCancelRequestSynchronously and Asynchronously 1-3: the owner gets the error, once."""
    if stage != STAGES[0]:
        stack.connection(Write(GET), Read(FINE)) if stage == STAGES[2] else stack.connection()
    network.results[stage] = ERR_IO_PENDING if waits else ERR_BLOCKED_BY_CLIENT
    request, delegate = run(stack, context)
    if waits:
        assert delegate.result == ERR_IO_PENDING and request.load_state == LoadState.WAITING_FOR_DELEGATE
        network.release(ERR_BLOCKED_BY_CLIENT)
        stack.run()
    assert delegate.result == ERR_BLOCKED_BY_CLIENT and delegate.events[-1] == "response"
    assert network.events == [*STAGES[: STAGES.index(stage) + 1], "response_started", "completed"]
    assert network.started == [ERR_BLOCKED_BY_CLIENT] and network.completed == [(True, ERR_BLOCKED_BY_CLIENT)]
    assert context.request_count == 0 and request.has_sent_bytes == (stage == STAGES[2])
    assert request.error_detail == "the network delegate said ERR_BLOCKED_BY_CLIENT"


@pytest.mark.parametrize("stage", STAGES)
def test_held_up_and_let_go(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, stage: str
) -> None:
    """The request goes on where it was; only the first answer counts."""
    stack.connection(Write(GET), Read(FINE))
    network.results[stage] = ERR_IO_PENDING
    request, delegate = run(stack, context)
    assert delegate.result == ERR_IO_PENDING
    answer = network.waiting[0]
    network.release()
    answer(ERR_BLOCKED_BY_CLIENT)
    stack.run()
    answer(ERR_BLOCKED_BY_CLIENT)
    stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine") and request.load_state == LoadState.IDLE


@pytest.mark.parametrize("stage", STAGES)
def test_cancelled_while_it_waits(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, stage: str
) -> None:
    """Row 240, NetworkDelegateCancelWhileWaiting 1-3: an answer that comes afterwards is heard by nobody."""
    steps: list[Step] = [Write(GET), Read(FINE)] if stage == STAGES[2] else []
    stack.connection(*steps)
    network.results[stage] = ERR_IO_PENDING
    request, delegate = run(stack, context)
    events = list(delegate.events)
    request.cancel()
    assert network.completed == [(stage != STAGES[0], ERR_ABORTED)]
    network.release()
    stack.run()
    assert delegate.events == events and delegate.result == ERR_IO_PENDING
    assert network.events[-1] == "completed" and context.request_count == 0


@pytest.mark.parametrize("event", [*STAGES, *NEWS, "auth_required"])
def test_ended_from_inside(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, event: str
) -> None:
    """Rows 234 and 240: fail() works in every method, is told once, and whatever the method answers counts no more."""
    hop: list[Step] = [Read(b"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), Write(head("/x"))]
    last = UNAUTHORIZED if event == "auth_required" else FINE
    stack.connection(Write(GET), *(hop if event == "before_redirect" else []), Read(last))
    network.results[event] = ERR_UNEXPECTED
    network.auth = [("user", "password")]
    network.act = lambda name, request: request.fail(ERR_BLOCKED_BY_CLIENT) if name == event else None
    _, delegate = run(stack, context)
    is_late = event == "completed"
    assert delegate.result == (OK if is_late else ERR_BLOCKED_BY_CLIENT)
    assert network.started == [OK] if event in NEWS[1:] else network.started == [ERR_BLOCKED_BY_CLIENT]
    assert network.completed == [(event != STAGES[0], OK if is_late else ERR_BLOCKED_BY_CLIENT)]
    assert delegate.events.count("response") == 1


@pytest.mark.parametrize("event", [*STAGES, *NEWS, "auth_required"])
def test_a_delegate_that_raises_harms_only_its_request(
    stack: ScriptedStack,
    context: URLRequestContext,
    network: RecordingNetworkDelegate,
    event: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The bug is printed, the request fails with ERR_UNEXPECTED, and the next one is served."""
    answer = {"auth_required": UNAUTHORIZED, "before_redirect": b"HTTP/1.1 302 Go\r\nLocation: /x\r\n\r\n"}
    if event != STAGES[0]:
        stack.connection(Write(GET), Read(answer.get(event, FINE)))

    def act(name: str, _: object) -> None:
        if name == event and request.url.path == "/":
            raise RuntimeError("a bug of the delegate")

    network.act = act
    request, delegate = new_request(context, request_info())
    request.start()
    stack.run()
    assert delegate.result == (OK if event == "completed" else ERR_UNEXPECTED)
    assert "a bug of the delegate" in capsys.readouterr().err
    assert network.completed == [(True, delegate.result)]
    network.act = lambda _, __: None
    stack.connection(Write(head("/next")), Read(FINE))
    stack.pool.close_idle_sockets("")
    assert run(stack, context, "http://a.test/next")[1].body == b"fine"


@pytest.mark.parametrize("result", [None, True, 1, "x", ERR_IO_PENDING])
@pytest.mark.parametrize("waits", [False, True])
def test_an_answer_that_is_none(
    stack: ScriptedStack,
    context: URLRequestContext,
    network: RecordingNetworkDelegate,
    result: int,
    waits: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A forgotten `return OK` is a bug that is named, not a request that hangs."""
    if result == ERR_IO_PENDING and not waits:
        return
    network.results["before_url_request"] = ERR_IO_PENDING if waits else result
    _, delegate = run(stack, context)
    if waits:
        network.release(result)
        stack.run()
    assert delegate.result == ERR_UNEXPECTED
    assert f"answered {result!r}" in capsys.readouterr().err


# --- sending elsewhere


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sent_elsewhere(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, method: str, waits: bool
) -> None:
    """Row 240, NetworkDelegateRedirectRequest and RedirectRequestPost: a synthetic 307, with method and body."""

    def go(start: HopStart) -> None:
        if not network.redirects:
            start.redirect("http://b.test/there" if method == "GET" else Url.parse("http://b.test/there"))

    network.on_start = go
    network.results["before_url_request"] = ERR_IO_PENDING if waits else OK
    extra = "" if method == "GET" else "Content-Length: 4\r\n"
    sent = head("/there", "b.test", method, extra) + (b"body" if method == "POST" else b"")
    stack.connection(Write(sent), Read(FINE))
    request, delegate = run(stack, context, method=method)
    while network.waiting:
        network.release()
        stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine")
    (redirect,) = delegate.redirects
    assert (redirect.status, redirect.method, redirect.is_from_delegate) == (307, method, True)
    (hop,) = request.history
    assert hop.head.status == 307 and hop.head.headers.get("non-authoritative-reason") == "Delegate"
    assert hop.head.headers.get("location") == "http://b.test/there"


def test_trailers_of_an_answer_that_was_changed(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """They come with the body, after the head has changed."""
    network.on_head = lambda answer: answer.set_headers([("A", "b")])
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nT: 1\r\n\r\n"
    stack.connection(Write(GET), Read(chunked))
    request, delegate = run(stack, context)
    assert (delegate.result, delegate.body) == (OK, b"fine") and request.response is not None
    assert request.response.head.headers.items() == [("A", "b")]
    assert request.response.head.trailers.items() == [("T", "1")]


def test_nothing_was_sent_before_the_delegate_sent_it_elsewhere(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """The synthetic hop is no reason to believe that a server has seen anything."""
    network.on_start = lambda start: None if network.redirects else start.redirect("/x")
    stack.failed_connection(ERR_CONNECTION_RESET)
    request, delegate = run(stack, context)
    assert delegate.result == ERR_CONNECTION_RESET and len(request.history) == 1 and not request.has_sent_bytes


def test_a_delegate_that_goes_round_is_stopped(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Rule R22: its redirects are counted with those of servers."""
    network.on_start = lambda start: start.redirect("/again")
    request, delegate = run(stack, context)
    assert delegate.result == ERR_TOO_MANY_REDIRECTS and len(request.history) == 20


@pytest.mark.parametrize(
    "location, error", [("data:,x", ERR_UNKNOWN_URL_SCHEME), ("file:///etc/passwd", ERR_UNKNOWN_URL_SCHEME)]
)
def test_a_scheme_that_nobody_handles(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, location: str, error: int
) -> None:
    """A delegate is trusted with URLs that no server may lead to; but somebody must handle them."""
    network.on_start = lambda start: None if network.redirects else start.redirect(location)
    assert run(stack, context)[1].result == error


def test_credentials_do_not_go_elsewhere(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Rule R5 holds for redirects of a delegate as well."""
    network.on_start = lambda start: None if network.redirects else start.redirect("http://b.test/")
    stack.connection(Write(head("/", "b.test", extra="Accept: x\r\n")), Read(FINE))
    headers = [("Authorization", "Basic eA=="), ("Cookie", "a=1"), ("Accept", "x")]
    request, delegate = new_request(context, request_info("http://a.test/", headers=headers))
    request.start()
    stack.run()
    assert delegate.body == b"fine"


@pytest.mark.parametrize("waits", [False, True])
def test_an_answer_that_is_taken_for_a_redirect(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate, waits: bool
) -> None:
    """Row 240, NetworkDelegateRedirectRequestOnHeadersReceived: as if the server had sent a 302."""
    network.on_head = lambda answer: None if network.redirects else answer.redirect("/there")
    network.results["headers_received"] = ERR_IO_PENDING if waits else OK
    hop = b"HTTP/1.1 200 OK\r\nLocation: /not\r\nX-Kept: 1\r\nContent-Length: 4\r\n\r\nrest"
    stack.connection(Write(GET), Read(hop), Write(head("/there")), Read(FINE))
    request, delegate = run(stack, context)
    while network.waiting:
        network.release()
        stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine") and request.url.path == "/there"
    seen = request.history[0].head
    assert (seen.status, seen.reason, seen.headers.get("location")) == (302, "Found", "/there")
    assert seen.headers.get("x-kept") == "1"


def test_unsafe_targets_stay_unsafe_in_an_answer(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Row 236, RestrictUnsafeRedirect: what looks like a server's word is treated as one."""
    network.on_head = lambda answer: answer.redirect(Url.parse("file:///etc/passwd"))
    stack.connection(Write(GET), Read(EMPTY))
    assert run(stack, context)[1].result == ERR_UNSAFE_REDIRECT


# --- the headers that are sent


def test_headers_are_seen_and_changed_as_they_are_sent(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Host and credentials of the URL included; what tells the length of the body cannot be changed (rule R16)."""

    def change(headers: RequestHeaders) -> None:
        headers.set("X-Added", "1")
        headers.remove("Accept")
        headers.set("Content-Length", "99")
        headers.set("Transfer-Encoding", "chunked")

    network.on_send = change
    sent = head("/", method="POST", extra="Authorization: Basic dTpw\r\nX-Added: 1\r\nContent-Length: 4\r\n")
    stack.connection(Write(sent + b"body"), Read(FINE))
    info = request_info("http://u:p@a.test/", "POST", [("Accept", "x")], BytesUpload(b"body"))
    request, delegate = new_request(context, info)
    request.start()
    stack.run()
    assert delegate.body == b"fine"
    keep_alive = ("Connection", "keep-alive")
    assert network.sent == [
        [("Host", "a.test"), keep_alive, ("Accept", "x"), ("Authorization", "Basic dTpw")],
    ]
    assert info.headers.items() == [("Accept", "x")], "the request itself stays as it is"


def test_credentials_can_be_taken_out(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Also those that stand in the URL."""
    network.on_send = lambda headers: headers.remove("Authorization")
    stack.connection(Write(GET), Read(FINE))
    assert run(stack, context, "http://u:p@a.test/")[1].body == b"fine"


def test_cookies_and_answers_to_challenges_are_seen(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """They are asked again for the second round, with what was set in the first."""
    suffixes = PublicSuffixes()
    suffixes.load()
    clock = ManualWallClock()

    def make_store() -> MemoryCookieStore:
        return MemoryCookieStore(clock, suffixes)

    cookies = CookieSteps(make_store(), make_store, PublicSuffixGate(suffixes, stack.workers), clock)
    context.job_factory = URLRequestJobFactory(stack.session, cookies=cookies)
    challenge = b'HTTP/1.1 401 No\r\nSet-Cookie: a=1\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n'
    socket = stack.connection(Write(GET), Read(challenge + b"Content-Length: 0\r\n\r\n"), Pause())
    info = request_info()
    info.auth = AuthIdentity("u", "p", (DIGEST,))
    request, _ = new_request(context, info)
    request.start()
    stack.run_workers()
    first, second = (dict(headers) for headers in network.sent)
    assert "Authorization" not in first and "Cookie" not in first
    assert second["Authorization"].startswith("Digest ") and second["Cookie"] == "a=1"
    assert not socket.is_done
    request.cancel()


def test_headers_are_seen_again_when_they_are_sent_again(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """A connection that the server has closed meanwhile is exchanged, and what was changed is changed again."""
    network.on_send = lambda headers: headers.set("X-Count", str(len(network.sent)))
    first, second, third = (head(extra=f"X-Count: {count}\r\n") for count in (1, 2, 3))
    stack.connection(Write(first), Read(EMPTY), Write(second), Read(ERR_CONNECTION_RESET))
    stack.connection(Write(third), Read(FINE))
    run(stack, context)
    assert run(stack, context)[1].body == b"fine"


# --- the answer


def test_an_answer_can_be_changed(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Its body stays framed as it came."""

    def change(answer: ReceivedHead) -> None:
        assert (answer.status, answer.reason, answer.headers.get("content-length")) == (200, "OK", "4")
        answer.set_headers([("X-New", "1"), ("Content-Length", "1")])
        answer.set_status(203)

    network.on_head = change
    stack.connection(Write(GET), Read(FINE))
    request, delegate = run(stack, context)
    assert delegate.body == b"fine" and request.response is not None
    seen = request.response.head
    assert (seen.status, seen.reason, seen.content_length) == (203, "", 4)
    assert seen.headers.items() == [("X-New", "1"), ("Content-Length", "1")]


@pytest.mark.parametrize("status", [199, 600, True, "200"])
def test_a_status_is_a_number(status: int) -> None:
    """What would be no final answer is refused."""
    with pytest.raises(ValueError, match="status"):
        ReceivedHead(fine_head()).set_status(status)


def test_headers_of_an_answer_are_checked() -> None:
    """No line breaks can be smuggled in, and headers of another answer can be taken."""
    answer = ReceivedHead(fine_head())
    with pytest.raises(ValueError, match="X"):
        answer.set_headers([("X", "a\r\nb")])
    assert not answer.is_changed
    answer.set_headers(ResponseHeaders.from_items([("A", "1"), ("A", "2")]))
    assert answer.is_changed and answer.headers.get_all("a") == ["1", "2"]


def test_an_upgrade_to_https_is_a_hop_like_others(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """The delegate sees both, and what is sent only once."""
    hsts = TransportSecurityState(ManualWallClock(), {host_keys("a.test")[0]: True})
    context.job_factory = URLRequestJobFactory(stack.session, hsts)
    stack.connection(Write(GET), Read(FINE))
    assert run(stack, context)[1].body == b"fine"
    assert network.events.count("before_url_request") == 2 and network.events.count("before_send_headers") == 1
    assert [redirect.is_internal for redirect in network.redirects] == [True]


# --- who is asking


def challenged(stack: ScriptedStack, *answers: tuple[str, bytes]) -> ScriptedSocket:
    steps: list[Step] = []
    for authorization, answer in answers:
        extra = f"Authorization: {authorization}\r\n" if authorization else ""
        steps += [Write(head(extra=extra)), Read(answer)]
    return stack.connection(*steps)


BASIC_UP, BASIC_UQ = "Basic dTpw", "Basic dTpx"


def test_a_challenge_that_the_delegate_can_meet(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Row 239, BasicAuth: over the same connection; the next password when the first was wrong."""
    network.auth = [("u", "p"), AuthIdentity("u", "q", ("basic",))]
    challenged(stack, ("", UNAUTHORIZED), (BASIC_UP, UNAUTHORIZED), (BASIC_UQ, FINE))
    request, delegate = run(stack, context)
    assert delegate.body == b"fine" and network.challenges == ["basic", "basic"]
    assert request.response is not None and request.response.head.status == 200


def test_a_login_that_the_delegate_knows(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """R1 (CVE-2026-1965): over a connection of its own, since that of the challenge goes back to everybody."""
    network.auth = [AuthIdentity("u", "p", (NTLM,))]
    stack.session.security = SecurityService(stack.workers, FakeSecurity(ntlm=[b"one", b"two"]))
    wants = b"HTTP/1.1 401 No\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n"
    anybodys = stack.connection(Write(GET), Read(wants % b"NTLM"))
    challenged(
        stack,
        (header("NTLM", b"one"), wants % header("NTLM", b"go on").encode()),
        (header("NTLM", b"two"), FINE),
    )
    request, delegate = new_request(context, request_info())
    request.start()
    stack.run_workers()
    assert delegate.body == b"fine" and anybodys.is_open and anybodys.is_done
    idle = {group.group_id.identity: len(group.idle) for group in stack.pool.groups()}
    assert idle == {None: 1, AuthIdentity("u", "p", (NTLM,)): 1}


@pytest.mark.parametrize(
    "answers, rounds",
    [([], 1), ([OK], 1), ([("u", "p"), ("u", "p")], 2), ([AuthIdentity("u", "p", (DIGEST,))], 1)],
)
def test_a_challenge_that_is_left_alone(
    stack: ScriptedStack,
    context: URLRequestContext,
    network: RecordingNetworkDelegate,
    answers: list[tuple[str, str] | int],
    rounds: int,
) -> None:
    """Row 239, BasicAuthCancelAuth: the 401 is the answer; nothing that was refused is sent again."""
    network.auth = list(answers)
    challenged(stack, *[("", UNAUTHORIZED), (BASIC_UP, UNAUTHORIZED)][:rounds])
    request, delegate = run(stack, context)
    assert delegate.result == OK and request.response is not None and request.response.head.status == 401


def test_a_challenge_that_ends_the_request(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """An error is an error."""
    network.auth = [ERR_BLOCKED_BY_CLIENT]
    challenged(stack, ("", UNAUTHORIZED))
    assert run(stack, context)[1].result == ERR_BLOCKED_BY_CLIENT


def test_there_is_an_end_to_passwords(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Rule R22: a delegate that always knows another one is asked five times."""
    network.auth = [(f"u{number}", "p") for number in range(MAX_AUTH_ROUNDS + 1)]
    steps: list[Step] = [Write(GET), Read(UNAUTHORIZED)]
    for number in range(MAX_AUTH_ROUNDS):
        basic = b64encode(f"u{number}:p".encode()).decode()
        steps += [Write(head(extra=f"Authorization: Basic {basic}\r\n")), Read(UNAUTHORIZED)]
    stack.connection(*steps)
    _, delegate = run(stack, context)
    assert delegate.result == OK and len(network.auth) == 1 and len(network.challenges) == MAX_AUTH_ROUNDS


def test_two_hosts_are_a_bug(
    stack: ScriptedStack,
    context: URLRequestContext,
    network: RecordingNetworkDelegate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is sent, and only this request fails."""
    network.on_send = lambda headers: headers.add("Host", "b.test")
    socket = stack.connection(Pause())
    assert run(stack, context)[1].result == ERR_UNEXPECTED and not socket.written
    assert "more than one Host" in capsys.readouterr().err
