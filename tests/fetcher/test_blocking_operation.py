"""BlockingOperation: every end of a wait, whatever the operation is."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import netstack_sync
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_NETWORK_CHANGED,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.fetcher.blocking_operation import BlockingOperation
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.url_request.context import URLRequestContext


class Scripted(BlockingOperation):
    """Begins as it is told, one result for each time."""

    __slots__ = ("begun", "ends", "results")

    def __init__(self, context: URLRequestContext, *results: int, timeout_s: float | None = None) -> None:
        super().__init__(context, timeout_s)
        self.results = list(results)
        self.begun = threading.Semaphore(0)
        self.ends = 0

    def _begin(self) -> int:
        self.begun.release()
        return self.results.pop(0)

    def _end(self) -> None:
        self.ends += 1


@pytest.fixture
def session() -> netstack_sync.Session:
    return netstack_sync.Session()


def on_network_thread(session: netstack_sync.Session, task: Callable[[], object]) -> None:
    """Runs a task there and waits for it."""
    call_on_network_thread(session.context.thread, task)


@pytest.mark.parametrize("result", [OK, ERR_FAILED])
def test_an_answer_at_once(session: netstack_sync.Session, result: int) -> None:
    """Good or bad; everything is given back, once."""
    with session:
        operation = Scripted(session.context, result)
        assert operation._run() == result and operation.ends == 1 and session.context.request_count == 0


def test_an_answer_that_comes_later(session: netstack_sync.Session) -> None:
    """And anew when the network has changed meanwhile."""
    with session:
        operation = Scripted(session.context, ERR_IO_PENDING, ERR_NETWORK_CHANGED, ERR_IO_PENDING)

        def answer() -> None:
            operation.begun.acquire()
            on_network_thread(session, lambda: operation._on_done(ERR_NETWORK_CHANGED))
            on_network_thread(session, lambda: operation._on_done(OK))

        answering = threading.Thread(target=answer)
        answering.start()
        assert operation._run() == OK and operation.ends == 1 and not operation.results
        answering.join()
        operation.fail(ERR_FAILED)
        assert operation.ends == 1, "it was over"


def test_a_time_limit(session: netstack_sync.Session) -> None:
    """In all."""
    with session:
        operation = Scripted(session.context, ERR_IO_PENDING, timeout_s=0.01)
        assert operation._run() == ERR_TIMED_OUT and operation.ends == 1


def test_a_bug(session: netstack_sync.Session, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed, and nobody waits for ever."""
    with session:
        operation = Scripted(session.context)
        assert operation._run() == ERR_UNEXPECTED and operation.ends == 1
    assert "IndexError" in capsys.readouterr().err


def test_the_end_of_the_session(session: netstack_sync.Session) -> None:
    """It ends what waits, and what begins afterwards."""
    context = session.context
    operation = Scripted(context, ERR_IO_PENDING, timeout_s=60)

    def close() -> None:
        operation.begun.acquire()
        on_network_thread(session, context.shut_down)

    closing = threading.Thread(target=close)
    closing.start()
    assert operation._run() == ERR_CONTEXT_SHUT_DOWN and operation.ends == 1
    closing.join()
    assert Scripted(context, OK)._run() == ERR_CONTEXT_SHUT_DOWN
    session.close()
    with pytest.raises(netstack_sync.ContextShutDown):
        Scripted(context, OK)._run()


def test_an_interrupted_wait(session: netstack_sync.Session) -> None:
    """Ctrl-C ends the operation and is raised again."""
    with session:
        operation = Scripted(session.context, ERR_IO_PENDING)

        class Interrupted:
            """A wait in which the user loses patience."""

            def wait(self) -> None:
                """Waits until it has begun."""
                operation.begun.acquire()
                raise KeyboardInterrupt

            def notify(self) -> None:
                """Nobody listens."""

        operation._rendezvous = Interrupted()  # type: ignore[assignment]
        with pytest.raises(KeyboardInterrupt):
            operation._run()
        on_network_thread(session, lambda: None)
        assert operation._net_error == ERR_ABORTED and operation.ends == 1
