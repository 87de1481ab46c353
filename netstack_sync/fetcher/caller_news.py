"""What the caller's functions are told while a fetch is under way, and on which thread."""

from __future__ import annotations

import threading
from collections import deque
from math import inf

from netstack_sync.base.net_errors import ERR_TIMED_OUT, OK
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.response import header_dict
from netstack_sync.loop.completion import Completion, Task
from netstack_sync.loop.timers import DelayedTask
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.wire.http1_response import ResponseHead
from netstack_sync.workers.worker_pool import WorkerPool


class CallerNews:
    """Filled on the network thread, in the order in which things happen; told by whoever calls tell().

    What one of the functions raises ends the telling.
    """

    __slots__ = ("_is_silenced", "_lock", "_news", "_on_informational", "_on_news", "_upload_progress")

    def __init__(self, request: FetchRequest, on_news: Task) -> None:
        """`on_news` says on the network thread that there is something to tell."""
        self._on_informational = request.on_informational
        self._upload_progress = request.upload_progress
        self._on_news: Task | None = on_news  # until end(), which opens the circle
        self._lock = threading.Lock()  # held for a few instructions, never while a function runs
        self._news: deque[ResponseHead | tuple[int, int | None]] = deque()
        self._is_silenced = False

    # --- network thread

    def on_interim(self, head: ResponseHead) -> None:
        """A 1xx response has come."""
        self._add(head)

    def on_upload_progress(self, sent_bytes: int, total: int | None) -> None:
        """So much of the body has been sent. Who is slow to listen is told the first and the last of it."""
        self._add((sent_bytes, total))

    def end(self, is_dropped: bool) -> None:
        """The fetch is over; what has not been told is dropped, or told by the next tell()."""
        self._on_news = None
        if is_dropped:
            self._silence()

    def _add(self, item: ResponseHead | tuple[int, int | None]) -> None:
        with self._lock:
            if self._is_silenced:
                return
            last = self._news[-1] if self._news else None
            if isinstance(item, tuple) and isinstance(last, tuple) and last[0]:
                self._news.pop()
            self._news.append(item)
        if self._on_news is not None:
            self._on_news()

    # --- the thread of the caller's functions

    def tell(self) -> None:
        """Calls the functions with all that there is; raises what they raise."""
        try:
            while (item := self._take()) is not None:
                if isinstance(item, tuple):
                    assert self._upload_progress is not None
                    self._upload_progress(*item)
                else:
                    assert self._on_informational is not None
                    self._on_informational(item.status, header_dict(item.headers))
        except BaseException:
            self._silence()
            raise

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to tell."""
        return not self._news

    def _take(self) -> ResponseHead | tuple[int, int | None] | None:
        with self._lock:
            return self._news.popleft() if self._news else None

    def _silence(self) -> None:
        with self._lock:
            self._is_silenced = True
            self._news.clear()


class NewsTeller:
    """Tells the news of a fetch for which no thread waits, on threads for callbacks, one after the other.

    Network thread only; owned by the fetch. While an answer waits for the functions it is a LiveRequest: a function
    that does not come back holds up neither the deadline nor the end of the session.
    """

    __slots__ = ("_context", "_deadline_timer", "_is_telling", "_news", "_on_error", "_on_told", "_threads", "error")

    def __init__(self, news: CallerNews, threads: WorkerPool, context: URLRequestContext, on_error: Task) -> None:
        self._news = news
        self._threads = threads
        self._context = context
        self._on_error: Task | None = on_error  # until end(), which opens the circle
        self._is_telling = False
        self._on_told: Completion | None = None
        self._deadline_timer: DelayedTask | None = None
        self.error: BaseException | None = None
        """What one of the functions raised."""

    def on_news(self) -> None:
        """There is something to tell."""
        if not self._is_telling:
            self._is_telling = True
            self._threads.post_job(self._news.tell, self._on_reply)

    def when_told(self, on_told: Completion, deadline: float) -> None:
        """Calls `on_told` with OK as soon as there is nothing left to tell, perhaps at once; or with the error that
        ends the wait before, at the latest ERR_TIMED_OUT at the deadline (clock seconds).
        """
        if not self._is_telling:
            on_told(OK)
            return
        self._on_told = on_told
        self._context.add_request(self)
        if deadline < inf:
            timers = self._context.thread.timers
            self._deadline_timer = timers.call_at(deadline, lambda: self.fail(ERR_TIMED_OUT))

    def fail(self, net_error: int) -> None:
        """Nobody waits for the functions any more; see LiveRequest."""
        self._end_wait(net_error)

    def end(self) -> None:
        """Nobody is told of an error any more; final and idempotent."""
        self._on_error = None

    def _on_reply(self, reply: BaseException | None) -> None:
        self._is_telling = False
        if reply is not None:
            self.error = reply
            if self._on_error is not None:
                self._on_error()
        elif not self._news.is_empty:
            self.on_news()
            return
        self._end_wait(OK)

    def _end_wait(self, result: int) -> None:
        on_told, self._on_told = self._on_told, None
        if on_told is None:
            return
        if self._deadline_timer is not None:
            self._deadline_timer.cancel()
            self._deadline_timer = None
        self._context.remove_request(self)
        on_told(result)
