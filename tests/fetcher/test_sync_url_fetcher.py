"""One fetch as an object for ordinary threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netstack_sync import ContextShutDown, FetchCancelled, Limits, NetError, Response, Session, SyncUrlFetcher
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import reset_in_body, stall_before_headers, stall_in_body
from netstack_sync.url_request.context import URLRequestContext
from tests.support.subprocesses import run_python
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here


def _context(session: Session) -> URLRequestContext:
    return session._stack.live().context


def _fetcher(session: Session, url: str, options: FetchOptions | None = None, method: str = "GET") -> SyncUrlFetcher:
    return SyncUrlFetcher(session._config.prepare(method, url, options or {}), _context(session))


def test_start_and_wait_are_apart(server: EmbeddedServer, session: Session) -> None:
    """wait() may be called before and after the end, and gives the same again."""
    fetcher = _fetcher(session, server.url("/delay/0.05"))
    assert not fetcher.is_done
    fetcher.start()
    assert fetcher.wait().content == b"late\n"
    assert fetcher.is_done
    assert fetcher.wait().content == b"late\n"
    pieces = _fetcher(session, server.url("/bytes/500000"))
    assert pieces.fetch().content == pieces.wait().content


def test_a_fetch_runs_once_and_is_waited_for_after_its_start(server: EmbeddedServer, session: Session) -> None:
    """A second start is refused and leaves the first alone; so is a wait that nothing would end."""
    fetcher = _fetcher(session, server.url("/hello"))
    with pytest.raises(RuntimeError, match=r"wait\(\) before start\(\)"):
        fetcher.wait()
    fetcher.start()
    for call in (fetcher.fetch, fetcher.start):
        with pytest.raises(RuntimeError, match="a fetch runs once"):
            call()
    assert fetcher.wait().text == "hello\n"
    assert len(server.requests) == 1


@pytest.mark.parametrize("has_arrived", [True, False])
def test_a_fetch_that_was_cancelled_before_its_start_sends_nothing(
    has_arrived: bool, server: EmbeddedServer, session: Session
) -> None:
    """Whether the network thread has heard of the cancel() before the start or hears of both in a row."""
    fetched, started = (_fetcher(session, server.url("/hello")) for _ in range(2))
    for fetcher in (fetched, started):
        fetcher.cancel()
        if has_arrived:
            call_on_network_thread(_context(session).thread, lambda: None)
    with pytest.raises(FetchCancelled):
        fetched.fetch()
    done = threading.Event()
    started.start(done.set)
    assert done.wait(LIMIT_S)
    with pytest.raises(FetchCancelled):
        started.wait()
    assert server.requests == []


def test_on_done_is_called_on_the_network_thread_once_wait_would_not_wait(
    server: EmbeddedServer, session: Session
) -> None:
    fetcher = _fetcher(session, server.url("/hello"))
    seen: list[tuple[bool, bool]] = []
    done = threading.Event()

    def on_done() -> None:
        seen.append((_context(session).thread.is_current, fetcher.is_done))
        done.set()

    fetcher.start(on_done)
    assert done.wait(LIMIT_S)
    assert seen == [(True, True)]


def test_another_thread_may_cancel(server: EmbeddedServer, session: Session) -> None:
    """The waiting thread gets FetchCancelled; cancelling again, or too late, does nothing."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetcher = _fetcher(session, server.url("/silent"))
    fetcher.start()
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            fetcher.wait()
        except FetchCancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert server.wait_until(lambda: len(server.requests) == 1)
    fetcher.cancel()
    fetcher.cancel()
    thread.join(LIMIT_S)
    assert len(outcome) == 1
    finished = _fetcher(session, server.url("/hello"))
    assert finished.fetch().ok
    finished.cancel()
    assert finished.wait().ok


