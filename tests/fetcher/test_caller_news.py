"""What the caller's functions are told, in which order, and on which thread."""

from __future__ import annotations

import gc
import io
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest

from netstack_sync import ContextShutDown, DeadlineExceeded, FetchCancelled, Session, SyncUrlFetcher
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONTEXT_SHUT_DOWN, ERR_TIMED_OUT, OK, error_name
from netstack_sync.fetcher import upload_meter
from netstack_sync.fetcher.caller_news import CallerNews, NewsTeller
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.loop.message_loop import MessageLoop
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import reset_before_headers, stall_before_headers
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.loops import LoopDriver, driven_loop
from tests.support.raw_server import OK_ANSWER, raw_server, read_request, wait_for_close
from tests.support.subprocesses import run_python
from tests.support.waiting import Caller, wait_until
from tests.support.workers import ScriptedWorkers

LIMIT_S = 20.0  # only a hang gets here
HINTS = [(103, {"Link": "</a>"}), (102, {}), (100, {})]


def head(status: int) -> ResponseHead:
    found = ResponseHeadParser().receive(b"HTTP/1.1 %d\r\nA: 1\r\na: 2\r\n\r\n" % status)
    assert found is not None
    return found


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


class Listener:
    """Functions of a caller's, which raise if they are to, once there is more than a beginning to tell."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.threads: set[str] = set()
        self.raises: BaseException | None = None

    def on_informational(self, status: int, headers: Any) -> None:
        self._note(status, (status, dict(headers)))

    def upload_progress(self, sent: int, total: int | None) -> None:
        self._note(sent, (sent, total))

    def _note(self, number: int, news: object) -> None:
        self.told.append(news)
        self.threads.add(threading.current_thread().name)
        if self.raises is not None and number:
            raise self.raises


def request_of(listener: Listener, **options: Any) -> Any:
    functions: Any = {"on_informational": listener.on_informational, "upload_progress": listener.upload_progress}
    with Session(trust_env=False) as session:
        return session.prepare("POST", "http://h/", **functions, **options)


# --- the queue


def test_news_are_told_in_their_order() -> None:
    """Headers are found in any case, several of one name joined."""
    listener, called = Listener(), []
    news = CallerNews(request_of(listener), lambda: called.append(1))
    assert news.is_empty
    news.on_upload_progress(0, 10)
    news.on_interim(head(103))
    news.on_upload_progress(10, 10)
    assert not news.is_empty and not listener.told and len(called) == 3
    news.tell()
    assert listener.told == [(0, 10), (103, {"A": "1, 2"}), (10, 10)] and news.is_empty
    news.tell()
    assert len(listener.told) == 3


def test_who_is_slow_to_listen_is_told_the_last() -> None:
    """And the first; 1xx responses are told all."""
    listener = Listener()
    news = CallerNews(request_of(listener), lambda: None)
    for sent in (0, 1, 2, 3):
        news.on_upload_progress(sent, 4)
    news.on_interim(head(103))
    news.on_interim(head(103))
    news.on_upload_progress(4, 4)
    news.tell()
    assert [told[0] for told in listener.told] == [0, 3, 103, 103, 4]  # type: ignore[index]


def test_after_an_exception_nothing_is_told() -> None:
    listener = Listener()
    listener.raises = ZeroDivisionError()
    news = CallerNews(request_of(listener), lambda: None)
    news.on_interim(head(103))
    news.on_interim(head(103))
    with pytest.raises(ZeroDivisionError):
        news.tell()
    news.on_interim(head(103))
    news.tell()
    assert len(listener.told) == 1 and news.is_empty


@pytest.mark.parametrize("is_dropped", [True, False])
def test_the_end_keeps_or_drops_what_was_not_told(is_dropped: bool) -> None:
    listener, called = Listener(), []
    news = CallerNews(request_of(listener), lambda: called.append(1))
    news.on_interim(head(103))
    news.end(is_dropped)
    news.on_interim(head(103))
    news.tell()
    assert len(listener.told) == (0 if is_dropped else 2) and called == [1]


# --- the teller


class LiveRequests:
    """What a teller needs of a context."""

    def __init__(self, loop: MessageLoop) -> None:
        self.thread = SimpleNamespace(timers=loop.timers)
        self.requests: set[object] = set()
        self.add_request = self.requests.add
        self.remove_request = self.requests.discard


class Teller:
    """A NewsTeller whose threads and loop the test runs."""

    def __init__(self, driver: LoopDriver) -> None:
        self.driver = driver
        self.listener = Listener()
        self.threads = ScriptedWorkers(driver.loop.task_runner)
        self.events: list[str] = []
        self.news = CallerNews(request_of(self.listener), lambda: self.teller.on_news())
        self.context = LiveRequests(driver.loop)
        context: Any = self.context
        self.teller = NewsTeller(self.news, self.threads, context, lambda: self.events.append("error"))

    def run(self) -> None:
        self.threads.run_next()
        self.driver.run_until_idle()

    def _note_told(self, result: int) -> None:
        self.events.append("told" if result == OK else error_name(result))

    def when_told(self, deadline: float = inf) -> None:
        self.teller.when_told(self._note_told, deadline)


def test_one_thread_tells_at_a_time(driver: LoopDriver) -> None:
    """What comes while it does is told in the same go, or in the next."""
    teller = Teller(driver)
    teller.news.on_interim(head(103))
    teller.news.on_interim(head(102))
    assert len(teller.threads.jobs) == 1
    teller.threads.run_next()
    assert len(teller.listener.told) == 2
    teller.news.on_interim(head(104))  # told, but the reply is on its way
    assert not teller.threads.jobs
    driver.run_until_idle()
    teller.when_told()
    assert len(teller.threads.jobs) == 1 and not teller.events
    teller.run()
    assert len(teller.listener.told) == 3 and teller.events == ["told"] and teller.teller.error is None


def test_nothing_to_tell_is_told_at_once(driver: LoopDriver) -> None:
    teller = Teller(driver)
    teller.when_told()
    assert teller.events == ["told"]


def test_who_waits_for_the_end_waits_for_news_that_come_meanwhile(driver: LoopDriver) -> None:
    teller = Teller(driver)
    teller.news.on_interim(head(103))
    teller.when_told()
    teller.threads.run_next()
    teller.news.on_interim(head(103))
    driver.run_until_idle()
    assert teller.events == []
    teller.run()
    assert teller.events == ["told"]


@pytest.mark.parametrize("waits", [True, False])
def test_what_a_function_raises_is_kept(driver: LoopDriver, waits: bool) -> None:
    teller = Teller(driver)
    teller.listener.raises = ZeroDivisionError()
    teller.news.on_interim(head(103))
    if waits:
        teller.when_told()
    teller.run()
    assert teller.events == ["error", "told"][: 1 + waits]
    assert teller.teller.error is teller.listener.raises


@pytest.mark.parametrize("result", [ERR_TIMED_OUT, ERR_CONTEXT_SHUT_DOWN])
def test_a_function_that_does_not_come_back_is_not_waited_for_for_ever(driver: LoopDriver, result: int) -> None:
    """The deadline ends the wait, and so does the end of the session; what comes back afterwards changes nothing."""
    teller = Teller(driver)
    teller.news.on_interim(head(103))
    teller.when_told(driver.clock.now() + 1.0)
    assert teller.context.requests == {teller.teller}
    if result == ERR_TIMED_OUT:
        driver.advance(1.0)
    else:
        teller.teller.fail(result)
    assert teller.events == [error_name(result)] and not teller.context.requests
    teller.teller.fail(ERR_ABORTED)
    teller.run()
    driver.advance(1.0)
    assert teller.events == [error_name(result)]


# --- whole fetches

Ask = Callable[..., Any]


def ways(session: Session) -> dict[str, Ask]:
    return {
        "fetch": session.request,
        "stream": session.stream,
        "submit": lambda *args, **options: session.submit(*args, **options).result(LIMIT_S),
    }


@pytest.mark.parametrize("way", ["fetch", "stream", "submit"])
def test_1xx_responses_are_told(server: EmbeddedServer, session: Session, way: str) -> None:
    """Row 152, EarlyHints: all of them before the answer is there, on the thread that waits or on one for callbacks."""
    listener = Listener()
    server.route("/hints", Answer(informational=HINTS, body=b"x"))
    with ways(session)[way]("GET", server.url("/hints"), on_informational=listener.on_informational) as response:
        assert listener.told == HINTS and response.content == b"x"
    assert listener.threads == {"netstack-callback" if way == "submit" else threading.current_thread().name}


@pytest.mark.parametrize("way", ["fetch", "stream", "submit"])
@pytest.mark.parametrize("name", ["on_informational", "upload_progress"])
def test_what_a_function_raises_comes_out_of_the_fetch(
    server: EmbeddedServer, session: Session, way: str, name: str
) -> None:
    """Row 246, CancelInUploadProgressCallback: it ends the fetch, and the server sees the connection close."""
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    listener = Listener()
    listener.raises = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        ways(session)[way]("POST", server.url("/hints"), content=b"x", **{name: getattr(listener, name)})
    assert listener.told == ([(0, 1), (1, 1)] if name == "upload_progress" else HINTS[:1])
    assert server.wait_until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("way", ["fetch", "stream", "submit"])
def test_upload_progress(server: EmbeddedServer, session: Session, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 246, UploadProgress: monotone, from nothing to all, off the network thread."""
    monkeypatch.setattr(upload_meter, "PROGRESS_S", 0.0)
    size = 1_000_000
    contents: list[Any] = [b"x" * size, io.BytesIO(b"x" * size), iter([b"x" * 1000] * 1000)]
    for content in contents:
        listener = Listener()
        options = {"content": content, "upload_progress": listener.upload_progress}
        with ways(session)[way]("POST", server.url("/echo"), **options) as response:
            assert response.status == 200
            told: Any = listener.told
        assert told[0][0] == 0 and told[-1] == (size, size)
        assert told == sorted(told, key=lambda item: item[0])
        assert "netstack-network" not in listener.threads and len(listener.threads) == 1


