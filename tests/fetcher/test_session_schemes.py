"""Schemes and interceptors of a session, end to end."""

from __future__ import annotations

import io
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import netstack_sync
from netstack_sync import (
    ContextShutDown,
    DeadlineExceeded,
    HandlerAnswer,
    HandlerRequest,
    InvalidURL,
    NetError,
    ReadTimeout,
    Response,
    ResponseTooLarge,
    Session,
    Timeout,
    TooManyRedirects,
    TruncatedBody,
)
from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import (
    ERR_ACCESS_DENIED,
    ERR_CONNECTION_REFUSED,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_INVALID_URL,
    ERR_UNKNOWN_URL_SCHEME,
    ERR_UNSAFE_REDIRECT,
)
from netstack_sync.base.url import Url
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.url_request.handler_protocol import HandlerProtocol
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.interceptor import MakeJob, URLRequestInterceptor
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.workers import worker_pool
from tests.support.ftp_server import FtpServer, ftp_server
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here
BIG = os.urandom(3_000_000)


class Hanging:
    """A handler, or an interceptor, that hangs until the test lets it go; and a body that does."""

    def __init__(self) -> None:
        self.is_called = threading.Event()
        self.gate = threading.Event()
        self.is_ended = threading.Event()

    def __call__(self, request: HandlerRequest) -> HandlerAnswer:
        self.wait()
        self.is_ended.set()
        return HandlerAnswer(b"late")

    def body(self) -> Iterator[bytes]:
        try:
            yield b"begun"
            self.wait()
            yield b"late"
        finally:
            self.is_ended.set()

    def wait(self) -> None:
        self.is_called.set()
        assert self.gate.wait(LIMIT_S)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    hanging = Hanging()
    yield hanging
    hanging.gate.set()


def echo(request: HandlerRequest) -> HandlerAnswer:
    said = f"{request.method} {request.url} {threading.current_thread().name}\n".encode()
    return HandlerAnswer(said + request.body, headers={"Content-Type": "text/plain", "X": "y"})


def error_of(session: Session, url: str, **options: object) -> NetError:
    with pytest.raises(NetError) as caught:
        session.get(url, **options)  # type: ignore[arg-type]
    return caught.value


# --- data: and about:


