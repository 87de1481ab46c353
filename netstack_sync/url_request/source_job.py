"""SourceJob: a hop whose answer comes from workers, a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import ERR_CONTENT_LENGTH_MISMATCH, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job import OnData
from netstack_sync.wire.http1_framing import HTTP_1_1, Framing
from netstack_sync.wire.http1_response import ResponseHead
from netstack_sync.workers.answer_source import AnswerSource, SourceAnswer, SourceReader, failure_of
from netstack_sync.workers.worker_job import WorkerJob
from netstack_sync.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo

_STATUSES_WITHOUT_BODY = (204, 304)


class SourceMaker(Protocol):
    """Gets together what a source is made from; network thread."""

    source: AnswerSource | None
    """There after OK."""
    load_state: LoadState
    """What start() waits for."""
    error_detail: str
    """What went wrong, in words; may be empty."""

    def start(self, on_done: Completion) -> int:
        """OK, an error, or ERR_IO_PENDING and one later callback."""

    def cancel(self) -> None:
        """No callback comes any more; idempotent."""


class ReadySource:
    """A SourceMaker that has nothing to wait for."""

    __slots__ = ("error_detail", "load_state", "source")

    def __init__(self, source: AnswerSource) -> None:
        self.source: AnswerSource | None = source
        self.load_state = LoadState.IDLE
        self.error_detail = ""

    def start(self, on_done: Completion) -> int:
        """OK."""
        return OK

    def cancel(self) -> None:
        """Nothing is under way."""


class SourceJob:
    """See URLRequestJob. Owns the source from the moment that there is one.

    The next piece is asked for when the reader wants it, so that one piece is in memory. A worker that hangs is left
    behind: nobody waits for it.
    """

    __slots__ = (
        "_hop",
        "_maker",
        "_on_data",
        "_on_headers",
        "_pending",
        "_reader",
        "_unread",
        "_whole",
        "_workers",
        "connecting_since",
        "error_detail",
        "has_sent_bytes",
        "is_body_complete",
        "load_state",
        "response",
        "timing",
    )

    sent_bytes = 0
    ssl_info: SSLInfo | None = None

    def __init__(self, hop: Hop, maker: SourceMaker, workers: WorkerPool) -> None:
        self._hop = hop
        self._maker = maker
        self._workers = workers
        self._reader: SourceReader | None = None
        self._pending: WorkerJob[SourceAnswer] | WorkerJob[bytes] | None = None
        self._on_headers: Completion | None = None
        self._on_data: OnData | None = None
        self._unread: int | None = None
        self._whole = b""  # of the body, where it came with the head
        self.connecting_since: float | None = None
        self.error_detail = ""
        self.has_sent_bytes = False
        self.is_body_complete = False
        self.load_state = LoadState.IDLE
        self.response: HttpResponseInfo | None = None
        self.timing: LoadTiming | None = None

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        self.timing = LoadTiming(request_start=self._now())
        self._on_headers = on_headers
        result = self._maker.start(self._on_made)
        self.load_state = self._maker.load_state
        if result != ERR_IO_PENDING:
            return self._heed_made(result)
        if self.load_state == LoadState.RESOLVING_HOST:
            self.connecting_since = self._now()  # a lookup is a part of connecting, as over http
        return result

    def read(self, on_data: OnData) -> bytes | int:
        """See URLRequestJob."""
        if self._whole:
            whole, self._whole = self._whole, b""
            return whole
        if self._reader is None:
            return b""
        self._on_data = on_data
        self.load_state = LoadState.READING_RESPONSE
        self._pending = self._workers.post_job(self._reader.read_piece, self._on_piece)
        return ERR_IO_PENDING

    def set_priority(self, priority: RequestPriority) -> None:
        """Workers take jobs in order."""

    def close(self) -> None:
        """See URLRequestJob."""
        self._on_headers = self._on_data = None
        self._maker.cancel()
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self._let_go()

    # --- the head

    def _on_made(self, result: int) -> None:
        result = self._heed_made(result)
        if result != ERR_IO_PENDING:
            self._complete(result)

    def _heed_made(self, result: int) -> int:
        return self._open() if result == OK else self._fail(result, self._maker.error_detail)

    def _fail(self, net_error: int, detail: str) -> int:
        self.connecting_since, self.error_detail = None, detail
        return net_error

    def _open(self) -> int:
        source = self._maker.source
        assert source is not None and self.timing is not None, "made, and started"
        self._reader = reader = SourceReader(source)
        self.timing.send_start = self.timing.send_end = self._now()
        if source.is_remote:
            self.load_state = LoadState.CONNECTING
            if self.connecting_since is None:
                self.connecting_since = self._now()
        else:
            self._tell_connected()
        if self._reader is None:
            return ERR_IO_PENDING  # whoever was told has cancelled
        self.has_sent_bytes = source.has_effects
        self._pending = self._workers.post_job(reader.open, self._on_opened)
        return ERR_IO_PENDING

    def _tell_connected(self) -> None:
        self.connecting_since, self.load_state = None, LoadState.WAITING_FOR_RESPONSE
        self._hop.observer.on_connected()
        if self._reader is not None:
            self._hop.observer.on_request_sent()

    def _on_opened(self, reply: SourceAnswer | BaseException) -> None:
        self._pending = None
        if isinstance(reply, BaseException):
            self._complete(self._fail(*failure_of(reply)))
            return
        if self.connecting_since is not None:
            self._tell_connected()
        if self._reader is not None:  # else: cancelled by who was told
            self._take(reply)
            self._complete(OK)

    def _take(self, answer: SourceAnswer) -> None:
        info, timing = self._hop.info, self.timing
        assert timing is not None, "it was started"
        timing.receive_headers_start = timing.receive_headers_end = self._now()
        self.response = HttpResponseInfo(info.url, _head_of(answer), timing, None, None)
        self._unread = answer.size
        if info.method == "HEAD" or answer.status in _STATUSES_WITHOUT_BODY:
            self._end_body()
        elif answer.body is not None:
            self._whole = answer.body
            self._end_body()

    def _complete(self, result: int) -> None:
        on_headers, self._on_headers = self._on_headers, None
        assert on_headers is not None, "a job completes once"
        on_headers(result)

    # --- the body

    def _on_piece(self, reply: bytes | BaseException) -> None:
        self._pending = None
        on_data, self._on_data = self._on_data, None
        assert on_data is not None, "a job that was closed hears nothing"
        if isinstance(reply, BaseException):
            result, self.error_detail = failure_of(reply)
            on_data(result)
            return
        if self._unread is not None:
            self._unread -= len(reply)
            if self._unread < 0 or (self._unread > 0 and not reply):
                self.error_detail = f"the body is {'longer' if self._unread < 0 else 'shorter'} than its Content-Length"
                on_data(ERR_CONTENT_LENGTH_MISMATCH)
                return
        if not reply:
            self._end_body()
        on_data(reply)

    def _end_body(self) -> None:
        self.is_body_complete = True
        self._let_go()

    def _let_go(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None and reader.abandon():
            self._workers.post_job(reader.source.close, _ignore)

    def _now(self) -> float:
        return self._hop.services.thread.clock.now()


def _head_of(answer: SourceAnswer) -> ResponseHead:
    items = list(answer.headers)
    if answer.size is not None and answer.status not in _STATUSES_WITHOUT_BODY:
        items.append(("Content-Length", str(answer.size)))
    framing = Framing(answer.size, is_chunked=False, keep_alive=False, in_doubt=False)
    return ResponseHead(answer.status, answer.reason, HTTP_1_1, ResponseHeaders.from_items(items), framing)


def _ignore(reply: object) -> None:
    """Nobody is left who could be told that the source did not close."""
