"""The low-level fetch: delegates on the network thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from netstack_sync import Session, URLFetcher
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_OUT_OF_MEMORY,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher import upload_meter
from netstack_sync.fetcher.large_body import LargeBody
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.http.chunked_upload import ChunkedUpload
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.wire.http1_response import ResponseHead
from tests.support.dns import blocked_resolver

LIMIT_S = 20.0  # only a hang gets here


class _Delegate:
    """Remembers what it is told; as a sink it takes what `take` says."""

    def __init__(self, context: URLRequestContext) -> None:
        self._context = context
        self.done = threading.Event()
        self.results: list[int] = []
        self.started = 0
        self.pieces: list[bytes] = []
        self.on_start: Callable[[URLFetcher], None] = lambda _: None
        self.take: Callable[[URLFetcher], bool] = lambda _: True
        self.fetcher: URLFetcher | None = None

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        assert self._context.thread.is_current
        self.results.append(fetcher.net_error)
        self.done.set()

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink."""
        self.started += 1
        self.on_start(fetcher)

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        assert self.fetcher is not None
        self.pieces.append(piece)
        return self.take(self.fetcher)


class _Low:
    """Makes fetchers of a session's context on its thread."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.context = session._stack.live().context
        self.delegate = _Delegate(self.context)

    def run(self, task: Callable[[], None]) -> None:
        """On the network thread; raises what it raises."""
        call_on_network_thread(self.context.thread, task, LIMIT_S)

    def make(self, url: str, is_sink: bool = False, is_started: bool = True) -> URLFetcher:
        """A fetcher that reports to `delegate`."""
        request = self.session._config.prepare("GET", url, {})
        made: list[URLFetcher] = []

        def make() -> None:
            fetcher = URLFetcher(request, self.context, self.delegate, self.delegate if is_sink else None)
            self.delegate.fetcher = fetcher
            made.append(fetcher)
            if is_started:
                fetcher.start()

        self.run(make)
        return made[0]


@pytest.fixture
def low(session: Session) -> _Low:
    return _Low(session)


def test_the_body_is_collected(server: EmbeddedServer, low: _Low) -> None:
    fetcher = low.make(server.url("/bytes/300000"))
    assert low.delegate.done.wait(LIMIT_S)
    assert low.delegate.results == [OK]
    assert b"".join(fetcher.body) == pattern_bytes(300_000)
    assert fetcher.response is not None and fetcher.response.head.status == 200
    assert fetcher.timing is not None and fetcher.may_have_been_sent and fetcher.net_log_source_id
    assert fetcher.history == []


@pytest.mark.parametrize("is_encoded", [False, True])
def test_a_large_body_is_one_piece_unless_a_coding_is_to_be_taken_off(
    server: EmbeddedServer, low: _Low, is_encoded: bool
) -> None:
    """It is never in memory twice; a decoder is fed with little at a time."""
    headers = {"Content-Encoding": "gzip"} if is_encoded else {}
    server.route("/large", Answer(200, headers, pattern_bytes(700_000)))
    fetcher = low.make(server.url("/large"))
    assert low.delegate.done.wait(LIMIT_S)
    assert low.delegate.results == [OK] and fetcher.is_encoded is is_encoded
    assert b"".join(fetcher.body) == pattern_bytes(700_000)
    assert (len(fetcher.body) == 1) is not is_encoded


def test_a_body_that_memory_does_not_hold(server: EmbeddedServer, low: _Low, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetch fails, and the thread of all others goes on."""

    def append(_: LargeBody, piece: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(LargeBody, "append", append)
    fetcher = low.make(server.url("/bytes/700000"))
    assert low.delegate.done.wait(LIMIT_S)
    assert low.delegate.results == [ERR_OUT_OF_MEMORY] and "stream it" in fetcher.error_detail


def test_before_the_start_nothing_is_known(low: _Low) -> None:
    fetcher = low.make("http://h/", is_started=False)
    assert (fetcher.response, fetcher.timing, fetcher.history, fetcher.net_log_source_id) == (None, None, [], 0)
    assert (fetcher.load_state(), fetcher.may_have_been_sent) == (LoadState.IDLE, False)
    assert (fetcher.url.href, fetcher.net_error) == ("http://h/", ERR_IO_PENDING)
    low.run(fetcher.cancel)


def test_after_cancel_the_delegate_is_not_called(server: EmbeddedServer, low: _Low) -> None:
    """In any state, twice, and before the start."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetcher = low.make(server.url("/silent"))
    assert server.wait_until(lambda: len(server.requests) == 1)
    low.run(fetcher.cancel)
    low.run(fetcher.cancel)
    low.run(lambda: fetcher.fail(ERR_FAILED))
    assert fetcher.net_error == ERR_ABORTED
    assert server.wait_until(lambda: server.open_connections == 0)
    assert low.delegate.results == []


def test_a_start_after_cancel_does_nothing(server: EmbeddedServer, low: _Low) -> None:
    fetcher = low.make(server.url("/hello"), is_started=False)
    low.run(fetcher.cancel)
    low.run(fetcher.start)
    assert (fetcher.net_error, fetcher.load_state(), low.delegate.results) == (ERR_ABORTED, LoadState.IDLE, [])
    assert server.requests == []


def test_a_priority_counts_from_when_it_is_set(low: _Low) -> None:
    """Before the start and while it waits."""
    with blocked_resolver():
        fetcher = low.make("http://name.test/", is_started=False)
        assert fetcher.connecting_since() is None
        low.run(lambda: fetcher.set_priority(RequestPriority.LOW))
        low.run(fetcher.start)
        priorities: list[RequestPriority] = []

        def look() -> None:
            (group,) = low.context.network_session.pools.groups()
            priorities.append(group.top_priority)

        low.run(look)
        low.run(lambda: fetcher.set_priority(RequestPriority.HIGHEST))
        low.run(look)
        assert priorities == [RequestPriority.LOW, RequestPriority.HIGHEST] and fetcher.connecting_since() is not None
        low.run(fetcher.cancel)


def test_fail_tells_the_delegate(server: EmbeddedServer, low: _Low) -> None:
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetcher = low.make(server.url("/silent"))
    low.run(lambda: fetcher.fail(ERR_FAILED))
    assert low.delegate.results == [ERR_FAILED]


def test_a_sink_gets_the_pieces_and_may_pause(server: EmbeddedServer, low: _Low) -> None:
    low.delegate.take = lambda _: False
    fetcher = low.make(server.url("/bytes/300000"), is_sink=True)
    taken = 0
    while not low.delegate.done.is_set():
        low.run(fetcher.resume)
        low.run(fetcher.resume)
        assert len(low.delegate.pieces) - taken <= 3, "one for each resume, and the first without one"
        taken = len(low.delegate.pieces)
    low.run(fetcher.resume)
    assert low.delegate.results == [OK] and low.delegate.started == 1
    assert b"".join(low.delegate.pieces) == pattern_bytes(300_000)
    assert fetcher.body == []


def test_a_sink_may_cancel_when_the_head_is_there(server: EmbeddedServer, low: _Low) -> None:
    """The head was enough."""
    low.delegate.on_start = lambda fetcher: fetcher.cancel()
    low.make(server.url("/bytes/300000"), is_sink=True)
    assert server.wait_until(lambda: len(server.requests) == 1 and server.open_connections == 0)
    assert (low.delegate.results, low.delegate.pieces, low.delegate.started) == ([], [], 1)


def test_a_sink_may_cancel_in_the_middle_of_the_body(server: EmbeddedServer, low: _Low) -> None:
    def take(fetcher: URLFetcher) -> bool:
        fetcher.cancel()
        return True

    low.delegate.take = take
    low.make(server.url("/bytes/300000"), is_sink=True)
    assert server.wait_until(lambda: len(server.requests) == 1 and server.open_connections == 0)
    assert (low.delegate.results, len(low.delegate.pieces)) == ([], 1)


def test_a_fetch_of_a_closed_session_fails(low: _Low) -> None:
    low.run(low.context.shut_down)
    low.make("http://h/")
    assert low.delegate.results == [ERR_CONTEXT_SHUT_DOWN]


class _News:
    """Remembers what it is told, and on which thread."""

    def __init__(self, context: URLRequestContext) -> None:
        self._context = context
        self.told: list[Any] = []

    def on_interim(self, head: ResponseHead) -> None:
        """See FetchNews."""
        assert self._context.thread.is_current
        self.told.append(head.status)

    def on_upload_progress(self, sent_bytes: int, total: int | None) -> None:
        """See FetchNews."""
        assert self._context.thread.is_current
        self.told.append((sent_bytes, total))


def _never(*_: object) -> None:
    raise AssertionError("a URLFetcher calls nobody's functions")


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("wants", [True, False])
def test_news_are_told_on_the_network_thread(server: EmbeddedServer, low: _Low, is_told: bool, wants: bool) -> None:
    """Row 246, UploadProgress: to whom it may concern, and only what the request wants to hear."""
    server.route("/hints", Answer(informational=[(103, {})]))
    functions: dict[str, Any] = {"on_informational": _never, "upload_progress": _never} if wants else {}
    request = low.session.prepare("POST", server.url("/hints"), content=b"ab", expect_continue=True, **functions)
    news = _News(low.context)

    def start() -> None:
        URLFetcher(request, low.context, low.delegate, news=news if is_told else None).start()

    low.run(start)
    assert low.delegate.done.wait(LIMIT_S) and low.delegate.results == [OK]
    assert news.told == ([(0, 2), 100, (2, 2), 103] if is_told and wants else [])
    assert server.requests[0].headers.get("expect") == "100-continue"


def test_no_more_is_told_than_was_appended(server: EmbeddedServer, low: _Low, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 246, UploadProgress (monotone, never beyond appended), of a body that is made while it is sent."""
    monkeypatch.setattr(upload_meter, "PROGRESS_S", 0.0)
    request = low.session.prepare("POST", server.url("/echo"), upload_progress=_never)
    news, upload, appended = _News(low.context), ChunkedUpload(), [0]

    def append(data: bytes, is_last: bool) -> None:
        assert all(told[0] <= appended[0] for told in news.told)
        appended[0] += len(data)
        upload.append(data, is_last)

    def start() -> None:
        fetcher = URLFetcher(request, low.context, low.delegate, news=news)
        fetcher.upload = upload
        fetcher.start()

    low.run(start)
    for number in range(5):
        low.run(lambda number=number: append(b"x" * 1000, is_last=number == 4))  # type: ignore[misc]
    assert low.delegate.done.wait(LIMIT_S) and low.delegate.results == [OK]
    told = news.told
    assert told[0] == (0, None) and told[-1] == (5000, 5000) and told == sorted(told, key=lambda item: item[0])
    assert server.requests[0].body == b"x" * 5000