def test_a_prepared_request_with_a_file_may_be_fetched_again(
    server: EmbeddedServer, session: Session, tmp_path: Path
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"0123")
    request = session.prepare("POST", server.url("/echo"), content=path)
    answers = [SyncUrlFetcher(request, session.context).fetch() for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert [received.body for received in server.requests] == [b"0123", b"0123"]


def test_a_blocking_call_on_the_network_thread_is_refused_at_once(server: EmbeddedServer, session: Session) -> None:
    """It would wait for itself."""
    fetcher = _fetcher(session, server.url("/hello"))
    thread = _context(session).thread
    for call in (fetcher.fetch, fetcher.start, fetcher.wait, lambda: session.get(server.url("/hello"))):
        with pytest.raises(RuntimeError, match="network thread would wait for itself; use URLFetcher"):
            call_on_network_thread(thread, call)
    assert server.requests == []


@pytest.mark.parametrize("waits_in_fetch", [True, False])
def test_an_interrupted_wait_cancels(
    waits_in_fetch: bool, server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C arrives as an exception out of the wait, and is raised again."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetcher = _fetcher(session, server.url("/silent"))

    class Interrupted:
        def notify(self) -> None:
            """Nobody waits."""

        def wait(self) -> None:
            assert server.wait_until(lambda: len(server.requests) == 1)
            raise KeyboardInterrupt

    class Desk:
        def meet(self) -> Interrupted:
            return Interrupted()

    if not waits_in_fetch:
        fetcher.start()
    monkeypatch.setattr(_context(session).thread, "desk", Desk())
    with pytest.raises(KeyboardInterrupt):
        fetcher.fetch() if waits_in_fetch else fetcher.wait()
    monkeypatch.undo()
    assert server.wait_until(lambda: server.open_connections == 0)
    with pytest.raises(FetchCancelled):
        fetcher.wait()


@pytest.mark.parametrize("waits_in_fetch", [True, False])
def test_an_interruption_between_the_wait_and_the_response_leaks_no_stream(
    waits_in_fetch: bool, server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C once the head is there: nobody would close the stream."""
    server.route("/half", Answer(body=b"x" * 100, fault=stall_in_body()))
    fetcher = SyncUrlFetcher(session.prepare("GET", server.url("/half")), _context(session), stream=True)

    def interrupted(*_: object) -> Response:
        raise KeyboardInterrupt

    monkeypatch.setattr("netstack_sync.fetcher.sync_url_fetcher.answer_of", interrupted)
    if not waits_in_fetch:
        fetcher.start()
    with pytest.raises(KeyboardInterrupt):
        fetcher.fetch() if waits_in_fetch else fetcher.wait()
    assert server.wait_until(lambda: len(server.requests) == 1 and server.open_connections == 0)


def test_a_forked_child_does_not_wait_for_the_parents_fetch(server: EmbeddedServer) -> None:
    """Its network thread does not exist there; what had ended before the fork is still good."""
    program = """
    import os, sys, threading, warnings
    from netstack_sync import ContextShutDown, Session, SyncUrlFetcher
    warnings.filterwarnings("ignore", "(?s).*fork", DeprecationWarning)
    session = Session(trust_env=False)
    slow, quick, unstarted, held = (
        SyncUrlFetcher(session.prepare("GET", sys.argv[1]), session.context) for _ in range(4)
    )
    assert quick.fetch().text == "hello\\n"
    release = threading.Event()
    session.context.thread.post(release.wait)
    slow.start()
    held.start()
    child = os.fork()
    if not child:
        for call in (slow.wait, slow.wait, held.wait, unstarted.fetch):
            try:
                call()
            except ContextShutDown:
                continue
            os._exit(1)
        slow.cancel()
        assert slow.is_done and quick.wait().text == "hello\\n"
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    release.set()
    assert slow.wait().text == held.wait().text == "hello\\n"
    session.close()
    """
    run_python(program, server.url("/hello"))


def test_after_the_end_of_its_thread_a_fetch_fails_at_once(server: EmbeddedServer) -> None:
    session = Session(trust_env=False)
    fetcher = _fetcher(session, server.url("/hello"))
    session.close()
    done = threading.Event()
    fetcher.start(done.set)
    assert done.is_set()
    with pytest.raises(ContextShutDown):
        fetcher.wait()


def test_an_error_of_the_body_comes_before_that_of_the_network(server: EmbeddedServer, session: Session) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        _fetcher(session, server.url("/echo"), {"content": broken()}, "POST").fetch()


def test_a_fetch_that_waits_can_be_moved(server: EmbeddedServer) -> None:
    """Before the others in the queue, from any thread; what is no priority is refused."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    with Session(limits=Limits(per_host=1), trust_env=False) as session:
        first = session.submit("GET", server.url("/silent"))
        assert server.wait_until(lambda: len(server.requests) == 1)
        fetchers = [_fetcher(session, server.url(f"/bytes/{size}")) for size in (1, 2)]
        for fetcher in fetchers:
            fetcher.start()
        with pytest.raises(ValueError, match="priority must be one of"):
            fetchers[1].set_priority("urgent")
        fetchers[1].set_priority("highest")
        first.cancel()
        for fetcher in fetchers:
            assert fetcher.wait().ok
        fetchers[1].set_priority("lowest")
    assert [request.path for request in server.requests] == ["/silent", "/bytes/2", "/bytes/1"]


def _telling(session: Session, url: str, listen: Callable[[int, object], object]) -> SyncUrlFetcher:
    """A fetch with a function; more of them in test_caller_news.py."""
    return SyncUrlFetcher(session.prepare("GET", url, on_informational=listen), _context(session))


HINTS: list[tuple[int, dict[str, str]]] = [(103, {}), (102, {})]


def test_the_thread_that_waits_calls_the_functions(server: EmbeddedServer, session: Session) -> None:
    """Row 152, EarlyHints: whatever comes before the answer; it may begin to wait before and after."""
    server.route("/hints", Answer(informational=HINTS, body=b"x", delay_s=0.02))
    told: list[tuple[int, int]] = []
    fetcher = _telling(session, server.url("/hints"), lambda status, _: told.append((status, threading.get_ident())))
    assert fetcher.fetch().content == b"x"
    me = threading.get_ident()
    assert told == [(103, me), (102, me)]
    told.clear()
    early = _telling(session, server.url("/hints"), lambda status, _: told.append((status, threading.get_ident())))
    early.start()
    wait_until(lambda: early.is_done)
    assert told == [] and early.wait().content == b"x" and told == [(103, me), (102, me)]


def test_a_function_that_raises_ends_the_fetch(server: EmbeddedServer, session: Session) -> None:
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers()))
    fetcher = _telling(session, server.url("/hints"), lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fetcher.fetch()
    with pytest.raises(FetchCancelled):
        fetcher.wait()
    assert server.wait_until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("is_good", [True, False])
@pytest.mark.parametrize("stalls", [True, False])
def test_threads_for_callbacks_call_the_functions(
    server: EmbeddedServer, session: Session, is_good: bool, stalls: bool
) -> None:
    """Then it is done when they have been called, or one has raised."""
    server.route("/hints", Answer(informational=HINTS, fault=stall_before_headers() if stalls else None))
    told: list[int] = []

    def listen(status: int, _: object) -> None:
        told.append(status)
        assert is_good

    fetcher, done = _telling(session, server.url("/hints"), listen), threading.Event()
    fetcher.start(done.set, session._stack.live().callbacks)
    if is_good and stalls:
        wait_until(lambda: len(told) == 2)
        fetcher.cancel()
    assert done.wait(LIMIT_S)
    outcome = fetcher.outcome()
    expected = AssertionError if not is_good else FetchCancelled if stalls else Response
    assert isinstance(outcome, expected) and told == [103, 102][: 1 + is_good]


def test_a_stream_with_threads_for_callbacks_ends_once(server: EmbeddedServer, session: Session) -> None:
    """Its head waits for a function, its body breaks off meanwhile: what came first is the outcome."""
    server.route("/half", Answer(body=b"x" * 100, informational=HINTS, fault=reset_in_body()))
    release = threading.Event()
    request = session.prepare("GET", server.url("/half"), on_informational=lambda *_: release.wait(LIMIT_S))
    fetcher, done = SyncUrlFetcher(request, _context(session), stream=True), threading.Event()
    fetcher.start(done.set, session._stack.live().callbacks)
    assert done.wait(LIMIT_S)
    release.set()
    call_on_network_thread(_context(session).thread, lambda: None)
    assert isinstance(fetcher.outcome(), NetError)


def test_an_error_names_its_url(server: EmbeddedServer, session: Session) -> None:
    """A line in a log must tell which request it was; without credentials, and once where the host is known anyway."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    url = server.url("/silent").replace("//", "//user:secret@")
    with pytest.raises(NetError, match=f"the total limit .* while .*: {server.url('/silent')}$"):
        session.get(url, timeout=0.05)
    with pytest.raises(NetError, match=r"the body exceeds max_response_size=1: .*/hello$"):
        session.get(server.url("/hello"), max_response_size=1)
    with pytest.raises(NetError) as refused:
        session.get("http://127.0.0.1:1/")
    assert refused.value.detail == "127.0.0.1:1"


@pytest.mark.parametrize("location", ["app://back/", "http://[", "file:///etc/passwd"])
def test_a_bad_redirect_tells_where_it_leads(server: EmbeddedServer, session: Session, location: str) -> None:
    """Without that nobody knows what to ask the server's owner."""
    server.route("/bad", Answer(302, headers={"Location": location}))
    with pytest.raises(NetError) as caught:
        session.get(server.url("/bad"))
    assert caught.value.detail == f"its Location is {location!r}: {server.url('/bad')}"
    assert session.get(server.url("/bad"), follow_redirects=False).headers["location"] == location


def test_a_bad_redirect_tells_no_password(server: EmbeddedServer, session: Session) -> None:
    server.route("/bad", Answer(302, headers={"Location": "ftp://user:secret@host/"}))
    with pytest.raises(NetError, match=r"its Location is 'ftp://\*\*\*@host/'") as caught:
        session.get(server.url("/bad"))
    assert "secret" not in str(caught.value)
