"""What Chromium's tests of its URLFetcher hold, with ours (net/url_request/url_fetcher_impl_unittest.cc)."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from netstack_sync import ChunkedUpload, FetchRequest, FileRange, RetryPolicy, Session, URLFetcher
from netstack_sync.base.net_errors import ERR_CONNECTION_RESET, ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, OK
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.default_routes import pattern_bytes
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import reset_before_headers, stall_before_headers
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here
SIZE = 300_000


class Fetch:
    """One fetch of a session on its network thread; also its delegate, and its sink where that is wanted."""

    def __init__(self, session: Session, request: FetchRequest, is_sink: bool = False) -> None:
        self.context = session.context
        self.fetcher = URLFetcher(request, self.context, self, self if is_sink else None)
        self.done = threading.Event()
        self.results: list[int] = []
        self.threads: set[int] = set()
        self.progress: list[tuple[int, int | None]] = []
        self.on_piece: Callable[[], None] = lambda: None

    def run(self, task: Callable[[], None]) -> None:
        """On the network thread; raises what it raises."""
        call_on_network_thread(self.context.thread, task, LIMIT_S)

    def start(self) -> Fetch:
        """From the test's thread."""
        self.run(self.fetcher.start)
        return self

    def finish(self) -> int:
        """The result, once it is there."""
        assert self.done.wait(LIMIT_S)
        (result,) = self.results
        return result

    @property
    def body(self) -> bytes:
        return b"".join(self.fetcher.body)

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self.threads.add(threading.get_ident())
        self.results.append(fetcher.net_error)
        self.done.set()

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink."""

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        assert self.fetcher.response is not None
        done = self.progress[-1][0] if self.progress else 0
        self.progress.append((done + len(piece), self.fetcher.response.head.content_length))
        self.on_piece()
        return True


def _fetch(session: Session, method: str, url: str, is_sink: bool = False, **options: Any) -> Fetch:
    return Fetch(session, session.prepare(method, url, **options), is_sink)


@pytest.fixture
def echo(server: EmbeddedServer) -> str:
    """A URL that answers with what it is sent."""

    def answer(request: ReceivedRequest) -> Answer:
        return Answer(body=request.body, headers={"X-Length": request.headers.get("content-length") or "chunked"})

    server.route("/echo", answer)
    return server.url("/echo")


# --- bodies


class Factory:
    """Makes the body anew for each attempt, as the callback of SetUploadStreamFactory does."""

    def __init__(self) -> None:
        self.made = 0

    def __iter__(self) -> Iterator[bytes]:
        self.made += 1
        yield from (b"by ", b"the ", b"factory")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "f").write_bytes(pattern_bytes(SIZE))
    return tmp_path / "f"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_posts_in_memory(method: str, echo: str, session: Session) -> None:
    """Rows 235 and 245, PostString, PostEmptyString, PutTest, PostEmptyTest: an empty body has a length, too."""
    for content, length in (("text", "4"), ("", "0"), (None, "0")):
        fetch = _fetch(session, method, echo, content=content).start()
        assert fetch.finish() == OK and fetch.body == (content or "").encode()
        assert fetch.fetcher.response is not None
        assert fetch.fetcher.response.head.headers.get("x-length") == length


def test_posts_of_files(echo: str, session: Session, path: Path) -> None:
    """Row 245, PostEntireFile and PostFileRange: the length is known before, and no byte more is sent."""
    whole = pattern_bytes(SIZE)
    for content, expected in (
        (path, whole),
        (FileRange(path), whole),
        (FileRange(path, 1000), whole[1000:]),
        (FileRange(str(path), 1000, 70_000), whole[1000:71_000]),
        (FileRange(path, SIZE), b""),
    ):
        fetch = _fetch(session, "POST", echo, content=content).start()
        assert fetch.finish() == OK and fetch.body == expected
        assert fetch.fetcher.response is not None
        assert fetch.fetcher.response.head.headers.get("x-length") == str(len(expected))


def test_a_range_of_a_file_goes_again_from_its_beginning(server: EmbeddedServer, session: Session, path: Path) -> None:
    """Row 245: for each attempt."""
    answers = [Answer(503), Answer(200)]
    server.route("/busy", lambda request: answers.pop(0))
    retries = RetryPolicy(methods=None, backoff=0)
    assert session.post(server.url("/busy"), content=FileRange(path, 5, 10), retries=retries).ok
    assert [request.body for request in server.requests] == [pattern_bytes(SIZE)[5:15]] * 2


def test_posts_of_files_that_cannot_be_read(echo: str, session: Session, path: Path) -> None:
    """Row 235, PostUnreadableFileTest: before anything is sent."""
    for content, text in (
        (path.parent / "missing", "cannot read"),
        (FileRange(path.parent / "missing"), "content: cannot read '.*missing'"),
        (FileRange(path, SIZE + 1), f"has {SIZE} bytes"),
        (FileRange(path, 0, SIZE + 1), f"has {SIZE} bytes"),
        (FileRange(path.parent), "cannot read"),
    ):
        with pytest.raises(ValueError, match=text):
            session.prepare("POST", echo, content=content)


def test_a_body_that_a_factory_makes(server: EmbeddedServer, echo: str, session: Session) -> None:
    """Row 245, PostWithUploadStreamFactory and AndRetries: it is called for each attempt."""
    factory = Factory()
    fetch = _fetch(session, "POST", echo, content=factory).start()
    assert (fetch.finish(), fetch.body, factory.made) == (OK, b"by the factory", 1)
    answers = [Answer(500), Answer(500), Answer(200)]
    server.route("/busy", lambda request: answers.pop(0))
    retries = RetryPolicy(methods=None, backoff=0, statuses={500})
    fetch = _fetch(session, "POST", server.url("/busy"), content=factory, retries=retries).start()
    assert (fetch.finish(), factory.made) == (OK, 4)
    assert [request.body for request in server.requests] == [b"by the factory"] * 4


@pytest.mark.parametrize("before", [0, 1, 3])
def test_chunks_that_are_appended(before: int, server: EmbeddedServer, echo: str, session: Session) -> None:
    """Rows 235 and 245, PostChunked, TestPostChunkedDataBeforeStart, JustAfterStart and AfterStart."""
    chunks = [b"some ", b"thing", b""]
    upload = ChunkedUpload()
    fetch = _fetch(session, "POST", echo, headers={"Content-Type": "text/plain"})
    fetch.fetcher.upload = upload

    def append(index: int) -> None:
        upload.append(chunks[index], is_last=index == 2)

    def start() -> None:
        for index in range(before):
            append(index)
        fetch.fetcher.start()
        if before < 3:
            append(before)  # just after the start

    fetch.run(start)
    for index in range(before + 1, 3):
        fetch.run(partial(append, index))
    assert (fetch.finish(), fetch.body) == (OK, b"some thing")
    assert server.requests[0].headers.get("transfer-encoding") == "chunked"
    assert server.requests[0].headers.get("content-type") == "text/plain"


def test_a_chunk_that_is_appended_after_a_failure_does_no_harm(server: EmbeddedServer, session: Session) -> None:
    """Row 245, PostAppendChunkAfterError."""
    upload = ChunkedUpload()
    fetch = _fetch(session, "POST", "http://127.0.0.1:1/")
    fetch.fetcher.upload = upload
    fetch.start()
    assert fetch.finish() != OK
    fetch.run(lambda: upload.append(b"late", is_last=True))
    assert len(fetch.results) == 1


def test_chunks_are_sent_again_with_a_retry(server: EmbeddedServer, echo: str, session: Session) -> None:
    """Row 248, ThrottleChunkedUpload: what has been appended is kept."""
    answers = [Answer(503), Answer(200, body=b"fine")]
    server.route("/busy", lambda request: answers.pop(0))
    upload = ChunkedUpload()
    retries = RetryPolicy(methods=None, backoff=0)
    fetch = _fetch(session, "POST", server.url("/busy"), retries=retries)
    fetch.fetcher.upload = upload
    upload.append(b"a")
    upload.append(b"b", is_last=True)
    fetch.start()
    assert (fetch.finish(), fetch.body) == (OK, b"fine")
    assert [request.body for request in server.requests] == [b"ab", b"ab"]


# --- what is told


def test_the_progress_of_a_download(server: EmbeddedServer, session: Session) -> None:
    """Row 246, DownloadProgress: it only grows, and the total is right from the first piece on."""
    fetch = _fetch(session, "GET", server.url(f"/bytes/{SIZE}"), is_sink=True).start()
    assert fetch.finish() == OK
    assert fetch.progress == sorted(set(fetch.progress)) and fetch.progress[-1] == (SIZE, SIZE)
    assert {total for _, total in fetch.progress} == {SIZE}


def test_who_is_told_of_progress_may_cancel(server: EmbeddedServer, session: Session) -> None:
    """Row 246, CancelInDownloadProgressCallback."""
    fetch = _fetch(session, "GET", server.url(f"/bytes/{SIZE}"), is_sink=True)
    fetch.on_piece = fetch.fetcher.cancel
    fetch.start()
    assert server.wait_until(lambda: len(server.requests) == 1 and server.open_connections == 0)
    assert fetch.results == [] and len(fetch.progress) == 1


def test_headers_and_address(server: EmbeddedServer, session: Session) -> None:
    """Row 247, Headers and SocketAddress."""
    server.route("/headers", Answer(headers={"X-One": "1", "Cache-Control": "private"}))
    fetch = _fetch(session, "GET", server.url("/headers")).start()
    assert fetch.finish() == OK
    info = fetch.fetcher.response
    assert info is not None and info.remote_address is not None
    assert (info.head.headers.get("x-one"), info.head.headers.get("cache-control")) == ("1", "private")
    assert str(info.remote_address) == f"127.0.0.1:{server.port}"


def test_who_stops_at_redirects_gets_the_redirect(server: EmbeddedServer, session: Session) -> None:
    """Row 247, StopOnRedirect: here it is an answer, 301 with its Location, and no error."""
    server.route("/moved", Answer(301, headers={"Location": "/hello"}))
    fetch = _fetch(session, "GET", server.url("/moved"), follow_redirects=False).start()
    assert fetch.finish() == OK
    info = fetch.fetcher.response
    assert info is not None and (info.head.status, info.head.headers.get("location")) == (301, "/hello")
    assert len(server.requests) == 1


# --- threads and the end


def test_the_delegate_is_called_on_the_network_thread(server: EmbeddedServer, session: Session) -> None:
    """Row 249, SameThreadsTest and DifferentThreadsTest: wherever it was started from."""
    fetch = _fetch(session, "GET", server.url("/hello"))
    starter = threading.Thread(target=fetch.context.thread.post, args=[fetch.fetcher.start])
    starter.start()
    starter.join(LIMIT_S)
    assert fetch.finish() == OK and fetch.threads.isdisjoint({threading.get_ident(), starter.ident})


def test_cancel_lets_go_at_once(server: EmbeddedServer, session: Session) -> None:
    """Row 249, CancelSameThread: the context knows nothing of the fetch when cancel() returns."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetch = _fetch(session, "GET", server.url("/silent")).start()
    counts: list[int] = []

    def cancel() -> None:
        counts.append(fetch.context.request_count)
        fetch.fetcher.cancel()
        counts.append(fetch.context.request_count)

    fetch.run(cancel)
    assert counts == [1, 0] and fetch.results == []