def test_data_is_there_without_being_turned_on(tmp_path: Path) -> None:
    """As every other response: read, streamed, awaited, saved."""
    response = netstack_sync.fetch("data:text/plain;charset=utf-8,gr%C3%BCn#x")
    assert (response.text, response.status_code, response.reason, response.ok) == ("gr\u00fcn", 200, "OK", True)
    assert response.headers["content-length"] == "5" and response.http_version == "HTTP/1.1"
    assert response.elapsed.total_seconds() >= 0 and response.remote_address is None and not response.history
    with Session() as session:
        assert session.head("data:,abc").content == b""
        assert session.submit("GET", "data:application/json,[1]").result(LIMIT_S).json() == [1]
        with session.stream("GET", "data:,abc") as streamed:
            assert list(streamed.iter_bytes()) == [b"abc"]
        session.download("data:,abc", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == b"abc"
        assert error_of(session, "data:abc").net_error.number == ERR_INVALID_URL
        with pytest.raises(ResponseTooLarge):
            session.get("data:,abcdef", max_response_size=5)


def test_a_large_data_url(tmp_path: Path) -> None:
    """More than a pipe holds, of which a reader stops early."""
    with Session() as session, session.stream("GET", "data:," + "x" * 1_900_000) as response:
        assert response.read(10) == b"x" * 10


def test_about_blank() -> None:
    """Row 233, AboutBlankTest."""
    assert netstack_sync.fetch("about:blank").content == b""


# --- file:


def test_files(tmp_path: Path) -> None:
    """Whole and in part; what is outside, or not there, is an error. R22: max_response_size holds here, too."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "big.bin").write_bytes(BIG)
    (tmp_path / "secret").write_bytes(b"x")
    uri = (root / "big.bin").as_uri()
    with Session(file_root=root) as session:
        response = session.get(uri)
        assert response.content == BIG and response.headers["Content-Type"] == "application/octet-stream"
        part = session.get(uri, headers={"Range": "bytes=10-19"})
        assert (part.status, part.content) == (206, BIG[10:20])
        assert session.get(uri, headers={"Range": "bytes=9999999-"}).status == 416
        session.download(uri, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == BIG
        assert error_of(session, (root / "none").as_uri()).net_error.number == ERR_FILE_NOT_FOUND
        assert error_of(session, (tmp_path / "secret").as_uri()).net_error.number == ERR_ACCESS_DENIED
        assert not error_of(session, (root / "none").as_uri()).may_have_been_sent
        with pytest.raises(ResponseTooLarge):
            session.get(uri, max_response_size=len(BIG) - 1)


def test_a_download_of_a_file_goes_on(tmp_path: Path) -> None:
    """Its entity tag says that it is still the same."""
    (tmp_path / "big.bin").write_bytes(BIG)
    uri, target = (tmp_path / "big.bin").as_uri(), tmp_path / "copy"
    with Session(file_root=tmp_path) as session:
        head = session.head(uri)

    def break_off(request: HandlerRequest) -> HandlerAnswer:
        return HandlerAnswer(iter([BIG[:1_000_000]]), headers=dict(head.headers))

    with Session(file_root=tmp_path, interceptors=[break_off]) as session, pytest.raises(TruncatedBody):
        session.download(uri, target)
    with Session(file_root=tmp_path) as session:
        done = session.download(uri, target)
    assert done.was_resumed and done.response.status == 206 and target.read_bytes() == BIG


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_stream_of_a_file_that_nobody_finishes(tmp_path: Path) -> None:
    """The descriptor is given back."""
    (tmp_path / "big.bin").write_bytes(BIG)
    with Session(file_root=tmp_path) as session:
        with session.stream("GET", (tmp_path / "big.bin").as_uri()) as response:
            assert response.read(10) == BIG[:10]
        wait_until(lambda: not any(name.endswith("big.bin") for name in _open_files()))


def _open_files() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            pass  # was closed meanwhile
    return found


# --- ftp:


@pytest.fixture
def ftp() -> Iterator[FtpServer]:
    with ftp_server({"big.bin": BIG, "a.txt": b"hello"}) as server:
        yield server


def test_ftp(ftp: FtpServer, tmp_path: Path) -> None:
    base = f"ftp://me:secret@127.0.0.1:{ftp.port}/"
    with Session(ftp=True) as session:
        response = session.get(base + "big.bin")
        assert response.content == BIG and response.url == f"ftp://127.0.0.1:{ftp.port}/big.bin"
        assert ftp.users == [("me", "secret")]
        assert "a.txt" in session.get(base).text
        assert session.head(base + "a.txt").headers["content-length"] == "5"
        session.download(base + "big.bin", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == BIG
        error = error_of(session, base + "none")
        assert error.net_error.number == ERR_FILE_NOT_FOUND and "secret" not in str(error)
    with ftp_server({}) as other:
        port = other.port
    with Session(ftp=True) as session:
        assert error_of(session, f"ftp://127.0.0.1:{port}/x").net_error.number == ERR_CONNECTION_REFUSED


@pytest.mark.parametrize("stall", ["WELCOME", "PASS", "RETR", "data", "END"])
def test_the_deadline_holds_for_ftp(ftp: FtpServer, stall: str) -> None:
    """R22: wherever the server falls silent; the worker is let go, too."""
    ftp.stalls_at = stall
    with Session(ftp=True) as session:
        with pytest.raises(DeadlineExceeded):
            session.get(f"ftp://127.0.0.1:{ftp.port}/big.bin", timeout=0.3)
        assert ftp.is_left.wait(LIMIT_S)


def test_a_cancelled_ftp_fetch_leaves_the_server(ftp: FtpServer) -> None:
    """Its connection ends at once, not when somebody is through with waiting."""
    ftp.stalls_at = "data"
    with Session(ftp=True) as session:
        future = session.submit("GET", f"ftp://127.0.0.1:{ftp.port}/big.bin")
        assert ftp.is_stalled.wait(LIMIT_S)
        assert future.cancel()
        assert ftp.is_left.wait(LIMIT_S)


# --- schemes of the user's


def test_a_handler() -> None:
    """Runs on a worker, for every way to ask."""
    with Session(schemes={"app": echo}) as session:
        response = session.post("app://h/x?y", content=b"body", params={"z": "1"})
        first, body = response.content.split(b"\n")
        assert first.startswith(b"POST app://h/x?y&z=1 netstack-job") and body == b"body"
        assert response.headers["X"] == "y" and response.url == "app://h/x?y&z=1"
        assert session.put("app:x", content=io.BytesIO(b"file")).content.endswith(b"\nfile")
        assert session.post("app:x", data=iter([b"it", b"er"])).content.endswith(b"\niter")
        assert session.submit("GET", "app:x").result(LIMIT_S).ok
        with session.stream("GET", "app:x") as streamed:
            assert streamed.read().startswith(b"GET app:x")
        with pytest.raises(ResponseTooLarge):
            session.get("app:x", max_response_size=3)
    with Session(schemes={"app": echo}, base_url="app://h/a/") as session:
        assert session.get("b").url == "app://h/a/b"


def test_a_handler_that_fails() -> None:
    """The exception says what, where, and that it may have had effects; a NetError stays what it is."""

    def fail(request: HandlerRequest) -> HandlerAnswer:
        if request.url == "app:net":
            raise netstack_sync.ConnectionRefused(ERR_CONNECTION_REFUSED, "mine")
        if request.url == "app:short":
            return HandlerAnswer(iter([b"ab"]), headers={"Content-Length": "5"})
        if request.url == "app:body":
            return HandlerAnswer(iter([b"a", 5]))  # type: ignore[arg-type]
        raise KeyError("odd")

    with Session(schemes={"app": fail}) as session:
        error = error_of(session, "app:x")
        assert error.net_error.number == ERR_FAILED and "KeyError: 'odd'" in str(error) and error.may_have_been_sent
        with pytest.raises(netstack_sync.ConnectionRefused, match="mine"):
            session.get("app:net")
        with pytest.raises(TruncatedBody):
            session.get("app:short")
        assert "not int" in str(error_of(session, "app:body"))
        with session.stream("GET", "app:body") as response, pytest.raises(NetError, match="not int"):
            response.read()


def test_a_handler_may_redirect_and_fail_as_servers_do() -> None:
    """Within its scheme and to http, as long as it does not go round."""

    def redirect(request: HandlerRequest) -> HandlerAnswer:
        if request.url == "app:there":
            return HandlerAnswer(b"there", 503)
        target = request.url if request.url == "app:round" else "app:there" if request.url == "app:x" else "data:,x"
        return HandlerAnswer(status=302, headers={"Location": target})

    with Session(schemes={"app": redirect}) as session:
        response = session.get("app:x")
        assert (response.status, response.content, response.url) == (503, b"there", "app:there")
        assert [hop.url for hop in response.history] == ["app:x"]
        with pytest.raises(TooManyRedirects):
            session.get("app:round")
        assert error_of(session, "app:data").net_error.number == ERR_UNSAFE_REDIRECT


def test_a_slow_reader_stops_a_handlers_body() -> None:
    """Back pressure: what nobody reads is not made."""
    made: list[int] = []
    piece = b"x" * 300_000

    def pieces() -> Iterator[bytes]:
        for index in range(1000):
            made.append(index)
            yield piece

    with Session(schemes={"app": lambda request: HandlerAnswer(pieces())}) as session:
        with session.stream("GET", "app:x") as response:
            assert response.read(1) == b"x"
            wait_until(lambda: len(made) >= 4)
        count = len(made)
        assert count < 20
        assert session.get("data:,x").ok and len(made) <= count + 1


def test_the_deadline_holds_for_a_handler_that_hangs(hanging: Hanging) -> None:
    """Nobody waits for it; what it says later is dropped."""
    with Session(schemes={"app": hanging}) as session:
        with pytest.raises(DeadlineExceeded):
            session.get("app:x", timeout=0.1)
        with pytest.raises(ReadTimeout):
            session.get("app:x", timeout=Timeout(read=0.1))
        hanging.gate.set()
        assert hanging.is_ended.wait(LIMIT_S)
        assert session.get("app:x").content == b"late"


@pytest.mark.parametrize("ends", ["cancel", "close"])
def test_a_handler_that_hangs_does_not_hold_anybody(hanging: Hanging, ends: str) -> None:
    """Neither who cancels nor who closes the session."""
    with Session(schemes={"app": hanging}) as session:
        future = session.submit("GET", "app:x")
        assert hanging.is_called.wait(LIMIT_S)
        if ends == "cancel":
            assert future.cancel()
        else:
            session.close()
            with pytest.raises(ContextShutDown):
                future.result(LIMIT_S)
            with pytest.raises(ContextShutDown):
                session.get("app:x")


def test_a_body_that_hangs_does_not_hold_anybody(hanging: Hanging) -> None:
    """Its generator is closed by the worker that hangs in it, once that is through."""
    with Session(schemes={"app": lambda request: HandlerAnswer(hanging.body())}) as session:
        with session.stream("GET", "app:x") as response:
            assert next(response.iter_bytes(5)) == b"begun"
            assert hanging.is_called.wait(LIMIT_S)
        assert not hanging.is_ended.is_set()
        hanging.gate.set()
        assert hanging.is_ended.wait(LIMIT_S)


def test_code_of_the_users_never_runs_on_the_network_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the end of a generator that was waiting for its reader when the session was closed."""
    monkeypatch.setattr(worker_pool, "_IDLE_LIFETIME_S", 0.05)
    ended: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            ended.append(threading.current_thread().name)

    with Session(schemes={"app": lambda request: HandlerAnswer(pieces())}) as session:
        response = session.stream("GET", "app:x")
        assert response.read(1) == b"x"
        wait_until(lambda: not any(thread.name == "netstack-job" for thread in threading.enumerate()))
    wait_until(lambda: bool(ended))
    assert ended == ["netstack-job"]
    with pytest.raises(ContextShutDown):
        response.read()


def test_a_handler_may_use_its_session() -> None:
    """It is no network thread that it runs on."""
    with EmbeddedServer() as server:

        def fetch(request: HandlerRequest) -> HandlerAnswer:
            answer = session.get(server.url("/hello"))
            return HandlerAnswer(answer.content, answer.status)

        with Session(schemes={"app": fetch}) as session:
            direct = session.get(server.url("/hello"))
            assert session.get("app:x").content == direct.content


# --- redirects


@pytest.mark.parametrize(
    "target", ["data:,x", "file:///{root}/x", "ftp://127.0.0.1/x", "app:x", "about:blank", "odd:x"]
)
def test_no_server_can_send_us_to_other_schemes(tmp_path: Path, target: str) -> None:
    """Row 236, RestrictUnsafeRedirect, DataRedirect, FileRedirect; CVE-2009-0037 (curl): also those that are on."""
    (tmp_path / "x").write_bytes(b"secret")
    calls: list[HandlerRequest] = []

    def note(request: HandlerRequest) -> HandlerAnswer:
        calls.append(request)
        return HandlerAnswer()

    with EmbeddedServer() as server, Session(file_root=tmp_path, ftp=True, schemes={"app": note}) as session:
        url = server.url("/redirect-to")
        error = error_of(session, url, params={"url": target.replace("/{root}", tmp_path.as_posix())})
        assert error.net_error.number == ERR_UNSAFE_REDIRECT and not calls


def test_a_handler_may_let_servers_send_us() -> None:
    """Row 236, DataRedirect as a handler may want it: the low-level form says that its scheme is safe."""

    class Open(HandlerProtocol):
        def is_safe_redirect_target(self, url: Url) -> bool:
            return url.path == "yes"

    with EmbeddedServer() as server, Session(schemes={"app": Open(echo)}) as session:
        response = session.get(server.url("/redirect-to"), params={"url": "app:yes"})
        assert response.url == "app:yes" and [hop.status for hop in response.history] == [302]
        error = error_of(session, server.url("/redirect-to"), params={"url": "app:no"})
        assert error.net_error.number == ERR_UNSAFE_REDIRECT


# --- interceptors


def test_an_interceptor() -> None:
    """Answers what it knows, leaves the rest; nothing of the first goes to the network."""

    def answer(request: HandlerRequest) -> HandlerAnswer | None:
        if request.url.startswith(("http://mock.test/", "https://mock.test/")):
            return HandlerAnswer(b"mocked " + request.body, 201, {"X": request.method})
        return None

    with EmbeddedServer() as server, Session(interceptors=[lambda request: None, answer]) as session:
        response = session.post("https://mock.test/x", data={"a": "1"})
        assert (response.status, response.content, response.headers["x"]) == (201, b"mocked a=1", "POST")
        assert session.get(server.url("/hello")).ok
        assert b"streamed" in session.post(server.url("/echo"), content=io.BytesIO(b"streamed")).content
        redirected = session.get(server.url("/redirect-to"), params={"url": "http://mock.test/"})
        assert redirected.content == b"mocked " and len(redirected.history) == 1


def test_an_interceptor_that_hangs(hanging: Hanging) -> None:
    """Is left behind, as a handler."""
    with Session(interceptors=[hanging]) as session:
        with pytest.raises(DeadlineExceeded, match="delegate"):
            session.get("http://a.test/", timeout=0.1)
        future = session.submit("GET", "http://a.test/")
        assert future.cancel()


def test_an_interceptor_that_fails() -> None:
    """A filter that fails must not let everything through."""

    def fail(request: HandlerRequest) -> HandlerAnswer | None:
        raise PermissionError("not there")

    with Session(interceptors=[fail]) as session:
        error = error_of(session, "http://127.0.0.1:1/")
        assert error.net_error.number == ERR_FAILED and "PermissionError: not there" in str(error)


def test_the_low_level_form() -> None:
    """A response is exchanged on the network thread, and http goes on beside it."""

    class Translating(URLRequestInterceptor):
        def maybe_intercept_response(self, hop: Hop, response: HttpResponseInfo) -> URLRequestJob | None:
            if response.head.status != 404:
                return None
            assert isinstance(response.head.headers, ResponseHeaders) and hop.services.thread.is_current
            return HandlerProtocol(lambda request: HandlerAnswer(b"instead")).create_job(hop)

        def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
            return None

    with EmbeddedServer() as server, Session(interceptors=[Translating()]) as session:
        assert session.get(server.url("/status/404")).content == b"instead"
        assert session.get(server.url("/hello")).ok


def test_added_and_removed_while_the_session_runs() -> None:
    """By the network thread, for requests that begin then."""

    class Taking(URLRequestInterceptor):
        def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
            return HandlerProtocol(echo).create_job(hop)

    with Session() as session:
        factory, taking = session.context.job_factory, Taking()
        session.context.thread.post(lambda: factory.add_interceptor(taking))
        assert session.get("http://a.test/").content.startswith(b"GET http://a.test/")
        session.context.thread.post(lambda: factory.remove_interceptor(taking))
        assert error_of(session, "http://127.0.0.1:1/").net_error.number == ERR_CONNECTION_REFUSED


def test_invalid_urls_are_said_at_once() -> None:
    """Row 233, InvalidUrlTest."""
    with Session() as session:
        for url in ("", "http://", "http://[", "data"):
            with pytest.raises(InvalidURL):
                session.get(url)


def test_a_scheme_that_is_let_through_but_unknown() -> None:
    """Row 233: below the session's check there is an error, too."""
    with Session(schemes={"app": echo}) as session:
        context = session.context
        context.thread.post(lambda: context.job_factory.set_protocol_handler("app", None))
        assert error_of(session, "app:x").net_error.number == ERR_UNKNOWN_URL_SCHEME


def test_pickled_responses() -> None:
    """They are values like those of http."""
    response: Response = pickle.loads(pickle.dumps(netstack_sync.fetch("data:,abc")))
    assert response.content == b"abc"
