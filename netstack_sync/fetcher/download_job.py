"""DownloadJob: one download on the network thread: look at the part, ask for the rest, write, put it in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from netstack_sync.base.exceptions import HTTPStatusError
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.fetcher.body_source import CollectedBody
from netstack_sync.fetcher.download_answer import Judgement, Verdict, foreign_coding, judge_answer
from netstack_sync.fetcher.download_arguments import DownloadPlan
from netstack_sync.fetcher.download_errors import (
    fetch_failure,
    plain_failure,
    refuse_coding,
    refuse_size,
    with_kept_text,
)
from netstack_sync.fetcher.download_writer import DownloadWriter
from netstack_sync.fetcher.options import FetchRequest
from netstack_sync.fetcher.response import Response, make_response
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.validators import strong_validator
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_record import PartRecord

_MAX_ERROR_BODY_BYTES: Final = 64 * 1024  # of an answer that is no file: enough to read what is wrong


class DownloadOwner(Protocol):
    """Told on the network thread."""

    def on_progress(self, done_bytes: int, total_bytes: int | None) -> None:
        """Bytes have come."""

    def on_download_complete(self) -> None:
        """It is over; `error` says how. Comes exactly once."""


class DownloadJob:
    """Owner of a URLFetcher at a time and of a DownloadWriter; network thread only. A LiveRequest.

    The part is looked at on a worker, the answer is judged by its head, and its bytes go to the writer; where the
    server gives less than it was asked for, or a range that cannot be used, it is asked again. What has come is written
    also when the network fails; only cancelling, the deadline and the end of the session do not wait for the disk.
    """

    __slots__ = (
        "_context",
        "_deadline",
        "_error_body",
        "_failed",
        "_fetcher",
        "_is_finishing",
        "_judgement",
        "_left_bytes",
        "_owner",
        "_plan",
        "_started_at",
        "_url",
        "_writer",
        "error",
        "response",
        "size_bytes",
        "was_resumed",
    )

    def __init__(self, plan: DownloadPlan, context: URLRequestContext, owner: DownloadOwner) -> None:
        self._plan = plan
        self._context = context
        self._owner: DownloadOwner | None = owner
        self._url = plan.request.url.without_credentials().href
        part = PartFile(plan.path, plan.may_replace, plan.checksum)
        self._writer = DownloadWriter(part, context.disk_workers, context.thread.timers, self)
        self._fetcher: URLFetcher | None = None
        self._judgement: Judgement | None = None  # of the answer whose body is being read
        self._left_bytes: int | None = None  # of that body; None when only its end will tell
        self._failed: tuple[URLFetcher, int] | None = None  # told once what has come is written
        self._error_body: list[bytes] = []
        self._deadline = OneShotTimer(context.thread.timers, self._on_deadline)
        self._started_at = 0.0
        self._is_finishing = False
        self.error: BaseException | None = None
        """Why there is no file, once it is over."""
        self.response: Response | None = None
        """The last answer, without its body."""
        self.size_bytes = 0
        """Bytes that have come, with those of earlier attempts."""
        self.was_resumed = False
        """True when bytes of an earlier attempt are in the file."""

    def start(self, started_at: float) -> None:
        """Starts; the total limit counts from `started_at` (clock seconds). Nothing happens after a cancel()."""
        if self._owner is None:
            return
        if self._context.is_shut_down:
            self.fail(ERR_CONTEXT_SHUT_DOWN)
            return
        self._context.add_request(self)
        self._started_at = started_at
        total = self._plan.request.timeout.total
        if total is not None:
            self._deadline.start(max(0.0, started_at + total - self._context.thread.clock.now()))
        url = self._url if self._plan.resumes else None
        self._writer.run(lambda: self._writer.part.inspect(url))

    def fail(self, net_error: int) -> None:
        """Ends it in any state and without waiting for the disk; see LiveRequest."""
        self._end(plain_failure(net_error, self._plan.request, self._writer.part))

    # --- asking

    def _send(self) -> None:
        part = self._writer.part
        request = self._plan.request
        if part.record is not None and part.size:
            headers = request.headers.copy()
            headers.set("Range", f"bytes={part.size}-")
            headers.set("If-Range", part.record.validator)
            request = replace(request, headers=headers)
        self._start_fetcher(request)

    def _start_fetcher(self, request: FetchRequest) -> None:
        self._judgement = self._left_bytes = None
        self._fetcher = URLFetcher(request, self._context, self, self)
        self._fetcher.start(self._started_at)

    def _drop_fetcher(self) -> None:
        fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            fetcher.cancel()

    # --- BodySink and URLFetcherDelegate

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink."""
        info, part = fetcher.response, self._writer.part
        assert info is not None
        asked_for_part = "range" in fetcher.request.headers
        judgement = judge_answer(info.head, part.record if asked_for_part else None, part.size)
        self._judgement, self._left_bytes = judgement, judgement.length
        coding = "" if self._plan.takes_codings or judgement.verdict is Verdict.REFUSED else foreign_coding(info.head)
        if coding:
            refuse_coding(fetcher, coding)
        elif self._is_too_large(judgement.size or 0):
            refuse_size(fetcher, self._plan.max_size)
        elif judgement.verdict is Verdict.BEGIN:
            self._begin(info, judgement.size)
        elif judgement.verdict is Verdict.GO_ON:
            self.was_resumed = self.was_resumed or self.response is None
            self.size_bytes = part.size
        elif judgement.verdict in (Verdict.WHOLE, Verdict.ASK_ANEW):
            self._drop_fetcher()  # nothing more is wanted of this answer
        if judgement.verdict is Verdict.ASK_ANEW:
            self._start_fetcher(self._plan.request)
            return
        self._keep_response(fetcher, info, CollectedBody([]))
        if judgement.verdict is Verdict.WHOLE:
            self.was_resumed, self.size_bytes = True, part.size
            self._finish()

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        assert self._judgement is not None and self._fetcher is not None and self._owner is not None
        if self._judgement.verdict is Verdict.REFUSED:
            return self._keep_error_body(piece)
        if self._left_bytes is not None:
            self._left_bytes -= len(piece)
            if self._left_bytes < 0:  # chunks that hold more than the range
                self._fetcher.fail(ERR_CONTENT_LENGTH_MISMATCH)
                return False
        if self._is_too_large(self.size_bytes + len(piece)):
            refuse_size(self._fetcher, self._plan.max_size)
            return False
        self.size_bytes += len(piece)
        self._writer.add(piece)
        self._owner.on_progress(self.size_bytes, self._judgement.size)
        return not self._writer.is_full

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self._fetcher = None
        if fetcher.net_error in (ERR_ABORTED, ERR_CONTEXT_SHUT_DOWN) or fetcher.timed_out == "total":
            self._end(fetch_failure(fetcher, fetcher.net_error, self._writer.part))
            return
        if self._judgement is not None and self._judgement.verdict is Verdict.REFUSED:
            self._end_refused(fetcher)  # also when its body was cut off
            return
        if fetcher.net_error != OK:
            self._failed = (fetcher, fetcher.net_error)
        elif self._left_bytes:
            self._failed = (fetcher, ERR_CONTENT_LENGTH_MISMATCH)
        if self._writer.is_idle:
            self._advance()

    # --- WriterOwner

    def on_idle(self, error: BaseException | None) -> None:
        """See WriterOwner."""
        if error is not None:
            self._end(with_kept_text(error, self._writer.part))
            return
        self._advance()

    def _advance(self) -> None:
        """The one place that decides what is next; the writer is idle."""
        writer = self._writer
        if self._fetcher is not None:
            writer.maybe_flush()
            self._fetcher.resume()
        elif self._is_finishing:
            self._end(None)
        elif self._is_complete:
            self._finish()
        elif writer.pending_bytes:
            writer.flush()
        elif self._failed is not None:
            self._end(fetch_failure(*self._failed, self._writer.part))
        else:
            self._send()  # for the first time, or the server gave less than it was asked for

    @property
    def _is_complete(self) -> bool:
        """True when all bytes are here; the fetch is over."""
        judgement = self._judgement
        if self._failed is not None or judgement is None:
            return False
        return judgement.size is None or self.size_bytes >= judgement.size

    def _finish(self) -> None:
        self._is_finishing = True
        self._writer.finish()

    # --- what the answer means

    def _begin(self, info: HttpResponseInfo, size: int | None) -> None:
        validator = strong_validator(info.head)
        record = None if validator is None else PartRecord(self._url, validator, size)
        self.was_resumed, self.size_bytes = False, 0
        self._writer.run(lambda: self._writer.part.begin(record))

    def _is_too_large(self, size_bytes: int) -> bool:
        return self._plan.max_size is not None and size_bytes > self._plan.max_size

    def _keep_error_body(self, piece: bytes) -> bool:
        self._error_body.append(piece)
        fetcher = self._fetcher
        if fetcher is not None and sum(map(len, self._error_body)) >= _MAX_ERROR_BODY_BYTES:
            self._drop_fetcher()
            self._end_refused(fetcher)
            return False
        return True

    def _end_refused(self, fetcher: URLFetcher) -> None:
        info = fetcher.response
        assert info is not None
        response = self._keep_response(fetcher, info, CollectedBody(self._error_body))
        message = f"{response.status} {response.reason}: no file to download from {response.url}"
        self._end(HTTPStatusError(message, response))

    def _keep_response(self, fetcher: URLFetcher, info: HttpResponseInfo, body: CollectedBody) -> Response:
        facts = (fetcher.history, fetcher.net_log_source_id, fetcher.attempts)
        self.response = make_response(self._plan.request, info, body, *facts)
        return self.response

    # --- the end

    def _on_deadline(self) -> None:
        total = self._plan.request.timeout.total
        if self._fetcher is not None and total is not None:
            self._fetcher.on_limit("total", total)  # it knows what it was waiting for
        else:
            self._end(plain_failure(ERR_TIMED_OUT, self._plan.request, self._writer.part, "total"))

    def _end(self, error: BaseException | None) -> None:
        owner, self._owner = self._owner, None
        if owner is None:
            return
        self.error = error
        self._deadline.stop()
        self._drop_fetcher()
        self._writer.drop()
        self._context.remove_request(self)
        owner.on_download_complete()
