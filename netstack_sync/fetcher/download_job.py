"""DownloadJob: one download on the network thread: look at the part, fetch the rest, write, put it in its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Final, Protocol

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_TIMED_OUT, ERR_UNEXPECTED
from netstack_sync.fetcher.download_answer import takes_ranges
from netstack_sync.fetcher.download_arguments import DownloadPlan
from netstack_sync.fetcher.download_errors import plain_failure, with_kept_text
from netstack_sync.fetcher.download_stream import DownloadStream, MakeError
from netstack_sync.fetcher.download_writer import DownloadWriter
from netstack_sync.fetcher.response import Response
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.validators import strong_validator
from netstack_sync.loop.timers import OneShotTimer
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.workers.gaps import Gap, divided
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_record import PartRecord

LEAST_PART_BYTES: Final = 1024 * 1024  # of a download in several parts; less is not worth a connection


class DownloadOwner(Protocol):
    """Told on the network thread."""

    def on_progress(self, done_bytes: int, total_bytes: int | None) -> None:
        """Bytes have come."""

    def on_download_complete(self) -> None:
        """It is over; `error` says how. Comes exactly once."""


class DownloadJob:
    """Owner of DownloadStreams and of a DownloadWriter; network thread only. A LiveRequest.

    The part is looked at on a worker; one stream asks for the rest, or several side by side for a piece of it each, and
    what they bring goes to the writer. When one of them has given up all stop. What has come is written also then; only
    cancelling, the deadline and the end of the session do not wait for the disk.
    """

    __slots__ = (
        "_context",
        "_deadline_timer",
        "_failed",
        "_had_bytes",
        "_is_finishing",
        "_is_inspected",
        "_may_divide",
        "_owner",
        "_plan",
        "_streams",
        "_url",
        "_waiting",
        "_writer",
        "deadline",
        "error",
        "part",
        "record",
        "response",
        "size_bytes",
        "started_at",
        "was_resumed",
    )

    def __init__(self, plan: DownloadPlan, context: URLRequestContext, owner: DownloadOwner) -> None:
        self._plan = plan
        self._context = context
        self._owner: DownloadOwner | None = owner
        self._url = plan.request.url.without_credentials().href
        self.part = PartFile(plan.path, plan.may_replace, plan.checksum)
        """To be looked at while the writer is idle."""
        self._writer = DownloadWriter(self.part, context.disk_workers, context.thread.timers, self)
        self._streams: list[DownloadStream] = []
        self._waiting: deque[tuple[int, int | None]] = deque()  # what no stream brings yet: position and end
        self._may_divide = plan.parts > 1
        self._failed: MakeError | None = None  # made once what has come is written
        self._deadline_timer = OneShotTimer(context.thread.timers, self._on_deadline)
        self._had_bytes = False  # of an earlier attempt
        self._is_inspected = False
        self._is_finishing = False
        self.started_at = 0.0
        self.deadline = inf
        self.record: PartRecord | None = None
        """See StreamOwner; it is that of the part, but for the gaps."""
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
        self.started_at = started_at
        total = self._plan.request.timeout.total
        if total is not None:
            self.deadline = started_at + total
            self._deadline_timer.start(max(0.0, self.deadline - self._context.thread.clock.now()))
        url = self._url if self._plan.resumes else None
        self._writer.run(lambda: self.part.inspect(url))

    def fail(self, net_error: int) -> None:
        """Ends it in any state and without waiting for the disk; see LiveRequest."""
        self._end(plain_failure(net_error, self._plan.request, self.part))

    # --- StreamOwner

    def on_response(self, response: Response) -> None:
        """See StreamOwner."""
        self.response = response

    def on_begin(self, stream: DownloadStream, info: HttpResponseInfo, size: int | None) -> None:
        """See StreamOwner; a file that is large enough is divided, once."""
        self._stop_streams(but=stream)
        validator = strong_validator(info.head)
        record = self.record = None if validator is None else PartRecord(self._url, validator, size)
        gaps: Sequence[Gap] = ()
        if self._may_divide and record is not None and size and takes_ranges(info.head):
            gaps = self._divide([Gap(0, size)])
        self._may_divide = False
        if gaps:
            stream.end = gaps[0].end
            self._waiting.extend(gaps[1:])
        self._had_bytes = self.was_resumed = False
        self.size_bytes = 0
        self._writer.begin(lambda: self.part.begin(record, gaps))

    def on_going_on(self) -> None:
        """See StreamOwner."""
        self.was_resumed = self._had_bytes

    def on_unusable(self, stream: DownloadStream) -> None:
        """See StreamOwner."""
        self._stop_streams(but=stream)
        self._may_divide = False
        self.record = None

    def on_piece(self, position: int, data: bytes, size: int | None) -> bool:
        """See StreamOwner."""
        assert self._owner is not None, "a stream that was stopped brings nothing"
        self.size_bytes += len(data)
        self._writer.add(position, data)
        self._owner.on_progress(self.size_bytes, size)
        return not self._writer.is_full

    def on_done(self, stream: DownloadStream) -> None:
        """See StreamOwner."""
        self._streams.remove(stream)
        self._maybe_advance()

    def on_failed(self, make_error: MakeError) -> None:
        """See StreamOwner."""
        self._failed = make_error
        self._stop_streams()
        self._maybe_advance()

    def on_ended(self, make_error: MakeError) -> None:
        """See StreamOwner."""
        self._end(make_error())

    # --- WriterOwner

    def on_idle(self, error: BaseException | None) -> None:
        """See WriterOwner."""
        try:
            self._go_on(error)
        except Exception:
            self.fail(ERR_UNEXPECTED)  # a bug, for which nobody is to wait: there may be no limit of time
            raise

    def _go_on(self, error: BaseException | None) -> None:
        if error is not None:
            self._end(with_kept_text(error, self.part))
        elif self._is_inspected:
            self._advance()
        else:
            self._is_inspected = True
            self._choose_streams()

    def _maybe_advance(self) -> None:
        if self._owner is not None and self._writer.is_idle:
            self._advance()

    def _advance(self) -> None:
        """The one place that decides what is next; the writer is idle."""
        writer = self._writer
        if self._is_finishing:
            self._end(None)
            return
        if self._failed is None:
            self._start_streams()
        if not writer.is_idle or self._owner is None:
            return  # a stream that was started has failed at once
        if self._streams:
            writer.maybe_flush()
            for stream in list(self._streams):
                stream.resume()
        elif writer.pending_bytes and (self._failed is not None or self.part.gaps is not None):
            writer.flush()
        elif self._failed is not None:
            self._end(self._failed())
        else:
            self._is_finishing = True
            writer.finish()

    # --- streams

    def _choose_streams(self) -> None:
        """What is asked for first, by what is there; dividing the rest is work for the writer."""
        part = self.part
        self.record, self.size_bytes, self._had_bytes = part.record, part.size, part.size > 0
        gaps: Sequence[Gap] = part.gaps or ()
        if self._may_divide and part.record is not None and part.record.size is not None:
            gaps = self._divide(gaps or [Gap(part.size, part.record.size)]) or gaps
        if not gaps:
            self._waiting.append((part.size, None))
            self._advance()
            return
        self._may_divide = False
        self._waiting.extend(gaps)
        if gaps == part.gaps:
            self._advance()
        else:
            self._writer.run(lambda: part.spread(gaps))

    def _divide(self, gaps: Sequence[Gap]) -> Sequence[Gap]:
        """The same in several parts; empty when it is too small for that."""
        parts = divided(gaps, self._plan.parts, LEAST_PART_BYTES)
        return parts if len(parts) > 1 else ()

    def _start_streams(self) -> None:
        while self._waiting and len(self._streams) < self._plan.parts:
            stream = DownloadStream(self._plan, self._context, self, *self._waiting.popleft())
            self._streams.append(stream)
            stream.send()

    def _stop_streams(self, but: DownloadStream | None = None) -> None:
        """The bytes of the others are of no use any more, or are for the next attempt."""
        self._waiting.clear()
        for stream in self._streams:
            if stream is not but:
                stream.stop()
        self._streams = [] if but is None else [but]

    # --- the end

    def _on_deadline(self) -> None:
        total = self._plan.request.timeout.total
        assert total is not None, "the timer runs for a limit"
        for stream in self._streams:
            if stream.reach_deadline(total):
                return
        self._end(plain_failure(ERR_TIMED_OUT, self._plan.request, self.part, "total"))

    def _end(self, error: BaseException | None) -> None:
        owner, self._owner = self._owner, None
        if owner is None:
            return
        self.error = error
        self._deadline_timer.stop()
        self._stop_streams()
        self._writer.drop()
        self._context.remove_request(self)
        owner.on_download_complete()