def test_a_body_that_is_sent_again_is_not_told_again(server: EmbeddedServer, session: Session) -> None:
    """After a redirect that keeps it; 1xx responses of each hop are told."""
    server.route("/a", Answer(307, headers={"Location": "/b"}, informational=HINTS[:1]))
    server.route("/b", Answer(informational=HINTS[:1]))
    listener = Listener()
    functions: Any = {"on_informational": listener.on_informational, "upload_progress": listener.upload_progress}
    response = session.put(server.url("/a"), content=b"hello", expect_continue=True, **functions)
    assert response.status == 200 and [request.body for request in server.requests] == [b"hello"] * 2
    assert [request.headers.get("expect") for request in server.requests] == ["100-continue"] * 2
    statuses = [told[0] for told in listener.told if isinstance(told, tuple)]
    assert statuses == [0, 100, 5, 103, 100, 103]


def test_a_failure_comes_after_what_was_told_before(server: EmbeddedServer, session: Session) -> None:
    """For a caller that waits; a deadline is not put off by a function that is still running elsewhere."""
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    listener = Listener()
    with pytest.raises(DeadlineExceeded):
        session.get(server.url("/hints"), on_informational=listener.on_informational, timeout=0.3)
    assert listener.told == HINTS
    release = threading.Event()
    future = session.submit("GET", server.url("/hints"), on_informational=lambda *_: release.wait(LIMIT_S), timeout=0.3)
    with pytest.raises(DeadlineExceeded):
        future.result(LIMIT_S)
    release.set()


