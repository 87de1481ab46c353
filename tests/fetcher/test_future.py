"""A Future whose cancel() works in every state, and which the standard library takes for its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from netstack_sync import (
    ConnectionReset,
    ContextShutDown,
    FetchCancelled,
    FetchFuture,
    Limits,
    NetError,
    Response,
    Session,
    SyncUrlFetcher,
    Timeout,
)
from netstack_sync.fetcher.hooks import Hooks
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import reset_before_headers, stall_before_headers, stall_in_body
from netstack_sync.workers.worker_pool import WorkerPool
from tests.support.subprocesses import run_python

LIMIT_S = 20.0  # only a hang gets here


@contextlib.contextmanager
def held_network_thread(session: Session) -> Iterator[None]:
    """What is submitted meanwhile cannot end before the `with` block does."""
    release = threading.Event()
    session.context.thread.post(lambda: assert_set(release))
    try:
        yield
    finally:
        release.set()


def assert_set(event: threading.Event) -> None:
    """Waits for the event."""
    assert event.wait(LIMIT_S)


@pytest.fixture
def stalling(server: EmbeddedServer) -> str:
    """A URL that never answers."""
    server.route("/stall", Answer(fault=stall_before_headers()))
    return server.url("/stall")


def test_result_and_exception(server: EmbeddedServer, session: Session) -> None:
    server.route("/reset", Answer(fault=reset_before_headers()))
    good, bad = session.submit("GET", server.url("/hello")), session.submit("GET", server.url("/reset"))
    assert good.result(LIMIT_S).text == "hello\n"
    assert good.exception(LIMIT_S) is None
    assert isinstance(bad.exception(LIMIT_S), ConnectionReset)
    with pytest.raises(ConnectionReset):
        bad.result()
    assert (good.done(), good.running(), good.cancelled(), good.cancel()) == (True, False, False, False)


def test_a_bad_argument_is_raised_by_submit_itself(session: Session) -> None:
    with pytest.raises(ValueError, match="timeout: "):
        session.submit("GET", "http://h/", timeout=-1)


def test_cancel_while_waiting_for_headers(server: EmbeddedServer, session: Session, stalling: str) -> None:
    """Peer: ross/requests-futures#43, cancel() does nothing once running. The server sees the socket close."""
    future = session.submit("GET", stalling)
    assert server.wait_until(lambda: len(server.requests) == 1)
    assert future.running()
    assert future.cancel()
    assert (future.cancelled(), future.done(), future.running(), future.cancel()) == (True, True, False, True)
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_cancel_while_reading_the_body(server: EmbeddedServer, session: Session) -> None:
    server.route("/half", Answer(body=b"x" * 100, fault=stall_in_body()))
    future = session.submit("GET", server.url("/half"))
    assert server.wait_until(lambda: len(server.requests) == 1)
    assert future.cancel()
    assert server.wait_until(lambda: server.open_connections == 0)


def test_cancel_while_queued(server: EmbeddedServer, session: Session, stalling: str) -> None:
    """The seventh request of a host waits for a socket and never gets one."""
    futures = [session.submit("GET", stalling) for _ in range(7)]
    assert server.wait_until(lambda: len(server.requests) == 6)
    assert futures[-1].cancel()
    assert session.stats().requests_waiting == 0
    assert all(future.cancel() for future in futures)
    assert server.wait_until(lambda: server.open_connections == 0)
    assert len(server.requests) == 6


def test_a_future_that_waits_can_be_moved(server: EmbeddedServer, stalling: str) -> None:
    """See SyncUrlFetcher.set_priority."""
    with Session(limits=Limits(per_host=1), trust_env=False) as session:
        first = session.submit("GET", stalling)
        assert server.wait_until(lambda: len(server.requests) == 1)
        futures = [session.submit("GET", server.url(f"/bytes/{size}")) for size in (1, 2)]
        futures[1].set_priority("highest")
        first.cancel()
        assert all(future.result(LIMIT_S).ok for future in futures)
    assert [request.path for request in server.requests][1:] == ["/bytes/2", "/bytes/1"]


