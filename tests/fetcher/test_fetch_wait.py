"""How threads wait for a fetch, and how they are let go."""

from __future__ import annotations

import threading

import pytest

from netstack_sync import ContextShutDown, Session, SyncUrlFetcher
from netstack_sync.base.net_errors import OK
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.loop.rendezvous import Rendezvous
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from netstack_sync.url_request.context import URLRequestContext
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here


def _context(session: Session) -> URLRequestContext:
    return session._stack.live().context


def _fetcher(session: Session, url: str, options: FetchOptions | None = None, method: str = "GET") -> SyncUrlFetcher:
    return SyncUrlFetcher(session._config.prepare(method, url, options or {}), _context(session))


def test_an_outcome_that_comes_as_a_wait_begins(
    server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has just entered sees it, takes himself back, and may wait with the same signal again."""
    fetcher, desk = _fetcher(session, server.url("/hello")), _context(session).thread.desk
    signals: list[Rendezvous] = []

    class Desk:
        def meet(self) -> Rendezvous:
            fetcher.start()
            wait_until(lambda: fetcher.is_done)
            signals.append(desk.meet())
            return signals[-1]

    with monkeypatch.context() as patch:
        patch.setattr(_context(session).thread, "desk", Desk())
        assert fetcher._wait().text == "hello\n"
    assert fetcher._waiting == [] and desk.meet() is signals[0]


def test_an_outcome_that_finds_somebody_who_has_just_seen_it(server: EmbeddedServer, session: Session) -> None:
    """Of the two one takes the signal out, and it is used once."""

    class Crossed(list[Rendezvous]):
        """The network thread looks here right after somebody has entered; and sees one who has left."""

        def append(self, rendezvous: Rendezvous) -> None:
            super().append(rendezvous)
            fetcher.start()
            wait_until(lambda: fetcher.is_done and not super(Crossed, self).__len__())

        def __len__(self) -> int:
            return 1

    fetcher = _fetcher(session, server.url("/hello"))
    fetcher._waiting = Crossed()
    assert fetcher._wait().text == "hello\n"
    desk = _context(session).thread.desk
    assert desk.meet().is_free is False


def test_all_who_wait_are_let_go(server: EmbeddedServer, session: Session) -> None:
    """Several threads may wait for one fetch; each gets the answer, also one that comes when it is over."""
    fetcher = _fetcher(session, server.url("/delay/0.2"))
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(fetcher.wait().text)) for _ in range(3)]
    fetcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert fetcher.is_done and texts == ["late\n"] * 3 and fetcher.wait().text == "late\n"


def test_who_waits_where_there_is_no_loop_is_let_go_by_the_caller(server: EmbeddedServer, session: Session) -> None:
    """A start that the network thread never sees ends the waits of others, on its own thread."""
    fetcher, thread = _fetcher(session, server.url("/hello")), _context(session).thread
    signals = [thread.desk.meet()]
    fetcher._waiting += signals
    session.close()
    fetcher.start()
    signals[0].wait()  # it has been notified
    assert signals[0].is_free and fetcher._waiting == [] and fetcher.is_done
    with pytest.raises(ContextShutDown):
        fetcher.wait()


def test_what_is_to_be_told_ends_a_sleep(server: EmbeddedServer, session: Session) -> None:
    """The thread that waits tells it and goes on waiting, until the outcome is there."""
    told: list[int] = []
    options: FetchOptions = {"data": b"x" * 1000, "upload_progress": lambda sent, total: told.append(sent)}
    assert _fetcher(session, server.url("/echo"), options, "POST").fetch().ok
    assert told[-1] == 1000
    server.route("/silent", Answer(fault=stall_before_headers()))
    options["timeout"] = 0.2
    fetcher = _fetcher(session, server.url("/silent"), options, "POST")
    fetcher.start()
    with pytest.raises(TimeoutError):
        fetcher.wait()


def test_in_a_forked_child_nothing_is_told(
    server: EmbeddedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of the news may have been held at the moment of the fork, and nobody would let it go."""
    told: list[int] = []
    options: FetchOptions = {"data": b"x", "upload_progress": lambda sent, total: told.append(sent)}
    fetcher = _fetcher(session, server.url("/echo"), options, "POST")
    news = fetcher._news
    assert news is not None
    fetcher._net_error = OK
    news.on_upload_progress(1, 1)
    with monkeypatch.context() as patch:
        patch.setattr(_context(session).thread, "is_abandoned", True)
        fetcher._tell_and_wait(news)
        assert told == []
    fetcher._tell_and_wait(news)
    assert told == [1]
