"""One fetch as an object for ordinary threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync import ContextShutDown, FetchCancelled, Limits, Response, Session, SyncUrlFetcher
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers, stall_in_body
from netstack_sync.url_request.context import URLRequestContext
from tests.support.subprocesses import run_python

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

    monkeypatch.setattr("netstack_sync.fetcher.sync_url_fetcher.make_response", interrupted)
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
    held._gate.acquire()  # as by the network thread at the moment of the fork
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
    held._gate.release()
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