def test_cancel_at_once_and_many_times_from_many_threads(session: Session, stalling: str) -> None:
    """Row 249, CancelWhileDelayedStartTaskPending: before the network thread has heard of it, too;
    exactly one of them tells those who wait.
    """
    for _ in range(20):
        future = session.submit("GET", stalling)
        start = threading.Barrier(4)

        def cancel(future: FetchFuture = future, start: threading.Barrier = start) -> bool:
            start.wait(LIMIT_S)
            return future.cancel()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all([cancelled.result() for cancelled in [pool.submit(cancel) for _ in range(4)]])
        assert concurrent.futures.wait([future], LIMIT_S).done == {future}


def test_as_completed_and_wait(server: EmbeddedServer, session: Session, stalling: str) -> None:
    stalled = session.submit("GET", stalling)
    quick = [session.submit("GET", server.url(f"/bytes/{n}")) for n in range(1, 5)]
    sizes = [len(future.result().content) for future in concurrent.futures.as_completed(quick, LIMIT_S)]
    assert sorted(sizes) == [1, 2, 3, 4]
    outcome = concurrent.futures.wait([stalled, *quick], LIMIT_S, concurrent.futures.FIRST_COMPLETED)
    assert outcome.not_done == {stalled}
    stalled.cancel()
    assert list(concurrent.futures.as_completed([stalled], LIMIT_S)) == [stalled]


def test_callbacks_never_run_on_the_network_thread(server: EmbeddedServer, session: Session, stalling: str) -> None:
    """On a callback thread, or where cancel() or a late add_done_callback() is called; blocking there is allowed."""
    names: list[str] = []
    done = threading.Semaphore(0)

    def on_done(future: concurrent.futures.Future[Response]) -> None:
        names.append(threading.current_thread().name)
        assert session.get(server.url("/hello")).ok
        done.release()

    session.submit("GET", server.url("/delay/0.05")).add_done_callback(on_done)
    assert done.acquire(timeout=LIMIT_S)
    cancelled = session.submit("GET", stalling)
    cancelled.add_done_callback(on_done)
    cancelled.cancel()
    cancelled.add_done_callback(on_done)
    assert names == ["netstack-callback", "MainThread", "MainThread"]


def test_a_callback_may_close_the_session(server: EmbeddedServer) -> None:
    session = Session(trust_env=False)
    closed = threading.Event()

    def on_done(future: concurrent.futures.Future[Response]) -> None:
        session.close()
        closed.set()

    session.submit("GET", server.url("/hello")).add_done_callback(on_done)
    assert closed.wait(LIMIT_S)
    with pytest.raises(ContextShutDown):
        session.get(server.url("/hello"))


def test_an_event_loop_can_await_it(server: EmbeddedServer, session: Session, stalling: str) -> None:
    """asyncio.wrap_future; cancelling the task cancels the fetch."""

    async def main() -> str:
        response = await asyncio.wrap_future(session.submit("GET", server.url("/hello")))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(session.submit("GET", stalling)), 0.05)
        return response.text

    assert asyncio.run(main()) == "hello\n"
    assert server.wait_until(lambda: server.open_connections <= 1)


def test_a_fetch_that_was_cancelled_below_is_a_cancelled_future(session: Session, stalling: str) -> None:
    """The outcome may overtake the thread that cancels."""
    future = session.submit("GET", stalling)
    future._fetcher.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(LIMIT_S)
    assert future.cancelled()
    with pytest.raises(FetchCancelled):
        future._fetcher.wait()
    future.settle()
    assert future.cancelled()


def test_an_outcome_that_comes_too_late_is_dropped(server: EmbeddedServer, session: Session) -> None:
    """cancel() won the race against an answer that was there already."""
    future = session.submit("GET", server.url("/hello"))
    future.result(LIMIT_S)
    late = FetchFuture(future._fetcher, future._thread, future._callback_threads)
    assert late._settle_cancelled()
    late.settle()
    assert late.cancelled()
    won = FetchFuture(future._fetcher, future._thread, future._callback_threads)
    won.settle()
    assert not won._settle_cancelled() and won.result().ok


def test_a_failed_future_leaves_no_circle(server: EmbeddedServer, session: Session) -> None:
    """Counted with the collector off: exception, traceback and frames must not hold the future."""
    server.route("/reset", Answer(fault=reset_before_headers()))
    gc.collect()
    gc.disable()
    try:
        future = session.submit("GET", server.url("/reset"))
        assert isinstance(future.exception(LIMIT_S), NetError)
        with contextlib.suppress(NetError):
            future.result()
        watched = weakref.ref(future)
        del future
        session.get(server.url("/hello"), timeout=Timeout(LIMIT_S))
        assert server.wait_until(lambda: watched() is None)
    finally:
        gc.enable()