def test_a_future_is_done_when_all_is_told(server: EmbeddedServer, session: Session) -> None:
    """An answer waits for the functions, and what they raise then counts."""
    server.route("/hints", Answer(informational=HINTS, body=b"x"))
    for error in (None, ZeroDivisionError()):
        release = threading.Event()

        def listen(status: int, headers: object, error: Any = error, release: Any = release) -> None:
            assert release.wait(LIMIT_S)
            if error is not None:
                raise error

        future = session.submit("GET", server.url("/hints"), on_informational=listen)
        fetcher = future._fetcher._fetcher
        wait_until(lambda fetcher=fetcher: fetcher.net_error == OK)  # type: ignore[misc]
        assert not future.done()
        release.set()
        assert future.exception(LIMIT_S) is error


@pytest.mark.parametrize("end", ["close", "deadline", "cancel"])
def test_an_answer_does_not_wait_for_ever_for_a_function(server: EmbeddedServer, end: str) -> None:
    """Whoever waits is released, and what was not told yet is told nobody."""
    server.route("/hints", Answer(informational=[*HINTS, *HINTS], body=b"x"))
    begun, release, told = threading.Event(), threading.Event(), []

    def listen(status: int, headers: object) -> None:
        told.append(status)
        begun.set()
        release.wait(LIMIT_S)

    with Session() as session:
        limit_s = 1.0 if end == "deadline" else LIMIT_S
        future = session.submit("GET", server.url("/hints"), on_informational=listen, timeout=limit_s)
        waiter = threading.Thread(target=wait, args=({future},), daemon=True)  # it would hang the run
        waiter.start()
        fetcher = future._fetcher
        wait_until(lambda: fetcher._fetcher.net_error == OK)
        assert begun.wait(LIMIT_S)
        if end == "close":
            session.close()
        elif end == "cancel":
            future.cancel()
            session.stats()  # the network thread has heard of it
        waiter.join(LIMIT_S)
        assert not waiter.is_alive()
        release.set()
        wait_until(lambda: fetcher._news is not None and fetcher._news.is_empty)
    if end == "cancel":
        assert future.cancelled()
    else:
        assert isinstance(future.exception(), ContextShutDown if end == "close" else DeadlineExceeded)
    assert told == [HINTS[0][0]]


