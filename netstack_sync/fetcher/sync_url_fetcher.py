"""SyncUrlFetcher: one fetch as an object for ordinary threads: start, wait, cancel."""

from __future__ import annotations

from math import inf

from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_TIMED_OUT,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.fetcher.body_pipe import BodyPipe
from netstack_sync.fetcher.body_source import PipedBody
from netstack_sync.fetcher.caller_news import CallerNews, NewsTeller
from netstack_sync.fetcher.fetch_answer import answer_of
from netstack_sync.fetcher.fetch_failure import failure_of
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.fetch_wait import FetchWait
from netstack_sync.fetcher.response import Response
from netstack_sync.fetcher.url_fetcher import URLFetcher
from netstack_sync.loop.completion import Task
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.workers.worker_pool import WorkerPool

_WOULD_WAIT_FOR_ITSELF = "a blocking fetch on the network thread would wait for itself; use URLFetcher there"


class SyncUrlFetcher(FetchWait):
    """Runs a URLFetcher and lets one thread wait for it. Methods may be called from any thread but the network's.

    With `stream=True` the response is handed over with its head, and its body flows through a bounded pipe.
    """

    __slots__ = ("_fetcher", "_on_done", "_owner", "_pipe", "_start_tickets", "_started_at", "_teller")

    _started_at: float  # clock seconds; from start() or fetch() on

    def __init__(
        self, request: FetchRequest, context: URLRequestContext, stream: bool = False, owner: object = None
    ) -> None:
        """`owner` is kept alive as long as the fetcher: what would shut the context down with its end."""
        self._context = context
        self._owner = owner
        self._news = None
        if request.on_informational is not None or request.upload_progress is not None:
            self._news = CallerNews(request, self._on_news)
        self._teller: NewsTeller | None = None  # none where a thread waits
        self._fetcher = URLFetcher(request, context, self, self if stream else None, self._news)
        self._pipe = BodyPipe(context.thread, self._fetcher.resume) if stream else None
        self._start_tickets = [None]  # one, for a fetch runs once; of two threads only one can take it
        self._waiting = []
        self._net_error = ERR_IO_PENDING
        self._on_done: Task | None = None

    def fetch(self) -> Response:
        """Starts and waits; see start() and wait()."""
        thread = self._context.thread
        rendezvous = thread.desk.meet()
        self._take_start_ticket()
        try:
            # Whoever waits is there before the start, so that neither side has to look twice.
            self._waiting.append(rendezvous)
            self._started_at = thread.clock.now()
            start = self._start
            if thread.post(start) or thread.post_for_caller(start):  # the first is the fast path of the second
                rendezvous.wait()
            else:
                self._waiting.clear()  # in a forked child the parent's thread may sleep there
                self._end_unstarted()
            if self._net_error == OK and self._news is None and self._pipe is None:  # fast path
                return answer_of(self._fetcher)
            return self._wait()
        except BaseException:
            self.cancel()
            raise

    def start(self, on_done: Task | None = None, callback_threads: WorkerPool | None = None) -> None:
        """Starts; a second time is a RuntimeError. `on_done` is called once wait() would not wait.

        That happens on the network thread, or on this one when that has ended. After cancel() nothing is sent. The
        request's functions are called on `callback_threads`; without them by wait(), on the thread that waits.
        """
        thread = self._context.thread
        self._refuse_network_thread()
        self._take_start_ticket()
        self._on_done = on_done
        if self._news is not None and callback_threads is not None:
            self._teller = NewsTeller(self._news, callback_threads, self._context, self._cancel)
        self._started_at = thread.clock.now()
        if not thread.post_for_caller(self._start):
            self._end_unstarted()

    def wait(self) -> Response:
        """The response; raises the NetError of a failure, FetchCancelled, or what the caller's body or function raised.

        Ctrl-C cancels the fetch and is raised again, also when the response is there but not yet handed over. In a
        child that was forked meanwhile a fetch of the parent's ends with ContextShutDown.
        """
        self._refuse_network_thread()
        if self._start_tickets:
            raise RuntimeError("wait() before start(): nothing is under way")
        return self._wait()

    def _wait(self) -> Response:
        try:
            self._sleep()
            if self._news is not None:
                self._tell_and_wait(self._news)
            outcome = self.outcome()
            if isinstance(outcome, Response):
                return outcome
            try:
                raise outcome
            finally:
                del outcome  # opens the circle of exception, traceback and this frame
        except BaseException:
            self.cancel()
            raise

    def outcome(self) -> Response | BaseException:
        """What wait() returns or raises, as a value; any thread, once `is_done`."""
        fetcher, net_error = self._fetcher, self._net_error
        if self._teller is not None and self._teller.error is not None:
            return self._teller.error
        if net_error == OK:
            return self._make_response()
        if fetcher.upload is not None and fetcher.upload.error is not None:
            return fetcher.upload.error
        return failure_of(fetcher, ERR_CONTEXT_SHUT_DOWN if net_error == ERR_IO_PENDING else net_error)

    def cancel(self) -> None:
        """Ends the fetch in any state: a waiting thread gets FetchCancelled; nothing happens when it is over."""
        if ERR_IO_PENDING in (self._fetcher.net_error, self._net_error):  # else: not worth a crossing
            self._context.thread.post(self._cancel)

    def set_priority(self, priority: str | int | RequestPriority) -> None:
        """Moves a fetch that waits, for a connection or a name, behind all others of this priority; any thread.

        Raises ValueError for what is no priority; nothing happens when the fetch is past its wait.
        """
        level = RequestPriority.from_value(priority)
        self._context.thread.post(lambda: self._fetcher.set_priority(level))

    def _refuse_network_thread(self) -> None:
        if self._context.thread.is_current:
            raise RuntimeError(_WOULD_WAIT_FOR_ITSELF)

    def _take_start_ticket(self) -> None:
        try:
            self._start_tickets.pop()
        except IndexError:
            raise RuntimeError("a fetch runs once") from None

    def _end_unstarted(self) -> None:
        """There is no loop that would end it: this thread does, and lets go who else waits."""
        self._net_error = ERR_CONTEXT_SHUT_DOWN
        if self._news is not None:
            self._news.end(is_dropped=False)
        self._release()
        self._settle()

    def _make_response(self) -> Response:
        fetcher, pipe = self._fetcher, self._pipe
        if pipe is None:
            return answer_of(fetcher)
        return answer_of(fetcher, PipedBody(pipe, self.cancel, lambda net_error: failure_of(fetcher, net_error)))

    # --- network thread

    def _start(self) -> None:
        if self._net_error != ERR_IO_PENDING:
            self._on_outcome(self._net_error)  # cancelled before; there is an on_done now
            return
        try:
            self._fetcher.start(self._started_at)
        except Exception:
            self._fetcher.fail(ERR_UNEXPECTED)  # a bug, which must not cost the caller the whole deadline
            raise

    def _cancel(self) -> None:
        if self._fetcher.net_error == ERR_IO_PENDING:
            self._fetcher.fail(ERR_ABORTED)
        elif self._teller is not None:
            self._teller.fail(ERR_ABORTED)

    def on_fetch_complete(self, fetcher: URLFetcher) -> None:
        """See URLFetcherDelegate."""
        net_error = fetcher.net_error
        if self._pipe is not None:
            self._pipe.finish(net_error)
        if self._net_error != ERR_IO_PENDING:
            return
        if self._news is None and self._on_done is None:  # fast path: a thread waits, and for nothing else
            self._wake(net_error)
        else:
            self._on_outcome(net_error)

    def on_response_started(self, fetcher: URLFetcher) -> None:
        """See BodySink. The caller is woken by a task of its own, so that a body that is there goes with the head."""
        self._context.thread.post(self._on_head_delivered)

    def write(self, piece: bytes) -> bool:
        """See BodySink."""
        assert self._pipe is not None
        return self._pipe.write(piece)

    def _on_head_delivered(self) -> None:
        if self._net_error == ERR_IO_PENDING:
            self._on_outcome(OK)

    def _on_news(self) -> None:
        if self._teller is not None:
            self._teller.on_news()
        else:
            self._wake(self._net_error)

    def _on_outcome(self, net_error: int) -> None:
        if self._news is not None:
            self._news.end(is_dropped=net_error == ERR_ABORTED)
        if self._teller is not None and net_error == OK:
            total_s = self._fetcher.request.timeout.total
            self._teller.when_told(self._on_told, inf if total_s is None else self._started_at + total_s)
        else:
            self._wake(net_error)
            self._settle()

    def _on_told(self, result: int) -> None:
        fetcher, news = self._fetcher, self._news
        assert news is not None, "somebody was told"
        if result != OK:
            news.end(is_dropped=True)
        if result == ERR_TIMED_OUT:
            fetcher.timed_out = "total"
            fetcher.error_detail = "the total limit was reached while a function of the request's had not come back"
        if self._net_error == ERR_IO_PENDING:
            self._wake(result)
            self._settle()

    def _settle(self) -> None:
        if self._teller is not None:
            self._teller.end()
        on_done, self._on_done = self._on_done, None
        if on_done is not None:
            on_done()