def test_closing_the_session_ends_its_futures(server: EmbeddedServer, stalling: str) -> None:
    with Session(trust_env=False) as session:
        futures = [session.submit("GET", stalling) for _ in range(8)]
        assert server.wait_until(lambda: len(server.requests) == 6)
    for future in futures:
        assert isinstance(future.exception(LIMIT_S), ContextShutDown)


def test_callbacks_that_wait_for_futures_hold_nobody_up(server: EmbeddedServer, session: Session) -> None:
    """More of them than there are callback threads, each waiting for a fetch that ends after all of these began."""
    stack = session._stack.live()
    fetcher = session._fetcher_for(session.prepare("GET", server.url("/hello")), is_stream=False)
    last = FetchFuture(fetcher, stack.context.thread, stack.callbacks)
    begun, seen = threading.Semaphore(0), threading.Semaphore(0)

    def on_done(_: concurrent.futures.Future[Response]) -> None:
        begun.release()
        assert last.result(LIMIT_S).ok
        seen.release()

    with held_network_thread(session):
        for _ in range(20):
            session.submit("GET", server.url("/hello")).add_done_callback(on_done)
    for _ in range(16):
        assert begun.acquire(timeout=LIMIT_S)
    assert session.submit("GET", server.url("/hello")).result(LIMIT_S).ok
    fetcher.start(last.settle)
    for _ in range(20):
        assert seen.acquire(timeout=LIMIT_S)


def test_a_future_without_callbacks_needs_no_thread(server: EmbeddedServer, session: Session) -> None:
    assert session.submit("GET", server.url("/hello")).result(LIMIT_S).ok
    assert session._stack.live().callbacks._threads == 0


def test_a_future_that_the_network_thread_cancels_calls_back_elsewhere(session: Session, stalling: str) -> None:
    names: list[str] = []
    done = threading.Event()
    future = session.submit("GET", stalling)
    future.add_done_callback(lambda _: names.append(threading.current_thread().name))
    future.add_done_callback(lambda _: done.set())
    session.context.thread.post(future._fetcher._cancel)
    assert done.wait(LIMIT_S)
    assert names == ["netstack-callback"]