def test_a_future_that_is_cancelled_does_not_wait_for_its_functions(server: EmbeddedServer, session: Session) -> None:
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    begun, release = threading.Event(), threading.Event()
    told: list[int] = []

    def listen(status: int, headers: object) -> None:
        told.append(status)
        begun.set()
        assert release.wait(LIMIT_S)

    future = session.submit("GET", server.url("/hints"), on_informational=listen)
    assert begun.wait(LIMIT_S)
    assert future.cancel() and future.cancelled()
    assert server.wait_until(lambda: server.open_connections == 0)
    call_on_network_thread(session.context.thread, lambda: None)
    release.set()
    call_on_network_thread(session.context.thread, lambda: None)
    assert told == [103]


def test_start_and_wait_are_apart(server: EmbeddedServer, session: Session) -> None:
    """What happened before somebody waits is told to who does, once."""
    server.route("/hints", Answer(informational=HINTS, body=b"x"))
    listener = Listener()
    request = session.prepare("GET", server.url("/hints"), on_informational=listener.on_informational)
    fetcher = SyncUrlFetcher(request, session.context)
    fetcher.start()
    wait_until(lambda: fetcher.is_done)
    assert not listener.told
    assert fetcher.wait().content == b"x" and fetcher.wait().content == b"x"
    assert listener.told == HINTS


def test_another_thread_may_cancel(server: EmbeddedServer, session: Session) -> None:
    """Then nothing more is told."""
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    told: list[int] = []

    def listen(status: int, headers: object) -> None:
        told.append(status)
        fetcher.cancel()
        wait_until(lambda: fetcher.is_done)

    request = session.prepare("GET", server.url("/hints"), on_informational=listen)
    fetcher = SyncUrlFetcher(request, session.context)
    with pytest.raises(FetchCancelled):
        fetcher.fetch()
    assert told == [103]


def test_a_function_may_fetch(server: EmbeddedServer, session: Session) -> None:
    """That is what early hints are for."""
    server.route("/hints", Answer(informational=HINTS[:1], body=b"x"))
    hinted: list[bytes] = []
    answer = session.get(
        server.url("/hints"), on_informational=lambda *_: hinted.append(session.get(server.url("/hello")).content)
    )
    assert answer.content == b"x" and hinted == [b"hello\n"]


