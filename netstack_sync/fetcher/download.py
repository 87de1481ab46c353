"""SyncDownload: one download as an object for ordinary threads; and what it gives."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from netstack_sync.base.exceptions import ContextShutDown
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONTEXT_SHUT_DOWN, ERR_UNEXPECTED
from netstack_sync.fetcher.download_arguments import DownloadPlan
from netstack_sync.fetcher.download_job import DownloadJob
from netstack_sync.fetcher.response import Response
from netstack_sync.loop.rendezvous import Rendezvous
from netstack_sync.url_request.context import URLRequestContext

_PROGRESS_S = 0.1  # how often the caller is told; each time costs two crossings


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is complete and in its place."""

    path: str
    """As it was given."""
    size: int
    """Bytes."""
    was_resumed: bool
    """True when some of them were there from an earlier attempt."""
    etag: str | None
    """What the server calls this state of the file."""
    checksum: str | None
    """ "ALGORITHM:HEX" as it was asked for, and found right."""
    response: Response
    """The last answer, without its body: status, headers, URL, timing."""

    def with_response(self, response: Response) -> Download:
        """The same file with another answer."""
        return replace(self, response=response)


class SyncDownload:
    """Runs a DownloadJob and waits for it. Any thread but the network's; runs once."""

    __slots__ = ("_context", "_gate", "_is_done", "_job", "_news", "_owner", "_plan", "_rendezvous", "_told_at")

    def __init__(self, plan: DownloadPlan, context: URLRequestContext, owner: object = None) -> None:
        """`owner` is kept alive as long as the download: what would shut the context down with its end."""
        self._plan = plan
        self._context = context
        self._owner = owner
        self._job = DownloadJob(plan, context, self)
        self._gate = threading.Lock()  # between news and a wait for them that begins at the same moment
        self._rendezvous: Rendezvous | None = None
        self._news: tuple[int, int | None] | None = None
        self._told_at = 0.0
        self._is_done = False

    def run(self) -> Download:
        """Starts and waits, and calls `progress` on this thread.

        Ctrl-C, and what `progress` raises, end the download and are raised again.
        """
        thread = self._context.thread
        if thread.is_current:
            raise RuntimeError("a download on the network thread would wait for itself; use another thread")
        started_at = thread.clock.now()
        if not thread.post_for_caller(lambda: self._start(started_at)):
            raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
        try:
            while not self._take_news():
                self._wait_for_news()
            return self._outcome()
        except BaseException:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Ends it in any state: the thread that waits gets FetchCancelled; nothing happens when it is over."""
        if not self._is_done:
            self._context.thread.post(lambda: self._job.fail(ERR_ABORTED))

    def _take_news(self) -> bool:
        """Tells the caller how far it is; True when it is over."""
        # Asked before the lock, which may have been held at the moment of a fork.
        if self._context.thread.is_wait_futile and not self._is_done:
            raise ContextShutDown(ERR_CONTEXT_SHUT_DOWN)
        with self._gate:
            is_done = self._is_done
            news, self._news = self._news, None
        if news is not None and self._plan.progress is not None:
            self._plan.progress(*news)
        return is_done

    def _wait_for_news(self) -> None:
        with self._gate:
            if self._is_done or self._news is not None or self._context.thread.is_wait_futile:
                return
            self._rendezvous = rendezvous = self._context.thread.desk.meet()
        rendezvous.wait()

    def _outcome(self) -> Download:
        plan, job = self._plan, self._job
        try:
            if job.error is not None:
                raise job.error
        finally:
            job.error = None  # opens the circle of exception, traceback and this frame
        response = job.response
        assert response is not None
        checksum = None if plan.checksum is None else str(plan.checksum)
        return Download(plan.path, job.size_bytes, job.was_resumed, response.headers.get("etag"), checksum, response)

    # --- network thread

    def _start(self, started_at: float) -> None:
        try:
            self._job.start(started_at)
        except Exception:
            self._job.fail(ERR_UNEXPECTED)  # a bug, for which nobody is to wait
            raise

    def on_progress(self, done_bytes: int, total_bytes: int | None) -> None:
        """See DownloadOwner."""
        if self._plan.progress is None:
            return
        now = self._context.thread.clock.now()
        if now - self._told_at >= _PROGRESS_S:
            self._told_at = now
            self._bring_news((done_bytes, total_bytes))

    def on_download_complete(self) -> None:
        """See DownloadOwner."""
        size = self._job.size_bytes
        self._bring_news((size, size) if self._job.error is None else None, is_done=True)

    def _bring_news(self, news: tuple[int, int | None] | None, is_done: bool = False) -> None:
        with self._gate:
            self._news, self._is_done = news, is_done
            rendezvous, self._rendezvous = self._rendezvous, None
        if rendezvous is not None:
            rendezvous.notify()
