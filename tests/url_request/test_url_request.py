"""One URL from start() to its last byte, over all redirects."""

from __future__ import annotations

import io

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CERT_DATE_INVALID,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_EMPTY_RESPONSE,
    ERR_FAILED,
    ERR_INVALID_REDIRECT,
    ERR_IO_PENDING,
    ERR_TOO_MANY_REDIRECTS,
    ERR_UNEXPECTED,
    ERR_UNKNOWN_URL_SCHEME,
    ERR_UNSAFE_REDIRECT,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.hsts_store import TransportSecurityState, host_keys
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.transaction_observer import TransactionObserver
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, WorkerUpload
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.pool import close_reasons
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.job import OnData, URLRequestJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.network_delegate import DelegatedRequest
from netstack_sync.url_request.optional_services import make_delegate_calls
from netstack_sync.url_request.url_request import URLRequest
from tests.support.jobs import RaisingJob
from tests.support.net_logs import RecordingNetLog
from tests.support.network_delegates import RecordingNetworkDelegate
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_socket import EOF, Pause, Read, ScriptedSocket, Step, Write, each_step_failing
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, context_over, new_request

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


def head(target: str = "/", host: str = "a.test", method: str = "GET", extra: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n{extra}\r\n".encode()


def redirect_to(location: str, status: int = 302, body: bytes = b"") -> bytes:
    fields = f"Location: {location}\r\n" if location else ""
    return b"HTTP/1.1 %d Go\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields.encode("latin-1"), len(body), body)


GET = head()


@pytest.fixture
def context(stack: ScriptedStack) -> URLRequestContext:
    return context_over(stack)


# --- priority


def test_a_request_can_be_moved_while_it_waits(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 243, SetPriorityBasic and SetJobPriority: it gets the next connection; the log tells."""
    for _ in range(6):
        stack.failed_connection(NEVER)
    requests = [new_request(context, request_info())[0] for _ in range(8)]
    for request in requests:
        assert request.connecting_since is None
        request.start()
    stack.run()
    assert requests[0].connecting_since == 100.0 and requests[7].connecting_since is None
    requests[7].set_priority(RequestPriority.HIGHEST)
    assert requests[7].connecting_since == 100.0 and requests[5].connecting_since is None
    for request in requests:
        request.cancel()
    if stack.is_async:
        shown = stack.recorded.params_of(NetLogEventType.URL_REQUEST_SET_PRIORITY, NetLogEventPhase.NONE)
        assert shown == [{"priority": "HIGHEST"}]


def test_a_priority_holds_for_all_hops(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 243, SetJobPriorityBeforeJobStart: whenever it is set."""
    stack.connection(Write(GET), Read(redirect_to("http://b.test/")))
    stack.failed_connection(NEVER)
    request, _ = new_request(context, request_info())
    request.set_priority(RequestPriority.LOW)
    request.start()
    request.set_priority(RequestPriority.LOWEST)
    stack.run()
    (group,) = [group for group in stack.pool.groups() if group.group_id.origin.host == "b.test"]
    assert group.top_priority == RequestPriority.LOWEST
    request.cancel()
    assert request.connecting_since is None and request.load_state == LoadState.IDLE


def run(
    stack: ScriptedStack,
    context: URLRequestContext,
    info: HttpRequestInfo | None = None,
    delegate: RecordingDelegate | None = None,
    max_redirects: int = 20,
) -> tuple[URLRequest, RecordingDelegate]:
    """Runs a request to its end."""
    request, delegate = new_request(context, info if info is not None else request_info(), delegate, max_redirects)
    request.start()
    assert not {"response", "redirect", "data"} & set(delegate.events), "not from inside start()"
    stack.run_workers()
    return request, delegate


# --- without redirects


def test_a_page(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 241, GetTest: events in order, values at the end, the socket back in the pool."""
    socket = stack.connection(Write(GET), Read(FINE))
    request, delegate = new_request(context, request_info())
    assert request.load_state == LoadState.IDLE and request.timing is None and request.response is None
    assert request.error_detail == "" and not request.has_sent_bytes
    request.start()
    assert context.request_count == 1
    stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine")
    assert delegate.events[:3] == ["connected", "sent", "response"]
    assert context.request_count == 0 and socket.is_open
    assert request.response is not None and request.response.head.status == 200
    assert request.url.href == request.info.url.href == "http://a.test/" and request.history == []
    assert request.timing is not None and request.timing.response_end == 100.0
    assert request.has_sent_bytes and request.load_state == LoadState.IDLE


def test_reading_on_after_the_end(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The answer stays the same; cancelling is too late to change anything."""
    stack.connection(Write(GET), Read(FINE))
    request, delegate = run(stack, context)
    request.cancel()
    request.fail(ERR_FAILED)
    assert request.read() == b"" and delegate.result == OK


def test_a_head_and_a_body_apart(stack: ScriptedStack, context: URLRequestContext) -> None:
    """A read that waits is answered once through the delegate."""
    stack.connection(Write(GET), Read(FINE[:-4]), Read(b"fi"), Read(b"ne"))
    request, delegate = new_request(context, request_info())
    request.start()
    stack.run()
    assert delegate.body == b"fine" and delegate.events.count("data") == 2


def test_it_ends_with_the_last_piece(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Nobody has to read on to learn that nothing more will come, and the connection is free at once."""
    stack.connection(Write(GET), Read(FINE))
    request, _ = run(stack, context, delegate=RecordingDelegate(reads=False))
    assert not request.is_over and context.request_count == 1
    assert request.read() == b"fine"
    assert request.is_over and context.request_count == 0
    assert request.read() == b""


def test_every_step_may_fail(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The error comes exactly once, and reading on gives it again."""
    for script in each_step_failing([Write(GET), Read(FINE[:9]), Read(FINE[9:-4]), Read(b"fine")]):
        stack.connection(*script)
        request, delegate = run(stack, context)
        assert delegate.result == ERR_CONNECTION_RESET == request.read()
        assert context.request_count == 0 and stack.pool.slots == 0


@pytest.mark.parametrize(
    "steps, error, has_sent",
    [
        ([Write(GET), EOF], ERR_EMPTY_RESPONSE, True),
        ([Write(GET), Read(FINE[:-1]), EOF], ERR_CONTENT_LENGTH_MISMATCH, True),
        ([Write(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET, False),
    ],
)
def test_failures(
    stack: ScriptedStack, context: URLRequestContext, steps: list[Step], error: int, has_sent: bool
) -> None:
    """Row 233, RequestCompletionForEmptyResponse."""
    stack.connection(*steps)
    request, delegate = run(stack, context)
    assert delegate.result == error and request.has_sent_bytes is has_sent


def test_no_connection(stack: ScriptedStack, context: URLRequestContext) -> None:
    """An error that is there at once is still delivered from a task of its own."""
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    request, delegate = run(stack, context)
    assert delegate.result == ERR_CONNECTION_REFUSED and delegate.events == ["response"]
    assert request.error_detail == "scripted failure" and request.response is None


def test_an_unknown_scheme(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 233, WsUrlTest: nobody handles it; nothing is connected."""
    for url in ("ws://a.test/", "ftp://a.test/", "data:,x"):
        request, delegate = run(stack, context, request_info(url))
        assert delegate.result == ERR_UNKNOWN_URL_SCHEME and request.error_detail == url.partition(":")[0]
        assert request.timing is None and request.read() == ERR_UNKNOWN_URL_SCHEME


def test_an_upload(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 235, PostTest and PostFileTest."""
    post = head(method="POST", extra="Content-Length: 5\r\n")
    stack.connection(Write(post + b"hello"), Read(FINE), Write(post), Write(b"hello"), Read(FINE))
    for upload in (BytesUpload(b"hello"), WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)):
        _, delegate = run(stack, context, request_info(method="POST", upload=upload))
        assert delegate.body == b"fine"


class TimelessJob(ErrorJob):
    """A job that never was on the network: it has an empty body and no timing."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(OK)

    def read(self, on_data: OnData) -> bytes | int:
        return b""


class BuggyBodyJob(TimelessJob):
    """A job of a user's that cannot read what it has announced."""

    __slots__ = ()

    def read(self, on_data: OnData) -> bytes | int:
        raise RuntimeError("a bug of the job")


class TimelessJobs(URLRequestJobFactory):
    """Makes nothing else."""

    __slots__ = ("job",)

    def __init__(self, session: HttpNetworkSession, job: URLRequestJob | None = None) -> None:
        super().__init__(session)
        self.job = job or TimelessJob()

    def create_job(
        self,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        observer: TransactionObserver | None,
        is_intercepted: bool = False,
    ) -> URLRequestJob:
        return self.job


def test_a_job_that_raises_when_it_is_read(
    stack: ScriptedStack, context: URLRequestContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bug is printed, and nobody waits for the rest."""
    context.job_factory = TimelessJobs(stack.session, BuggyBodyJob())
    _, delegate = run(stack, context)
    assert delegate.result == ERR_UNEXPECTED and "a bug of the job" in capsys.readouterr().err


def test_a_job_need_not_be_on_the_network(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Without timing and response the request still has its beginning and its end."""
    context.job_factory = TimelessJobs(stack.session)
    request, delegate = run(stack, context)
    assert (delegate.result, delegate.body) == (OK, b"") and request.timing is None
    assert delegate.events == ["response"]


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect(stack: ScriptedStack, context: URLRequestContext, status: int) -> None:
    """Row 236: the same connection carries the next hop; its body was not wanted."""
    stack.connection(Write(GET), Read(redirect_to("/x", status, b"gone")), Write(head("/x")), Read(FINE))
    request, delegate = run(stack, context)
    assert (delegate.result, delegate.body) == (OK, b"fine")
    assert delegate.events[:6] == ["connected", "sent", "redirect", "connected", "sent", "response"]
    assert request.url.href == "http://a.test/x" == delegate.redirects[0].url.href
    (hop,) = request.history
    assert hop.head.status == status and hop.url.href == "http://a.test/"


def test_a_redirect_past_another_proxy(stack: ScriptedStack) -> None:
    """Row 176 and R5, R18 (CVE-2026-6253): each hop has the proxies of its URL, and what the caller says to the first
    one is neither for the next nor for the server, and goes to the first one again.
    """
    proxies = use_proxies(stack, "http://p:80")
    proxies.by_path = {"/q": ("http://q:80",), "/s": ("socks5://s:1",)}

    def forwarded(path: str, extra: str = "") -> Write:
        line = f"GET http://a.test{path} HTTP/1.1\r\nHost: a.test\r\n"
        return Write(f"{line}Proxy-Connection: keep-alive\r\n{extra}\r\n".encode())

    mine = "Proxy-Authorization: mine\r\n"
    first = stack.connection(forwarded("/", mine), Read(redirect_to("/q")), forwarded("/p", mine), Read(FINE))
    stack.connection(forwarded("/q"), Read(redirect_to("/s")))
    stack.connection(Write(head("/s")), Read(redirect_to("/p")))
    info = request_info(headers=[("Proxy-Authorization", "mine")])
    request, delegate = run(stack, context_over(stack), info)
    assert delegate.result == OK and first.is_done
    assert [str(response.proxy_chain) for response in request.history] == ["http://p:80", "http://q:80", "socks5://s:1"]
    assert request.response is not None and str(request.response.proxy_chain) == "http://p:80"


@pytest.mark.parametrize(
    "answer", [redirect_to("", 302), redirect_to("", 308), redirect_to("/x", 300), redirect_to("/x", 304)]
)
def test_what_is_no_redirect(stack: ScriptedStack, context: URLRequestContext, answer: bytes) -> None:
    """Row 236, NoRedirectOn308WithoutLocationHeader: taken as the answer."""
    stack.connection(Write(GET), Read(answer))
    request, delegate = run(stack, context)
    assert delegate.result == OK and delegate.redirects == [] and request.response is not None


def test_an_empty_location_is_none(stack: ScriptedStack, context: URLRequestContext) -> None:
    """As in Chromium; otherwise it would lead to the same page for ever."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 302 Go\r\nLocation: \r\nContent-Length: 0\r\n\r\n"))
    _, delegate = run(stack, context)
    assert delegate.result == OK and delegate.redirects == []


def test_a_location_that_is_there_twice(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 162, TwoIdenticalLocationHeaders: one place to go, not both names joined by a comma."""
    answer = b"HTTP/1.1 302 Go\r\nLocation: /x\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    stack.connection(Write(GET), Read(answer), Write(head("/x")), Read(FINE))
    request, delegate = run(stack, context)
    assert delegate.body == b"fine" and request.url.path == "/x"


def test_a_redirect_that_is_not_wanted(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The redirect itself is the answer, with its body."""
    stack.connection(Write(GET), Read(redirect_to("/x", 302, b"over there")))
    request, delegate = run(stack, context, delegate=RecordingDelegate(follows=False))
    assert (delegate.result, delegate.body) == (OK, b"over there")
    assert request.url.href == "http://a.test/" and request.history == []


@pytest.mark.parametrize(
    "location, error", [("http://", ERR_INVALID_REDIRECT), ("file:///etc/passwd", ERR_UNSAFE_REDIRECT)]
)
def test_a_redirect_to_nowhere(stack: ScriptedStack, context: URLRequestContext, location: str, error: int) -> None:
    """Row 236, RedirectToInvalidURL and FileRedirect: the delegate is not even asked."""
    stack.connection(Write(GET), Read(redirect_to(location)))
    request, delegate = run(stack, context)
    assert delegate.result == error and delegate.redirects == [] and request.has_sent_bytes


@pytest.mark.parametrize("limit", [0, 1, 20])
def test_the_limit_of_redirects(stack: ScriptedStack, context: URLRequestContext, limit: int) -> None:
    """Row 236: so many are followed, and one more is an error."""
    hops: list[Step] = []
    for _ in range(limit + 1):
        hops += [Write(GET), Read(redirect_to("/"))]
    stack.connection(*hops)
    request, delegate = run(stack, context, max_redirects=limit)
    assert delegate.result == ERR_TOO_MANY_REDIRECTS and len(request.history) == limit
    stack.connection(*hops[: 2 * limit], Write(GET), Read(FINE))
    stack.pool.close_idle_sockets(close_reasons.ON_REQUEST)
    assert run(stack, context, max_redirects=limit)[1].body == b"fine"


def test_another_server(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Rows 237 and R5, on the wire: credentials of any kind stay behind, and so does Host."""
    headers = [("Host", "virtual.test"), ("Authorization", "Basic 1"), ("cookie", "a"), ("Cookie", "b"), ("A", "1")]
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    stack.connection(
        Write(f"GET / HTTP/1.1\r\nConnection: keep-alive\r\n{fields}\r\n".encode()),
        Read(redirect_to("http://b.test/")),
    )
    stack.connection(Write(head(host="b.test", extra="A: 1\r\n")), Read(FINE))
    _, delegate = run(stack, context, request_info(headers=headers))
    assert delegate.body == b"fine"
    assert [str(group.origin) for group in stack.requested_groups] == ["http://a.test", "http://b.test"]


def test_credentials_in_the_url_stay_behind(stack: ScriptedStack, context: URLRequestContext) -> None:
    """They are sent again to their own server only."""
    own = "Authorization: Basic dTpw\r\n"
    stack.connection(
        Write(head(extra=own)),
        Read(redirect_to("/x")),
        Write(head("/x", extra=own)),
        Read(redirect_to("http://b.test/")),
    )
    stack.connection(Write(head(host="b.test")), Read(FINE))
    assert run(stack, context, request_info("http://u:p@a.test/"))[1].body == b"fine"


def test_a_post_that_becomes_a_get(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 236, Post302RedirectGet: without body and without what described it."""
    stack.connection(
        Write(head(method="POST", extra="Content-Type: x/y\r\nContent-Length: 5\r\n") + b"hello"),
        Read(redirect_to("/x")),
        Write(head("/x")),
        Read(FINE),
    )
    info = request_info(method="POST", headers=[("Content-Type", "x/y")], upload=BytesUpload(b"hello"))
    request, delegate = run(stack, context, info)
    assert delegate.body == b"fine" and request.info.upload is None and request.info.method == "GET"


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_that_stays_one(stack: ScriptedStack, context: URLRequestContext, status: int) -> None:
    """Row 236: the body is sent again from its beginning."""
    post = head(method="POST", extra="Content-Length: 5\r\n")
    stack.connection(
        Write(post), Write(b"hello"), Read(redirect_to("/", status)), Write(post), Write(b"hello"), Read(FINE)
    )
    upload = WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)
    assert run(stack, context, request_info(method="POST", upload=upload))[1].body == b"fine"


def test_the_upload_goes_on_while_the_redirects_body_is_drained(
    stack: ScriptedStack, context: URLRequestContext
) -> None:
    """The end of the drain must not cancel the next hop's read of the same file."""
    post = head(method="POST", extra="Content-Length: 5\r\n")
    first = stack.connection(
        Write(post), Write(b"hello"), Read(redirect_to("/", 307, b"rest")[:-4]), Pause(), Read(b"rest")
    )
    second = stack.connection(Write(post), Pause(), Write(b"hello"), Read(FINE))
    upload = WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)
    request, delegate = new_request(context, request_info(method="POST", upload=upload))
    request.start()
    stack.run()
    stack.workers.run_next()
    stack.run()
    assert len(stack.workers.jobs) == 1 and delegate.redirects, "the second hop reads its file"
    first.resume()
    stack.run()
    assert first.is_done and first.is_open
    second.resume()
    stack.run_workers()
    assert delegate.body == b"fine"


def test_a_body_that_is_gone_cannot_follow(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 236, 307 with a generator: an error that says so; nothing is sent to the new place."""
    post = head(method="POST", extra="Transfer-Encoding: chunked\r\n")
    stack.connection(Write(post), Write(b"2\r\nhi\r\n"), Write(b"0\r\n\r\n"), Read(redirect_to("/x", 307)))
    upload = WorkerUpload(IterableSource(iter([b"hi"])), None, stack.workers)
    request, delegate = run(stack, context, request_info(method="POST", upload=upload))
    assert delegate.result == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED and request.url.path == "/"


def test_the_second_hop_may_fail(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The history tells how far it came, and that a server has got something."""
    stack.connection(Write(GET), Read(redirect_to("http://b.test/")))
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    request, delegate = run(stack, context)
    assert delegate.result == ERR_CONNECTION_REFUSED and len(request.history) == 1
    assert request.has_sent_bytes and request.response is None and request.url.host == "b.test"


# --- HTTP Strict Transport Security

CLEAN = SSLInfo("TLSv1.3", "x", "", (b"leaf",), verified_chain=(b"leaf",))


@pytest.fixture
def hsts(stack: ScriptedStack, context: URLRequestContext) -> TransportSecurityState:
    """a.test and what is below it want https."""
    state = TransportSecurityState(ManualWallClock(1e9), {host_keys("a.test")[0]: True})
    context.job_factory = URLRequestJobFactory(stack.session, state)
    return state


def origins(stack: ScriptedStack) -> list[str]:
    """Where connections were wanted to."""
    return [str(group.origin) for group in stack.requested_groups]


@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize("limit", [0, 20])
def test_http_becomes_https(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState, follows: bool, limit: int
) -> None:
    """Row 242: before anything is sent; whoever wants no redirects gets it too, and it is in the history."""
    stack.connection(Write(GET), Read(FINE))
    request, delegate = run(stack, context, delegate=RecordingDelegate(follows=follows), max_redirects=limit)
    assert (delegate.result, delegate.body) == (OK, b"fine") and "redirect" not in delegate.events
    assert request.url.href == "https://a.test/" and origins(stack) == ["https://a.test"]
    (hop,) = request.history
    assert (hop.head.status, hop.url.href) == (307, "http://a.test/")
    assert hop.head.headers.get("non-authoritative-reason") == "HSTS"


@pytest.mark.parametrize("url, origin", [("http://u:p@a.test:80/", ""), ("http://u:p@a.test:8080/", ":8080")])
def test_the_upgrade_takes_everything_along(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState, url: str, origin: str
) -> None:
    """Row 242, HSTSPreservesPosts: method, body, headers and credentials, given for the host or in the URL."""
    headers = [("Host", "virtual.test"), ("Cookie", "a=1"), ("Origin", "http://a.test"), ("Content-Type", "x/y")]
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    own = "Authorization: Basic dTpw\r\nContent-Length: 5\r\n"
    stack.connection(
        Write(f"POST / HTTP/1.1\r\nConnection: keep-alive\r\n{fields}{own}\r\n".encode()), Write(b"hello"), Read(FINE)
    )
    upload = WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)
    _, delegate = run(stack, context, request_info(url, "POST", headers, upload))
    assert delegate.body == b"fine" and origins(stack) == [f"https://a.test{origin}"]


def test_a_body_that_can_be_sent_only_once(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState
) -> None:
    """Row 242, HSTSPreservesPosts: it was not sent yet."""
    post = head(method="POST", extra="Transfer-Encoding: chunked\r\n")
    stack.connection(Write(post), Write(b"2\r\nhi\r\n"), Write(b"0\r\n\r\n"), Read(FINE))
    upload = WorkerUpload(IterableSource(iter([b"hi"])), None, stack.workers)
    assert run(stack, context, request_info(method="POST", upload=upload))[1].body == b"fine"


def test_every_hop_is_upgraded(stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState) -> None:
    """Only redirects of servers are counted, and there is one."""
    stack.connection(Write(head(host="b.test")), Read(redirect_to("http://x.a.test/y")))
    stack.connection(Write(head("/y", "x.a.test")), Read(FINE))
    request, delegate = run(stack, context, request_info("http://b.test/"), max_redirects=1)
    assert delegate.body == b"fine" and origins(stack) == ["http://b.test", "https://x.a.test"]
    assert [(hop.head.status, hop.url.href) for hop in request.history] == [
        (302, "http://b.test/"),
        (307, "http://x.a.test/y"),
    ]
    assert [redirect.url.href for redirect in delegate.redirects] == ["http://x.a.test/y"]


def test_a_server_that_sends_back_to_http(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState
) -> None:
    """The circle ends with the limit; nothing of it goes out in clear."""
    hop: list[Step] = [Write(GET), Read(redirect_to("http://a.test/"))]
    stack.connection(*hop * 4)
    request, delegate = run(stack, context, max_redirects=3)
    assert delegate.result == ERR_TOO_MANY_REDIRECTS and origins(stack) == ["https://a.test"]
    assert [hop.head.status for hop in request.history] == [307, 302] * 3 + [307]


@pytest.mark.parametrize("error", [ERR_CERT_DATE_INVALID, ERR_CONNECTION_REFUSED])
def test_there_is_no_way_back(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState, error: int
) -> None:
    """Row 242, HTTPSPreloadedHSTSTest: a bad certificate is the end; no server has got anything."""
    stack.failed_connection(error)
    request, delegate = run(stack, context)
    assert delegate.result == error and origins(stack) == ["https://a.test"]
    assert len(request.history) == 1 and not request.has_sent_bytes


def test_the_first_visit_counts_for_the_second(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState
) -> None:
    """Row 242, ProcessSTS: what an https answer says holds from then on, and what an http answer says does not."""
    said = b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=9\r\nContent-Length: 0\r\n\r\n"
    for _ in range(2):
        stack.connection(
            Write(head(host="b.test")), Read(said), Write(head(host="b.test")), Read(said)
        ).ssl_info = CLEAN
    for url in ("http://b.test/", "http://b.test/", "https://b.test/", "http://b.test/"):
        assert run(stack, context, request_info(url))[1].result == OK
    assert origins(stack) == ["http://b.test", "https://b.test"]


def test_an_upgrade_that_cannot_follow(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState
) -> None:
    """A body that is gone before anything was sent: the error says so, and the request was not sent."""
    upload = WorkerUpload(IterableSource(iter([b"hi"])), None, stack.workers)
    upload.read(lambda _: None)
    stack.run_workers()
    request, delegate = run(stack, context, request_info(method="POST", upload=upload))
    assert delegate.result == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED and not request.has_sent_bytes


@pytest.mark.parametrize("is_upgraded", [False, True])
def test_waiting_until_hosts_are_known(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState, is_upgraded: bool
) -> None:
    """The first request of a program may come before the file is read; it waits, and so does a later hop."""
    hsts.loaded.is_open = False
    host = "a.test" if is_upgraded else "b.test"
    stack.connection(Write(head(host="c.test")), Read(redirect_to(f"http://{host}/")))
    stack.connection(Write(head(host=host)), Read(FINE))
    request, delegate = new_request(context, request_info("https://c.test/"))
    request.start()
    stack.run()
    assert delegate.events[-1] == "redirect" and origins(stack) == ["https://c.test"]
    assert request.response is None and request.load_state == LoadState.IDLE
    assert request.has_sent_bytes and request.sent_bytes == 0, "the hop before has"
    request.set_priority(RequestPriority.HIGHEST)
    hsts.loaded.open()
    stack.run()
    assert delegate.body == b"fine" and origins(stack)[1] == f"{'https' if is_upgraded else 'http'}://{host}"
    assert request.info.priority == RequestPriority.HIGHEST


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("host", ["a.test", "b.test"])
def test_ended_while_it_waits(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState, host: str, is_told: bool
) -> None:
    """Cancelled or failed: the file may come or not, nothing is sent any more."""
    hsts.loaded.is_open = False
    request, delegate = new_request(context, request_info(f"http://{host}/"))
    request.start()
    stack.run()
    if is_told:
        request.fail(ERR_CONTEXT_SHUT_DOWN)
    else:
        request.cancel()
    hsts.loaded.open()
    stack.run()
    assert delegate.events == (["response"] if is_told else []) and origins(stack) == []
    assert context.request_count == 0


def test_cancelled_between_the_upgrade_and_its_delivery(
    stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState
) -> None:
    """It was there at once and is on its way; it must not arrive."""
    request, delegate = new_request(context, request_info())
    request.start()
    request.cancel()
    stack.run()
    assert delegate.events == [] and origins(stack) == [] and request.history == []


def test_the_log_of_an_upgrade(stack: ScriptedStack, context: URLRequestContext, hsts: TransportSecurityState) -> None:
    """Row 242: what was decided, by whom, and where the request went."""
    if not stack.is_async:
        return
    stack.connection(Write(GET), Read(FINE))
    run(stack, context)
    types = [entry.type for entry in stack.recorded.entries]
    first = types.index(NetLogEventType.URL_REQUEST_START_JOB)
    assert types[first : first + 4] == [
        NetLogEventType.URL_REQUEST_START_JOB,
        NetLogEventType.TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL,
        NetLogEventType.URL_REQUEST_REDIRECT_JOB,
        NetLogEventType.URL_REQUEST_REDIRECTED,
    ]
    shown = stack.recorded.params_of(NetLogEventType.URL_REQUEST_REDIRECTED, NetLogEventPhase.NONE)
    assert shown == [{"location": "https://a.test/"}]


# --- cancelling


EVENTS = ["connected", "sent", "redirect", "response", "data"]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("follows", [False, True])
def test_cancelled_inside_a_callback(
    stack: ScriptedStack, context: URLRequestContext, event: str, follows: bool
) -> None:
    """Rows 234, CancelInResponseStarted, CancelOnDataReceived, and 237, CancelRedirect: nothing comes any more."""
    hops: list[Step] = [Write(GET), Read(FINE[:-4]), Read(b"fine")]
    if event == "redirect" or follows:
        hops = [Write(GET), Read(redirect_to("/x", 302, b"rest")), Write(head("/x")), *hops[1:]]
    stack.connection(*hops)
    delegate = RecordingDelegate(follows=follows)
    request, _ = new_request(context, request_info(), delegate)

    def cancel(name: str) -> None:
        if name == event:
            request.cancel()

    delegate.on_event = cancel
    request.start()
    stack.run()
    assert delegate.events[-1] == event and delegate.events.count(event) == 1
    assert context.request_count == 0 and request.read() in (ERR_ABORTED, b"")


STATES: dict[str, list[Step]] = {
    "connecting": [],
    "sending": [Write(GET[:5]), Pause()],
    "waiting": [Write(GET), Pause()],
    "in the body": [Write(GET), Read(FINE[:-1]), Pause()],
    "before the end": [Write(GET), Read(b"HTTP/1.1 200 OK\r\n\r\nfine"), Pause(), EOF],
    "second hop": [Write(GET), Read(redirect_to("/x")), Write(head("/x")), Pause()],
}


def in_state(stack: ScriptedStack, context: URLRequestContext, state: str) -> tuple[URLRequest, RecordingDelegate]:
    """A request that has come as far as `state`."""
    if state == "connecting":
        stack.failed_connection(NEVER)
    else:
        stack.connection(*STATES[state])
    request, delegate = new_request(context, request_info())
    request.start()
    stack.run()
    assert delegate.result == ERR_IO_PENDING
    return request, delegate


@pytest.mark.parametrize("state", STATES)
def test_cancelled_in_any_state(stack: ScriptedStack, context: URLRequestContext, state: str) -> None:
    """Row 234, CancelAfterStart, CancelDuringEofRead and others: nothing comes any more; twice is as good as once."""
    request, delegate = in_state(stack, context, state)
    events = list(delegate.events)
    request.cancel()
    request.cancel()
    for socket in stack.sockets:
        socket.resume()  # what was waited for would come now
    stack.run()
    stack.advance(10.0)
    assert delegate.events == events and delegate.result == ERR_IO_PENDING
    assert context.request_count == 0 and request.read() == ERR_ABORTED


@pytest.mark.parametrize("url", ["ftp://a.test/", "http://a.test/"])
def test_cancelled_between_a_posted_error_and_its_delivery(
    stack: ScriptedStack, context: URLRequestContext, url: str
) -> None:
    """The error was there at once and is on its way; it must not arrive."""
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    request, delegate = new_request(context, request_info(url))
    request.start()
    request.cancel()
    stack.run()
    assert delegate.events == [] and context.request_count == 0


def test_cancelled_before_it_started(stack: ScriptedStack, context: URLRequestContext) -> None:
    """It never was under way."""
    request, delegate = new_request(context, request_info())
    request.cancel()
    assert request.read() == ERR_ABORTED and delegate.events == []


def test_it_starts_once(stack: ScriptedStack, context: URLRequestContext) -> None:
    """A second start is a mistake of the caller's."""
    request, _ = run(stack, context, request_info("ftp://a.test/"))
    with pytest.raises(AssertionError):
        request.start()


# --- ended from outside


@pytest.mark.parametrize("state", STATES)
def test_failed_from_outside(stack: ScriptedStack, context: URLRequestContext, state: str) -> None:
    """Row 249, shutdown: the error is told once, by the callback that is due."""
    request, delegate = in_state(stack, context, state)
    request.fail(ERR_FAILED)
    request.fail(ERR_CONTEXT_SHUT_DOWN)
    stack.run()
    assert delegate.result == ERR_FAILED == request.read()
    assert delegate.events[-1] == ("data" if state in ("in the body", "before the end") else "response")


def test_failed_while_nobody_reads(stack: ScriptedStack, context: URLRequestContext) -> None:
    """A reader that pauses is told all the same."""
    stack.connection(Write(GET), Read(FINE))
    request, delegate = run(stack, context, delegate=RecordingDelegate(reads=False))
    request.fail(ERR_FAILED)
    assert delegate.result == ERR_FAILED and delegate.events[-1] == "data"


def test_failed_while_the_delegate_looks_at_a_redirect(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The head of the final answer was never reported, so the error comes in its place."""
    stack.connection(Write(GET), Read(redirect_to("/x")))
    request, delegate = new_request(context, request_info())
    delegate.on_event = lambda event: request.fail(ERR_FAILED) if event == "redirect" else None
    request.start()
    stack.run()
    assert delegate.result == ERR_FAILED and delegate.events[-2:] == ["redirect", "response"]


# --- the log


def test_the_log_tells_the_story(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Each hop is a span; pieces of the body and errors are noted."""
    if not stack.is_async:
        return
    stack.connection(Write(GET), Read(redirect_to("/x")), Write(head("/x")), Read(FINE[:-1]), EOF)
    run(stack, context)
    recorded = stack.recorded
    hops = recorded.params_of(NetLogEventType.URL_REQUEST_START_JOB, NetLogEventPhase.BEGIN)
    assert hops == [
        {"url": "http://a.test/", "method": "GET", "priority": "MEDIUM"},
        {"url": "http://a.test/x", "method": "GET", "priority": "MEDIUM"},
    ]
    assert recorded.params_of(NetLogEventType.URL_REQUEST_REDIRECTED, NetLogEventPhase.NONE) == [
        {"location": "http://a.test/x"}
    ]
    assert recorded.params_of(NetLogEventType.URL_REQUEST_JOB_BYTES_READ, NetLogEventPhase.NONE) == [{"byte_count": 3}]
    assert recorded.params_of(NetLogEventType.FAILED, NetLogEventPhase.NONE) == [
        {"net_error": ERR_CONTENT_LENGTH_MISMATCH}
    ]


class CautiousNetLog(RecordingNetLog):
    """Captures in the mode that is fit to be sent to somebody."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.remove_observer(self)
        self.add_observer(self, NetLogCaptureMode.DEFAULT)


@pytest.mark.parametrize("is_cautious", [False, True])
def test_passwords_are_in_no_ordinary_log(stack: ScriptedStack, is_cautious: bool) -> None:
    """Neither that of the URL nor that of a Location; who asks for everything gets them."""
    log = stack.net_log = CautiousNetLog() if is_cautious else RecordingNetLog()
    socket: ScriptedSocket = stack.connection(
        Write(head(extra="Authorization: Basic dTpwdw==\r\n")), Read(redirect_to("http://v:pw@a.test/"))
    )
    context = context_over(stack)
    run(stack, context, request_info("http://u:pw@a.test/"), RecordingDelegate(follows=False))
    assert socket.is_done
    types = (NetLogEventType.URL_REQUEST_START_JOB, NetLogEventType.URL_REQUEST_REDIRECTED)
    text = repr([dict(entry.params) for entry in log.entries if entry.type in types])
    assert ("u:pw@" in text) is ("v:pw@" in text) is not is_cautious


# --- deferred redirects, and a network delegate


@pytest.mark.parametrize("limit, result", [(1, OK), (0, ERR_TOO_MANY_REDIRECTS)])
def test_a_deferred_redirect(stack: ScriptedStack, context: URLRequestContext, limit: int, result: int) -> None:
    """Row 237, DeferredRedirect(+ModifiedHeaders): followed later, with other headers, within the same limit."""
    rest: list[Step] = [Write(head("/x", extra="A: 1\r\n")), Read(FINE)] if limit else []
    stack.connection(Write(GET), Read(redirect_to("/x")), *rest)
    delegate = RecordingDelegate(action=RedirectAction.DEFER)
    request, _ = run(stack, context, delegate=delegate, max_redirects=limit)
    assert delegate.events[-1] == "redirect" and request.load_state == LoadState.WAITING_FOR_DELEGATE
    request.follow_deferred_redirect(modified_headers={"A": "1"})
    stack.run()
    assert delegate.result == result


def test_cancelled_while_a_bad_redirect_is_judged(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 234: nothing comes any more."""
    stack.connection(Write(GET), Read(redirect_to("data:,x")))
    request, delegate = new_request(context, request_info())
    delegate.on_event = lambda event: request.cancel() if event == "invalid redirect" else None
    request.start()
    stack.run()
    assert delegate.events[-1] == "invalid redirect"


@pytest.fixture
def network(context: URLRequestContext) -> RecordingNetworkDelegate:
    """Sees the requests of the context."""
    network = RecordingNetworkDelegate()
    context.make_delegate_calls = make_delegate_calls(network, context.thread)
    return network


def test_a_network_delegate_sees_each_hop(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Row 240: it may wait, and send a hop elsewhere; the end comes once."""
    network.results["before_url_request"] = ERR_IO_PENDING
    network.on_start = lambda start: None if network.redirects else start.redirect("/x")
    stack.connection(Write(head("/x")), Read(FINE))
    request, delegate = run(stack, context)
    assert request.load_state == LoadState.WAITING_FOR_DELEGATE
    network.release()
    stack.run()
    assert delegate.redirects[0].is_from_delegate and request.url.path == "/x"
    network.release()
    stack.run()
    assert delegate.body == b"fine" and network.completed == [(True, OK)]


def test_a_network_delegate_refuses(
    stack: ScriptedStack, context: URLRequestContext, network: RecordingNetworkDelegate
) -> None:
    """Row 240: before anything is done."""
    network.results["before_url_request"] = ERR_FAILED
    assert run(stack, context)[1].result == ERR_FAILED


@pytest.mark.parametrize("event", ["before_redirect", "response_started"])
@pytest.mark.parametrize("raises", [False, True])
def test_a_network_delegate_ends_the_request_from_inside(
    stack: ScriptedStack,
    context: URLRequestContext,
    network: RecordingNetworkDelegate,
    event: str,
    raises: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Row 240: by fail(), or by a bug."""

    def act(name: str, request: DelegatedRequest) -> None:
        if name == event:
            if raises:
                raise RuntimeError("a bug")
            request.fail(ERR_FAILED)

    network.act = act
    stack.connection(Write(GET), Read(redirect_to("/x") if event == "before_redirect" else FINE))
    _, delegate = run(stack, context)
    assert delegate.result == (ERR_UNEXPECTED if raises else ERR_FAILED) and delegate.events.count("response") == 1
    assert ("a bug" in capsys.readouterr().err) == raises


# --- bugs


class RaisingJobs(URLRequestJobFactory):
    """Makes a job that cannot be started for one host."""

    __slots__ = ("jobs",)

    def create_job(
        self,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        observer: TransactionObserver | None,
        is_intercepted: bool = False,
    ) -> URLRequestJob:
        if info.url.host != "b.test":
            return super().create_job(info, net_log, observer, is_intercepted)
        self.jobs = [RaisingJob()]
        return self.jobs[0]


@pytest.mark.parametrize("hops", [0, 1])
def test_a_job_that_raises_when_it_is_started(
    stack: ScriptedStack, context: URLRequestContext, hops: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for it until the deadline: it is printed, closed, and its request fails; also after a redirect."""
    factory = context.job_factory = RaisingJobs(stack.session)
    if hops:
        stack.connection(Write(GET), Read(redirect_to("http://b.test/")))
    request, delegate = run(stack, context, request_info("http://a.test/" if hops else "http://b.test/"))
    assert delegate.result == ERR_UNEXPECTED and len(request.history) == hops and request.has_sent_bytes == bool(hops)
    assert request.error_detail == "the start() of a job raised an exception" and factory.jobs[0].is_closed
    assert "a bug of the job" in capsys.readouterr().err and context.request_count == 0