def test_a_thread_that_has_ended_is_not_waited_for(
    server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the process."""
    server.route("/hints", Answer(informational=HINTS[:1], fault=stall_before_headers()))
    with monkeypatch.context() as patch, pytest.raises(Exception, match="ERR_CONTEXT_SHUT_DOWN"):
        session.get(
            server.url("/hints"),
            on_informational=lambda *_: patch.setattr(NetworkThread, "is_wait_futile", property(lambda _: True)),
        )


def test_a_forked_child_tells_nothing(server: EmbeddedServer) -> None:
    """The lock of the news may have been held at the moment of the fork."""
    program = """
    import os, sys, threading, warnings
    from netstack_sync import ContextShutDown, Session, SyncUrlFetcher
    warnings.filterwarnings("ignore", "(?s).*fork", DeprecationWarning)
    with Session(trust_env=False) as session:
        request = session.prepare("GET", sys.argv[1], on_informational=print)
        fetcher = SyncUrlFetcher(request, session.context)
        release = threading.Event()
        session.context.thread.post(release.wait)
        fetcher.start()
        fetcher._news._lock.acquire()
        child = os.fork()
        if not child:
            try:
                fetcher.wait()
            except ContextShutDown:
                os._exit(0)
            os._exit(1)
        fetcher._news._lock.release()
        release.set()
        assert os.waitpid(child, 0)[1] == 0
        assert fetcher.wait().text == "hello\\n"
    """
    run_python(program, server.url("/hello"))


def test_a_fetch_with_functions_leaves_no_circle(server: EmbeddedServer, session: Session) -> None:
    """It goes when it is dropped, with or without an answer."""
    server.route("/reset", Answer(fault=reset_before_headers()))
    gc.disable()
    try:
        for path in ("/hello", "/reset"):
            listener = Listener()
            kept = weakref.ref(listener)
            future = session.submit("POST", server.url(path), content=b"x", upload_progress=listener.upload_progress)
            future.exception(LIMIT_S)
            del listener, future
            wait_until(lambda kept=kept: kept() is None)  # type: ignore[misc]
    finally:
        gc.enable()


# --- 100 (Continue), end to end


def test_a_refused_upload_is_not_sent(session: Session) -> None:
    """The answer is there at once; the connection is closed, and not a byte of the body was sent."""

    def refuse(connection: Any) -> None:
        assert read_until_head(connection).endswith(b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        wait_for_close(connection)

    with raw_server([refuse]) as port:
        response = session.post(f"http://127.0.0.1:{port}/", content=b"x" * 100_000, expect_continue=True)
    assert (response.status, response.content) == (413, b"no")


def test_a_server_that_says_nothing_gets_the_body(session: Session) -> None:
    def answer(connection: Any) -> None:
        request = read_request(connection)
        assert request.endswith(b"\r\n\r\nhello") and b"\r\nExpect: 100-continue\r\n" in request
        connection.sendall(OK_ANSWER)

    with raw_server([answer]) as port:
        response = session.post(
            f"http://127.0.0.1:{port}/",
            content=iter([b"hello"]),
            headers={"expect": "100-continue", "Content-Length": "5"},
        )
    assert response.content == b"ok"


def test_a_body_waits_over_tls_as_well() -> None:
    """What has come of the handshake's own records, such as tickets, calls for no body."""
    with EmbeddedServer(tls=True) as server, Session(trust_env=False, verify=server.ca_file) as session:
        listener = Listener()
        for content in (b"x" * 300_000, io.BytesIO(b"x" * 300_000)):
            session.put(
                server.url("/echo"), content=content, expect_continue=True, on_informational=listener.on_informational
            )
        assert [request.body for request in server.requests] == [b"x" * 300_000] * 2
        assert [request.connection for request in server.requests] == [1, 1]
    assert listener.told == [(100, {}), (100, {})]


def test_ctrl_c_in_a_function(server: EmbeddedServer, session: Session) -> None:
    """As anywhere in the wait: the fetch ends."""
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    listener = Listener()
    listener.raises = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        session.get(server.url("/hints"), on_informational=listener.on_informational)
    assert server.wait_until(lambda: server.open_connections == 0)


def test_several_threads_wait_for_one_fetch(server: EmbeddedServer, session: Session) -> None:
    """All of them get the answer, and each piece of news is told once."""
    server.route("/hints", Answer(informational=HINTS, body=b"x", delay_s=0.05))
    listener = Listener()
    request = session.prepare("GET", server.url("/hints"), on_informational=listener.on_informational)
    fetcher = SyncUrlFetcher(request, session.context)
    fetcher.start()
    callers = [Caller(fetcher.wait) for _ in range(3)]
    for caller in callers:
        caller.join()
        assert caller.error is None
    assert len(listener.told) == 3


def read_until_head(connection: Any) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    return data


def test_an_error_after_the_end_is_kept_for_nobody(driver: LoopDriver) -> None:
    """The fetch has ended otherwise meanwhile."""
    teller = Teller(driver)
    teller.listener.raises = ZeroDivisionError()
    teller.news.on_interim(head(103))
    teller.teller.end()
    teller.run()
    assert teller.events == []
