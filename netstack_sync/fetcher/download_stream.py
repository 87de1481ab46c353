"""DownloadStream: brings some bytes of a file that lie together, with as many requests as that takes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, Protocol

from netstack_sync.base.exceptions import Attempt, HTTPStatusError
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONTENT_LENGTH_MISMATCH, ERR_CONTEXT_SHUT_DOWN, OK
from netstack_sync.fetcher.attempt_end import AttemptEnd
from netstack_sync.fetcher.download_answer import Judgement, Verdict, foreign_coding, judge_answer
from netstack_sync.fetcher.download_arguments import DownloadPlan
from netstack_sync.fetcher.download_errors import fetch_failure, refuse_coding, refuse_size
from netstack_sync.fetcher.response import Response, make_response
from netstack_sync.fetcher.retry_count import RetryCount
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_record import PartRecord

MakeError = Callable[[], BaseException]
"""Makes it late: it says how many bytes are kept, and there are some on their way to the disk."""

_MAX_ERROR_BODY_BYTES: Final = 64 * 1024  # of an answer that is no file: enough to read what is wrong
_SCRAP_BYTES: Final = 64 * 1024
_MAX_SCRAPS: Final = 100  # answers that bring less than that, though more was asked for: else a request for each byte


class StreamOwner(Protocol):
    """Whose stream it is. Every method is called on the network thread, and may stop the stream."""

    record: PartRecord | None
    """What a range must be of; None when only the whole can be asked for."""
    part: PartFile
    started_at: float
    """From when the total limit counts, in clock seconds."""
    deadline: float
    """When it is over, in clock seconds."""
    size_bytes: int
    """Bytes that have come, of all streams."""

    def on_response(self, response: Response) -> None:
        """There is an answer that will do; what it means comes next."""

    def on_begin(self, stream: DownloadStream, info: HttpResponseInfo, size: int | None) -> None:
        """The whole file comes, from its first byte on; whatever came before is of no use."""

    def on_going_on(self) -> None:
        """What is there already is of use."""

    def on_unusable(self, stream: DownloadStream) -> None:
        """No range can be had; it asks for the whole next, and no other stream may."""

    def on_piece(self, position: int, data: bytes, size: int | None) -> bool:
        """Some bytes and their place; False pauses the stream until resume()."""

    def on_done(self, stream: DownloadStream) -> None:
        """All its bytes have come."""

    def on_failed(self, make_error: MakeError) -> None:
        """It has given up."""

    def on_ended(self, make_error: MakeError) -> None:
        """The download is over: it was cancelled, or there is no more time, or no session."""


class DownloadStream:
    """Owner of a URLFetcher at a time; network thread only. It retries, as the request says, from where it stopped."""

    __slots__ = (
        "_context",
        "_error_body",
        "_error_bytes",
        "_fetcher",
        "_first",
        "_is_partial",
        "_judgement",
        "_left_bytes",
        "_made",
        "_owner",
        "_plan",
        "_retries",
        "_retry_timer",
        "_scraps",
        "end",
        "position",
    )

    def __init__(
        self, plan: DownloadPlan, context: URLRequestContext, owner: StreamOwner, position: int, end: int | None
    ) -> None:
        self._plan = plan
        self._context = context
        self._owner = owner
        self.position = position
        """Of the next byte."""
        self.end = end
        """Of the bytes it is to bring; None for the end of the file."""
        policy = plan.request.retries
        self._retries = RetryCount(policy, plan.request.method) if policy is not None else None
        self._retry_timer = OneShotTimer(context.thread.timers, self.send)
        self._fetcher: URLFetcher | None = None
        self._first = position  # of the present answer
        self._is_partial = False
        self._judgement: Judgement | None = None  # of the answer whose body is being read
        self._left_bytes: int | None = None  # of that body; None when only its end will tell
        self._scraps = 0
        self._made: tuple[Attempt, ...] = ()
        self._error_body: list[bytes] = []
        self._error_bytes = 0

    def send(self) -> None:
        """Asks for what is missing."""
        record, request = self._owner.record, self._plan.request
        self._is_partial = record is not None and (self.position > 0 or self.end is not None)
        if record is not None and self._is_partial:
            headers = request.headers.copy()
            headers.set("Range", f"bytes={self.position}-{'' if self.end is None else self.end - 1}")
            headers.set("If-Range", record.validator)
            request = request.replaced(headers=headers)
        self._judgement = self._left_bytes = None
        self._first = self.position
        self._error_body, self._error_bytes = [], 0
        self._fetcher = URLFetcher(request, self._context, self, self, retry_count=self._retries)
        self._fetcher.start(self._owner.started_at)

    def resume(self) -> None:
        """Goes on after a pause."""
        if self._fetcher is not None:
            self._fetcher.resume()

    def stop(self) -> None:
        """The owner is not called any more; idempotent."""
        self._retry_timer.stop()
        fetcher, self._fetcher = self._fetcher, None
        if fetcher is not None:
            fetcher.cancel()

    def reach_deadline(self, limit_s: float) -> bool:
        """True when a fetch is under way, which fails then and knows what it was waiting for."""
        if self._fetcher is None:
            return False
        self._fetcher.on_limit("total", limit_s)
        return True

    # --- BodySink and URLFetcherDelegate

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink."""
        info, owner = fetcher.response, self._owner
        assert info is not None
        record = owner.record if self._is_partial else None
        judgement = self._judgement = judge_answer(info.head, record, self.position, self.end)
        self._left_bytes = judgement.length
        verdict = judgement.verdict
        if verdict is Verdict.REFUSED:
            return
        if verdict is Verdict.ASK_ANEW:
            self._ask_anew()
            return
        if self._is_too_large(judgement.size or 0):
            refuse_size(fetcher, self._plan.max_size)
            return
        coding = "" if self._plan.takes_codings or verdict is Verdict.WHOLE else foreign_coding(info.head)
        if coding:
            refuse_coding(fetcher, coding)
            return
        owner.on_response(self._make_response(fetcher, info, []))
        self._heed(verdict, info, judgement.size)

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        fetcher, judgement, position = self._fetcher, self._judgement, self.position
        assert fetcher is not None and judgement is not None
        if judgement.verdict is Verdict.REFUSED:
            return self._keep_error_body(fetcher, piece)
        if self._left_bytes is not None:
            self._left_bytes -= len(piece)
            if self._left_bytes < 0:  # chunks that hold more than the range
                fetcher.fail(ERR_CONTENT_LENGTH_MISMATCH)
                return False
        if self._is_too_large(self._owner.size_bytes + len(piece)):
            refuse_size(fetcher, self._plan.max_size)
            return False
        if self.end is not None:
            piece = piece[: self.end - position]
        self.position += len(piece)
        goes_on = self._owner.on_piece(position, piece, judgement.size)
        if self.position == self.end and self._left_bytes:  # the answer was for the whole, and others bring the rest
            self.stop()
            self._owner.on_done(self)
            return False
        return goes_on

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        self._fetcher = None
        net_error = fetcher.net_error
        if net_error in (ERR_ABORTED, ERR_CONTEXT_SHUT_DOWN) or fetcher.timed_out == "total":
            self._owner.on_ended(lambda: self._failure(fetcher, net_error))
        elif self._judgement is not None and self._judgement.verdict is Verdict.REFUSED:
            self._owner.on_failed(lambda: self._refusal(fetcher))  # also when its body was cut off
        elif net_error != OK:
            self._retry_or_fail(fetcher, net_error)
        elif self._left_bytes:
            self._retry_or_fail(fetcher, ERR_CONTENT_LENGTH_MISMATCH)
        elif self._is_complete:
            self._owner.on_done(self)
        else:
            self._ask_for_more(fetcher)

    # --- what an answer means

    def _heed(self, verdict: Verdict, info: HttpResponseInfo, size: int | None) -> None:
        if verdict is Verdict.BEGIN:
            self.position, self.end = 0, None
            self._owner.on_begin(self, info, size)
            return
        self._owner.on_going_on()
        if verdict is Verdict.WHOLE:
            self.stop()
            self._owner.on_done(self)

    def _ask_anew(self) -> None:
        self.stop()
        self.position, self.end = 0, None
        self._owner.on_unusable(self)
        self.send()

    @property
    def _is_complete(self) -> bool:
        """True when all its bytes are here; the fetch is over."""
        judgement = self._judgement
        assert judgement is not None, "an answer has a meaning"
        end = self.end if self.end is not None else judgement.size
        return end is None or self.position >= end

    def _ask_for_more(self, fetcher: URLFetcher) -> None:
        """A range may be answered in part (RFC 9110 §15.3.7)."""
        self._scraps += self.position - self._first < _SCRAP_BYTES
        if self._scraps > _MAX_SCRAPS:
            fetcher.error_detail = "the server answers requests for a range with a few bytes at a time"
            self._owner.on_failed(lambda: self._failure(fetcher, ERR_CONTENT_LENGTH_MISMATCH))
        else:
            self.send()

    def _is_too_large(self, size_bytes: int) -> bool:
        return self._plan.max_size is not None and size_bytes > self._plan.max_size

    def _keep_error_body(self, fetcher: URLFetcher, piece: bytes) -> bool:
        self._error_body.append(piece)
        self._error_bytes += len(piece)
        if self._error_bytes < _MAX_ERROR_BODY_BYTES:
            return True
        self.stop()
        self._owner.on_failed(lambda: self._refusal(fetcher))
        return False

    # --- failures

    def _retry_or_fail(self, fetcher: URLFetcher, net_error: int) -> None:
        wait_s = self._retry_wait_s(fetcher, net_error)
        if wait_s is None:
            self._owner.on_failed(lambda: self._failure(fetcher, net_error))
        else:
            self._retry_timer.start(wait_s)

    def _retry_wait_s(self, fetcher: URLFetcher, net_error: int) -> float | None:
        """Only of a body that has broken off: what fails before, the fetch itself has retried as often as it may."""
        if self._retries is None or self._judgement is None:
            return None
        end, now = AttemptEnd(net_error, may_have_been_sent=True), self._context.thread.clock.now()
        wait_s = self._retries.next_wait_s(end, random.random)
        if wait_s is None or now + wait_s >= self._owner.deadline:
            return None
        self._retries.count(end)
        self._made = (*self._made, *fetcher.attempts, fetcher.attempt(net_error, now, wait_s))
        return wait_s

    def _failure(self, fetcher: URLFetcher, net_error: int) -> BaseException:
        failure = fetch_failure(fetcher, net_error, self._owner.part)
        failure.attempts = (*self._made, *failure.attempts)
        return failure

    def _refusal(self, fetcher: URLFetcher) -> BaseException:
        info = fetcher.response
        assert info is not None
        response = self._make_response(fetcher, info, self._error_body)
        message = f"{response.status} {response.reason}: no file to download from {response.url}"
        return HTTPStatusError(message, response)

    def _make_response(self, fetcher: URLFetcher, info: HttpResponseInfo, body: list[bytes]) -> Response:
        facts = (fetcher.history, fetcher.net_log_source_id, (*self._made, *fetcher.attempts))
        return make_response(self._plan.request, info, body, *facts)
