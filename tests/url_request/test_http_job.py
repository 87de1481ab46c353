"""A hop over http."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.cert_status import CertStatus
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CERT_DATE_INVALID, ERR_FAILED, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.cookies.public_suffix import PublicSuffixes, PublicSuffixGate
from netstack_sync.cookies.store import MemoryCookieStore
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.loop.completion import Completion
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.cookies import NOW, SUFFIXES, cookie
from tests.support.digest_server import PLAIN_CHALLENGE, plain_answer
from tests.support.exchange_delegates import ScriptedExchangeDelegate
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import server_of, use_proxies
from tests.support.scripted_socket import Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


class Watcher:
    """A TransactionObserver that counts."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def on_connected(self) -> None:
        self.events.append("connected")

    def on_reconnect(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        self.events.append("sent")


def test_it_speaks_for_its_transaction(stack: ScriptedStack) -> None:
    """Every question and order is passed on."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    watcher = Watcher()
    job: URLRequestJob = HttpJob(stack.session, request_info(), stack.log(), watcher)
    assert job.load_state == LoadState.IDLE and job.response is None and not job.has_sent_bytes
    done = RecordedCompletion()
    assert job.start(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK and watcher.events == ["connected", "sent"]
    assert job.response is not None and job.response.head.status == 200 and job.has_sent_bytes
    assert job.timing is not None and job.timing.request_start == 100.0 and job.error_detail == ""
    assert job.ssl_info is None
    assert job.load_state == LoadState.READING_RESPONSE and not job.is_body_complete
    assert job.sent_bytes == len(GET)
    assert job.read(lambda _: None) == b"ok" and job.is_body_complete
    assert job.read(lambda _: None) == b""
    job.close()
    assert stack.sockets[0].is_open


def test_it_can_be_moved_while_it_waits(stack: ScriptedStack) -> None:
    """In the pool's queue; it says since when a connection has been under way for it."""
    stack.failed_connection(NEVER)
    job: URLRequestJob = HttpJob(stack.session, request_info(), stack.log(), Watcher())
    assert job.connecting_since is None
    assert job.start(RecordedCompletion()) == ERR_IO_PENDING
    job.set_priority(RequestPriority.HIGHEST)
    (group,) = stack.pool.groups()
    assert group.top_priority == RequestPriority.HIGHEST and job.connecting_since == 100.0
    job.close()


def test_closing_ends_the_transaction(stack: ScriptedStack) -> None:
    """No callback comes any more."""
    socket = stack.connection(Write(GET), Pause())
    job = HttpJob(stack.session, request_info(), stack.log(), Watcher())
    done = RecordedCompletion()
    job.start(done)
    stack.run()
    job.close()
    job.close()
    assert not socket.is_open and not done.is_called


# --- HTTP Strict Transport Security

CLEAN = SSLInfo("TLSv1.3", "x", "", (b"leaf",), verified_chain=(b"leaf",))
ALL_BELOW = "Strict-Transport-Security: max-age=1000; includeSubDomains"


def store() -> TransportSecurityState:
    return TransportSecurityState(ManualWallClock(1e9))


def upgraded(hsts: TransportSecurityState, *hosts: str) -> list[str]:
    return [host for host in hosts if hsts.should_upgrade(host)]


def visit(
    stack: ScriptedStack,
    hsts: TransportSecurityState,
    *fields: str,
    url: str = "https://a.test/",
    ssl_info: SSLInfo | None = CLEAN,
    tls: TlsConfig | None = None,
    status: int = 200,
) -> None:
    """An exchange whose answer has these fields."""
    info = request_info(url)
    if tls is not None:
        info.tls = tls
    get = f"GET / HTTP/1.1\r\nHost: {info.url.host_header}\r\nConnection: keep-alive\r\n\r\n".encode()
    lines = "".join(f"{field}\r\n" for field in fields)
    answer = f"HTTP/1.1 {status} X\r\n{lines}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
    stack.connection(Write(get), Read(answer)).ssl_info = ssl_info
    job = HttpJob(stack.session, info, stack.log(), Watcher(), hsts)
    done = RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == OK
    job.close()


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
def test_the_header_is_heard(stack: ScriptedStack, status: int) -> None:
    """Row 242, ProcessSTS: with every answer, whatever its status, in whatever case it is written."""
    hsts = store()
    visit(stack, hsts, "Location: /x", ALL_BELOW.upper(), status=status)
    assert upgraded(hsts, "a.test", "x.a.test", "test") == ["a.test", "x.a.test"]


@pytest.mark.parametrize(
    "first, expected", [("max-age=1000", ["a.test"]), ("max-age=0", []), ("max-age=x", []), ("", [])]
)
def test_only_the_first_header_counts(stack: ScriptedStack, first: str, expected: list[str]) -> None:
    """Row 242, ProcessSTSOnce: also when it is malformed (RFC 6797 §8.1)."""
    hsts = store()
    visit(stack, hsts, f"Strict-Transport-Security: {first}", ALL_BELOW)
    assert upgraded(hsts, "a.test", "x.a.test") == expected


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://x.localhost/"])
def test_hosts_that_it_is_not_for(stack: ScriptedStack, url: str) -> None:
    """Row 242, STSNotProcessedOnIP: nor on localhost."""
    hsts = store()
    visit(stack, hsts, ALL_BELOW, url=url)
    assert hsts.entries() == {}


def test_answers_without_it(stack: ScriptedStack) -> None:
    """Also when another field mentions it."""
    hsts = store()
    visit(stack, hsts)
    visit(stack, hsts, "Vary: strict-transport-security")
    visit(stack, hsts, f"X-{ALL_BELOW}")
    assert hsts.entries() == {}


def tls_with(check_hostname: bool) -> TlsConfig:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_hostname
    return TlsConfig(TrustConfig(), context=context)


@pytest.mark.parametrize(
    "ssl_info, tls",
    [
        (None, None),
        (replace(CLEAN, verified_chain=()), None),
        (replace(CLEAN, cert_status=CertStatus.COMMON_NAME_INVALID), None),
        (CLEAN, TlsConfig(TrustConfig(verify=False))),
        (CLEAN, tls_with(check_hostname=False)),
        (replace(CLEAN, verified_chain=()), tls_with(check_hostname=True)),
    ],
)
def test_it_takes_a_verified_host(stack: ScriptedStack, ssl_info: SSLInfo | None, tls: TlsConfig | None) -> None:
    """Row 242, HTTPSErrorsNoClobberTSSTest: without, nothing is learned and nothing is forgotten."""
    hsts = store()
    visit(stack, hsts, ALL_BELOW, url="https://known.test/")
    before = hsts.entries()
    for url in ("https://known.test/", "https://new.test/"):
        for value in ("max-age=0", "max-age=5"):
            visit(stack, hsts, f"Strict-Transport-Security: {value}", url=url, ssl_info=ssl_info, tls=tls)
    assert hsts.entries() == before and before


def test_a_context_of_the_users_may_verify(stack: ScriptedStack) -> None:
    """Its word counts as any."""
    hsts = store()
    visit(stack, hsts, ALL_BELOW, tls=tls_with(check_hostname=True))
    assert upgraded(hsts, "a.test")


def test_a_failed_exchange_says_nothing(stack: ScriptedStack) -> None:
    """Row 242, HTTPSErrorsNoClobberTSSTest: a bad certificate leaves all as it was."""
    hsts = store()
    visit(stack, hsts, ALL_BELOW)
    before = hsts.entries()
    stack.failed_connection(ERR_CERT_DATE_INVALID)
    job = HttpJob(stack.session, request_info("https://a.test/"), stack.log(), Watcher(), hsts)
    done = RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == ERR_CERT_DATE_INVALID
    job.close()
    assert hsts.entries() == before and upgraded(hsts, "a.test")


# --- cookies


def cookie_steps(stack: ScriptedStack, suffixes: PublicSuffixes) -> CookieSteps:
    clock = ManualWallClock(NOW)
    store = MemoryCookieStore(clock, suffixes)
    return CookieSteps(store, lambda: store, PublicSuffixGate(suffixes, stack.workers), clock)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("is_list_there", [False, True])
def test_cookies_go_out_and_come_in(stack: ScriptedStack, is_list_there: bool, scheme: str) -> None:
    """With the header of HTTP Strict Transport Security or without; the answer comes once they are kept."""
    suffixes, hsts = SUFFIXES if is_list_there else PublicSuffixes(), store()
    steps = cookie_steps(stack, suffixes)
    assert steps.store is not None
    steps.store.set_cookie(cookie("b=1", "http://a.test/"), False)
    get = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nCookie: b=1; own=2\r\n\r\n"
    fields = f"Set-Cookie: a=1\r\n{ALL_BELOW}\r\nContent-Length: 0\r\nConnection: close\r\n"
    stack.connection(Write(get), Read(f"HTTP/1.1 200 X\r\n{fields}\r\n".encode())).ssl_info = CLEAN
    info = request_info(f"{scheme}://a.test/")
    info.cookies = (("own", "2"),)
    job = HttpJob(stack.session, info, stack.log(), Watcher(), hsts if scheme == "https" else None, steps)
    done = RecordedCompletion()
    result = job.start(done)
    assert result in (OK, ERR_IO_PENDING)
    stack.run()
    assert (len(stack.workers.jobs) == 0) == is_list_there
    stack.run_workers()
    assert (done.result if result == ERR_IO_PENDING else result) == OK
    assert [found.name for found in steps.store.all_cookies()] == ["b", "a"]
    assert upgraded(hsts, "a.test") == (["a.test"] if scheme == "https" else []) and "cookie" not in info.headers
    job.close()


def test_closing_while_cookies_wait(stack: ScriptedStack) -> None:
    """No callback comes any more, and nothing is kept."""
    steps, done = cookie_steps(stack, PublicSuffixes()), RecordedCompletion()
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 X\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"))
    job = HttpJob(stack.session, request_info(), stack.log(), Watcher(), None, steps)
    assert job.start(done) == ERR_IO_PENDING
    stack.run()
    assert len(stack.workers.jobs) == 1 and not done.is_called
    job.close()
    stack.run_workers()
    assert not done.is_called and steps.snapshot() == ()


def test_a_failed_exchange_sets_nothing(stack: ScriptedStack) -> None:
    """Its error is passed on."""
    steps, done = cookie_steps(stack, SUFFIXES), RecordedCompletion()
    stack.failed_connection(ERR_CERT_DATE_INVALID)
    job = HttpJob(stack.session, request_info(), stack.log(), Watcher(), None, steps)
    result = job.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == ERR_CERT_DATE_INVALID
    job.close()


# --- challenges

CHALLENGE = f"401 X\r\nWWW-Authenticate: {PLAIN_CHALLENGE}\r\nContent-Length: 0"


def guarded(url: str = "http://a.test/") -> HttpRequestInfo:
    info = request_info(url)
    info.auth = password_identity("u", "p")
    return info


def expect(stack: ScriptedStack, sent: str, answer: str) -> None:
    """One request on a connection of its own."""
    get = f"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n{sent}\r\n"
    socket = stack.connection(Write(get.encode()), Read(f"HTTP/1.1 {answer}\r\nConnection: close\r\n\r\n".encode()))
    socket.ssl_info = CLEAN


@pytest.mark.parametrize("is_list_there", [False, True])
def test_a_challenge_is_heeded_before_it_is_met(stack: ScriptedStack, is_list_there: bool) -> None:
    """Row 239, BasicAuthWithCookies: its cookies go with the credentials, those it takes back do not."""
    suffixes, hsts = SUFFIXES if is_list_there else PublicSuffixes(), store()
    steps = cookie_steps(stack, suffixes)
    assert steps.store is not None
    for line in ("old=1", "gone=2"):
        steps.store.set_cookie(cookie(line, "https://a.test/"), False)
    fields = f"Set-Cookie: new=3\r\nSet-Cookie: gone=; Max-Age=0\r\n{ALL_BELOW}"
    expect(stack, "Cookie: old=1; gone=2\r\n", f"{CHALLENGE}\r\n{fields}")
    expect(stack, f"Cookie: old=1; new=3\r\n{plain_answer('u', 'p')}", "200 X\r\nContent-Length: 0")
    info = guarded("https://a.test/")
    job = HttpJob(stack.session, info, stack.log(), Watcher(), hsts, steps)
    done = RecordedCompletion()
    result = job.start(done)
    stack.run()
    stack.run_workers()
    assert (done.result if result == ERR_IO_PENDING else result) == OK
    assert job.response is not None and job.response.head.status == 200
    assert upgraded(hsts, "a.test") == ["a.test"] and "cookie" not in info.headers
    job.close()


def test_a_challenge_without_cookies_and_hsts(stack: ScriptedStack) -> None:
    """It is met all the same."""
    expect(stack, "", f"{CHALLENGE}\r\nSet-Cookie: a=1")
    expect(stack, plain_answer("u", "p"), "200 X\r\nContent-Length: 0")
    job = HttpJob(stack.session, guarded(), stack.log(), Watcher())
    done = RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == OK
    assert job.response is not None and job.response.head.status == 200
    job.close()


def test_a_challenge_that_cannot_be_met_after_all(stack: ScriptedStack) -> None:
    """The error of the second attempt is passed on."""
    expect(stack, "", CHALLENGE)
    stack.failed_connection(ERR_CERT_DATE_INVALID)
    job = HttpJob(stack.session, guarded(), stack.log(), Watcher())
    done = RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (done.result if result == ERR_IO_PENDING else result) == ERR_CERT_DATE_INVALID
    job.close()


# --- an exchange delegate

FINE = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok"
UNAUTHORIZED = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n'


def other_head() -> ResponseHead:
    head = ResponseHeadParser().receive(b"HTTP/1.1 299 Other\r\nContent-Length: 9\r\n\r\n")
    assert head is not None
    return head


def watched_job(
    stack: ScriptedStack, delegate: ScriptedExchangeDelegate, answer: bytes = FINE
) -> tuple[HttpJob, RecordedCompletion]:
    """A job that has gone as far as the delegate lets it."""
    stack.connection(Write(GET), Read(answer))
    info = request_info()
    info.exchange_delegate = delegate
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    if result != ERR_IO_PENDING:
        done(result)
    return job, done


class PatientDelegate(ScriptedExchangeDelegate):
    """Lets everything be sent, and waits with the answers."""

    def before_send_headers(self, headers: RequestHeaders, on_done: Completion) -> int:
        """See ExchangeDelegate."""
        return OK


@pytest.mark.parametrize("is_other", [False, True])
def test_a_delegate_sees_the_head_first(stack: ScriptedStack, is_other: bool) -> None:
    """Row 240: what it takes the answer for is the answer."""
    delegate = ScriptedExchangeDelegate()
    delegate.head = other_head() if is_other else None
    job, done = watched_job(stack, delegate)
    assert done.result == OK and delegate.statuses == [200] and job.response is not None
    assert job.response.head.status == (299 if is_other else 200)
    job.close()


@pytest.mark.parametrize("result", [OK, ERR_FAILED])
@pytest.mark.parametrize("is_other", [False, True])
def test_a_delegate_holds_an_answer_up(stack: ScriptedStack, result: int, is_other: bool) -> None:
    """Row 240: the job waits, and goes on or fails as it says."""
    delegate = PatientDelegate(ERR_IO_PENDING)
    delegate.head = other_head() if is_other else None
    job, done = watched_job(stack, delegate)
    assert not done.is_called
    delegate.on_done(result)
    assert done.result == result and job.response is not None
    assert job.response.head.status == (299 if is_other and result == OK else 200)
    job.close()


def test_cookies_wait_after_the_delegate(stack: ScriptedStack) -> None:
    """The answer comes once both are through with it."""
    steps, delegate, done = cookie_steps(stack, PublicSuffixes()), PatientDelegate(ERR_IO_PENDING), RecordedCompletion()
    stack.connection(Write(GET), Read(FINE))
    info = request_info()
    info.exchange_delegate = delegate
    job = HttpJob(stack.session, info, stack.log(), Watcher(), None, steps)
    assert job.start(done) == ERR_IO_PENDING
    stack.run()
    delegate.on_done(OK)
    assert not done.is_called
    stack.run_workers()
    assert done.result == OK and steps.store is not None
    assert [found.name for found in steps.store.all_cookies()] == ["a"]
    job.close()


def test_a_delegate_refuses_an_answer(stack: ScriptedStack) -> None:
    """At once."""
    delegate = PatientDelegate(ERR_FAILED)
    job, done = watched_job(stack, delegate)
    assert done.result == ERR_FAILED
    job.close()


def test_closed_while_the_delegate_thinks(stack: ScriptedStack) -> None:
    """Nobody is called any more."""
    job, done = watched_job(stack, PatientDelegate(ERR_IO_PENDING))
    job.close()
    stack.run()
    assert not done.is_called


@pytest.mark.parametrize("identity, result, asked", [(OK, OK, 1), (ERR_FAILED, ERR_FAILED, 1)])
def test_a_delegate_leaves_a_challenge_alone(stack: ScriptedStack, identity: int, result: int, asked: int) -> None:
    """Row 239: or ends the request."""
    delegate = ScriptedExchangeDelegate()
    delegate.identity = identity
    job, done = watched_job(stack, delegate, UNAUTHORIZED)
    assert (done.result, delegate.asked) == (result, asked)
    job.close()


def test_a_delegate_meets_a_challenge(stack: ScriptedStack) -> None:
    """Row 239: and is asked no more once it was met."""
    delegate = ScriptedExchangeDelegate()
    delegate.identity = password_identity("u", "p")
    stack.connection(Write(GET), Read(UNAUTHORIZED), Write(GET[:-2] + b"Authorization: Basic dTpw\r\n\r\n"), Read(FINE))
    info = request_info()
    info.exchange_delegate = delegate
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (result if result != ERR_IO_PENDING else done.result) == OK and delegate.asked == 1
    assert job.response is not None and job.response.head.status == 200 and delegate.statuses == [401, 200]
    job.close()


def test_a_delegate_is_not_asked_where_the_caller_can_answer(stack: ScriptedStack) -> None:
    """Whoever gave credentials has given them for this."""
    delegate = ScriptedExchangeDelegate()
    refusal = f"HTTP/1.1 401 No\r\nWWW-Authenticate: {PLAIN_CHALLENGE}\r\nContent-Length: 0\r\n\r\n".encode()
    again = GET[:-2] + plain_answer("me", "p").encode() + b"\r\n"
    stack.connection(Write(GET), Read(refusal), Write(again), Read(FINE))
    info = request_info()
    info.exchange_delegate, info.auth = delegate, password_identity("me", "p")
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (result if result != ERR_IO_PENDING else done.result) == OK and delegate.asked == 0
    assert delegate.statuses == [401, 200]
    job.close()


def test_an_identity_that_does_not_fit(stack: ScriptedStack) -> None:
    """The challenge is the answer."""
    delegate = ScriptedExchangeDelegate()
    delegate.identity = AuthIdentity("u", "p", ("digest",))
    job, done = watched_job(stack, delegate, UNAUTHORIZED)
    assert done.result == OK and job.response is not None and job.response.head.status == 401
    job.close()


def test_a_challenge_that_a_delegate_has_taken_for_something_else(stack: ScriptedStack) -> None:
    """Then there is nothing to meet, even if the caller could."""
    delegate = ScriptedExchangeDelegate()
    delegate.head = other_head()
    refusal = f"HTTP/1.1 401 No\r\nWWW-Authenticate: {PLAIN_CHALLENGE}\r\nContent-Length: 0\r\n\r\n".encode()
    stack.connection(Write(GET), Read(refusal))
    info = request_info()
    info.exchange_delegate, info.auth = delegate, password_identity("me", "p")
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (result if result != ERR_IO_PENDING else done.result) == OK and delegate.asked == 0
    assert job.response is not None and job.response.head.status == 299
    job.close()


# --- a proxy that asks


@pytest.mark.parametrize("can_meet", [False, True])
@pytest.mark.parametrize("is_watched", [False, True])
def test_a_challenge_of_a_proxy(stack: ScriptedStack, can_meet: bool, is_watched: bool) -> None:
    """Row 169, BasicAuthProxyKeepAlive: met by what is known of the proxy, and nobody else is asked who he is."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.identities[server_of("http://p:80")] = AuthIdentity("u", "p", ("basic",)) if can_meet else None
    head = b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nProxy-Connection: keep-alive\r\n"
    asking = Write(head + b"\r\n")
    told = Write(head + b"Proxy-Authorization: Basic dTpw\r\n\r\n") if can_meet else Pause()
    refusal = Read(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n')
    stack.connection(asking, refusal, told, Read(FINE))
    info, delegate = request_info(), ScriptedExchangeDelegate()
    info.exchange_delegate = delegate if is_watched else None
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (result if result != ERR_IO_PENDING else done.result) == OK and delegate.asked == 0
    assert job.response is not None and job.response.head.status == (200 if can_meet else 407)
    job.close()


def test_a_proxys_challenge_that_a_delegate_has_taken_for_something_else(stack: ScriptedStack) -> None:
    """Then there is nothing to meet."""
    use_proxies(stack, "http://p:80").identities[server_of("http://p:80")] = AuthIdentity("u", "p", ("basic",))
    asking = Write(b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nProxy-Connection: keep-alive\r\n\r\n")
    refusal = Read(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="r"\r\nContent-Length: 0\r\n\r\n')
    stack.connection(asking, refusal)
    info, delegate = request_info(), ScriptedExchangeDelegate()
    info.exchange_delegate, delegate.head = delegate, other_head()
    job, done = HttpJob(stack.session, info, stack.log(), Watcher()), RecordedCompletion()
    result = job.start(done)
    stack.run()
    assert (result if result != ERR_IO_PENDING else done.result) == OK and delegate.asked == 0
    assert job.response is not None and job.response.head.status == 299
    job.close()


def test_a_bug_about_a_head_does_not_leave_anybody_waiting(
    stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed, and the request fails at once."""

    def save(*_: object) -> int:
        raise RuntimeError("a bug about cookies")

    monkeypatch.setattr(CookieSteps, "save", save)
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"))
    job: URLRequestJob = HttpJob(
        stack.session, request_info(), stack.log(), None, cookies=cookie_steps(stack, SUFFIXES)
    )
    done = RecordedCompletion()
    assert job.start(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == ERR_UNEXPECTED and "a bug about cookies" in capsys.readouterr().err
    job.close()