def test_without_a_thread_for_callbacks_it_ends_all_the_same(
    server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As at interpreter exit, when no thread can be started any more: whoever waits is told, the rest is printed."""
    session.get(server.url("/hello"))

    def no_more_threads(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with held_network_thread(session):
        future = session.submit("GET", server.url("/hello"))
        future.add_done_callback(lambda _: None)
        monkeypatch.setattr(threading.Thread, "start", no_more_threads)
    assert future.result(LIMIT_S).ok
    printed: list[str] = []

    def is_reported() -> bool:
        printed.append(capfd.readouterr().err)
        return "can't start new thread" in "".join(printed)

    assert server.wait_until(is_reported)


def test_a_future_of_a_closed_session_has_failed_already(server: EmbeddedServer) -> None:
    """The network thread ended between submit()'s look at the session and the start."""
    session = Session(trust_env=False)
    stack = session._stack.live()
    fetcher = session._fetcher_for(session.prepare("GET", server.url("/hello")), is_stream=False)
    session.close()
    future = FetchFuture(fetcher, stack.context.thread, stack.callbacks)
    seen = threading.Event()
    future.add_done_callback(lambda _: seen.set())
    fetcher.start(future.settle)
    assert seen.is_set() and future.done()
    with pytest.raises(ContextShutDown):
        future.result()


def test_a_forked_child_does_not_wait_for_the_parents_futures(server: EmbeddedServer) -> None:
    """Whatever it asks; what had ended before the fork is still good, even if a lock was held at that moment."""
    program = """
    import os, sys, threading, warnings
    from netstack_sync import ContextShutDown, Session
    warnings.filterwarnings("ignore", "(?s).*fork", DeprecationWarning)
    url = sys.argv[1]
    session = Session(trust_env=False)
    quick = session.submit("GET", url)
    assert quick.result().ok
    release = threading.Event()
    session.context.thread.post(release.wait)
    asked, polled, held, cancelled = (session.submit("GET", url) for _ in range(4))
    called = threading.Event()

    def on_done(_):
        os.write(1, f"called {os.getpid() == parent}.".encode())
        called.set()

    asked.add_done_callback(on_done)
    locker = threading.Thread(target=held._condition.acquire)  # as the network thread at the moment of the fork
    locker.start()
    locker.join()
    parent = os.getpid()
    child = os.fork()
    if not child:
        for future in (asked, asked, held):
            try:
                future.result()
            except ContextShutDown:
                continue
            os._exit(1)
        assert polled.done() and isinstance(polled.exception(), ContextShutDown)
        assert not cancelled.cancel()
        assert quick.result().text == "hello\\n"
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    held._condition = threading.Condition()
    release.set()
    assert {future.result().text for future in (asked, polled, held, cancelled)} == {"hello\\n"}
    assert called.wait(20)
    session.close()
    """
    assert sorted(run_python(program, server.url("/hello")).split(".")) == ["", "called False", "called True"]


# --- hooks


def test_response_hooks_come_before_the_end(server: EmbeddedServer, session: Session) -> None:
    """On a callback thread; whoever waits gets what they gave, and callbacks come after them."""
    order: list[str] = []

    def hook(response: Response) -> None:
        order.append(threading.current_thread().name)
        assert not future.done()

    with held_network_thread(session):
        future = session.submit("GET", server.url("/hello"), hooks={"response": hook})
        done = threading.Event()
        future.add_done_callback(lambda _: order.append("callback"))
        future.add_done_callback(lambda _: done.set())
    assert future.result(LIMIT_S).text == "hello\n" and done.wait(LIMIT_S)
    assert order == ["netstack-callback", "callback"]


def test_what_a_response_hook_raises_is_the_outcome(server: EmbeddedServer, session: Session) -> None:
    """As that of a fetch; hooks for requests only change nothing here."""

    def refuse(_: Response) -> None:
        raise LookupError("no")

    future = session.submit("GET", server.url("/hello"), hooks={"response": refuse, "request": lambda r: None})
    with pytest.raises(LookupError):
        future.result(LIMIT_S)
    assert session.submit("GET", server.url("/hello"), hooks={"request": lambda r: None}).result(LIMIT_S).ok


def test_cancelled_while_a_hook_runs(server: EmbeddedServer, session: Session) -> None:
    """The future ends at once; what the hook gives is dropped."""
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Response) -> None:
        begun.set()
        assert_set(release)
        ended.set()

    future = session.submit("GET", server.url("/hello"), hooks={"response": slow})
    assert_set(begun)
    assert future.cancel() and future.cancelled()
    release.set()
    assert_set(ended)


def test_the_network_thread_ends_while_a_hook_runs(server: EmbeddedServer) -> None:
    """The hook is not called twice, and its outcome counts."""
    begun, release = threading.Event(), threading.Event()
    calls: list[int] = []

    def slow(response: Response) -> None:
        calls.append(response.status)
        begun.set()
        assert_set(release)

    with Session(trust_env=False) as session:
        future = session.submit("GET", server.url("/hello"), hooks={"response": slow})
        assert_set(begun)
    assert not future.done()
    release.set()
    assert future.result(LIMIT_S).ok and calls == [200]


def test_no_thread_for_hooks(server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is the outcome then: nobody waits for ever."""

    def post_job(self: object, work: object, on_reply: Callable[[object], None]) -> None:
        on_reply(RuntimeError("can't start new thread"))

    with held_network_thread(session):
        future = session.submit("GET", server.url("/hello"), hooks={"response": lambda r: None})
        monkeypatch.setattr(WorkerPool, "post_job", post_job)
    with pytest.raises(RuntimeError, match="thread"):
        future.result(LIMIT_S)


def test_hooks_without_a_network_thread(server: EmbeddedServer) -> None:
    """An answer that is there when its thread has ended goes to the hooks on the thread that asks."""
    names: list[str] = []
    with Session(trust_env=False) as session:
        request = session.prepare("GET", server.url("/hello"))
        context = session.context
        fetcher = SyncUrlFetcher(request, context)
        fetcher.fetch()
        hooks = Hooks(response=(lambda _: names.append(threading.current_thread().name),))
        fetcher._fetcher.request = request.replaced(hooks=hooks)
        future = FetchFuture(fetcher, context.thread, WorkerPool(context.thread.task_runner, 1))
    future.settle()
    assert future.result(LIMIT_S).text == "hello\n" and names == [threading.current_thread().name]