def test_one_request_serves_many_fetches(server: EmbeddedServer, session: Session) -> None:
    """Row 249, ReuseFetcherForSameURL and SameData: a fetcher runs once, its request as often as one likes."""
    request = session.prepare("GET", server.url("/hello"))
    bodies = []
    for _ in range(3):
        fetch = Fetch(session, request).start()
        assert fetch.finish() == OK
        bodies.append(fetch.body)
    assert len(bodies) == 3 and len(set(bodies)) == 1


def test_many_at_once(server: EmbeddedServer, session: Session) -> None:
    """Row 249, Overload."""
    fetches = [_fetch(session, "GET", server.url("/hello")).start() for _ in range(50)]
    assert [fetch.finish() for fetch in fetches] == [OK] * 50


@pytest.mark.parametrize("count", [1, 3])
def test_the_end_of_the_context(count: int, server: EmbeddedServer, session: Session) -> None:
    """Row 249, ShutdownCrossThread and CancelAll: each is told once, and who comes later at once."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    fetches = [_fetch(session, "GET", server.url("/silent")).start() for _ in range(count)]
    session.close()
    assert [fetch.finish() for fetch in fetches] == [ERR_CONTEXT_SHUT_DOWN] * count


def test_a_fetch_that_is_over_holds_nothing(server: EmbeddedServer, session: Session) -> None:
    """Row 249, ReleasesContext: neither its delegate, nor what keeps a session open."""
    fetch = _fetch(session, "GET", server.url("/hello")).start()
    assert fetch.finish() == OK
    fetcher, delegate = fetch.fetcher, weakref.ref(fetch)
    del fetch

    def is_released() -> bool:
        gc.collect()
        return delegate() is None

    wait_until(is_released)
    assert fetcher.net_error == OK


def test_a_broken_connection_is_told(server: EmbeddedServer, session: Session) -> None:
    """Row 249: the error is the fetch's, without an answer; before it there is none."""
    server.route("/reset", Answer(fault=reset_before_headers()))
    fetch = _fetch(session, "GET", server.url("/reset"))
    assert fetch.fetcher.net_error == ERR_IO_PENDING
    assert fetch.start().finish() == ERR_CONNECTION_RESET and fetch.fetcher.response is None
