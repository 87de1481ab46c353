"""URLRequest: one URL from start() to its last byte, over all redirects."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, ERR_TOO_MANY_REDIRECTS, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.log.params import url_value
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import URLRequestDelegate
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import (
    REDIRECT_STATUSES,
    RedirectInfo,
    compute_redirect,
    redirected_request,
)


class URLRequest:
    """Owner of the job of the present hop. Network thread only; owned by its delegate, usually a URLFetcher.

    After cancel() the delegate is not called. Otherwise on_response_started() comes once after start(), and
    on_read_completed() once after each read() that answered ERR_IO_PENDING (net/url_request/url_request.h).
    """

    __slots__ = (
        "_awaits_headers",
        "_context",
        "_delegate",
        "_info",
        "_job",
        "_max_redirects",
        "_net_error",
        "_redirect_count",
        "_started",
        "history",
        "net_log",
    )

    def __init__(
        self,
        context: URLRequestContext,
        info: HttpRequestInfo,
        delegate: URLRequestDelegate,
        max_redirects: int,
    ) -> None:
        self._context = context
        self._info = info
        self._delegate: URLRequestDelegate | None = delegate
        self._max_redirects = max_redirects
        self._redirect_count = 0
        """Of those that a server sent."""
        self._job: URLRequestJob | None = None
        self._net_error = OK
        self._started = False
        self._awaits_headers = False
        """From start() until on_response_started()."""
        self.history: list[HttpResponseInfo] = []
        """The answers of the hops before the present one, oldest first."""
        self.net_log = NetLogWithSource.make(context.net_log, NetLogSourceType.URL_REQUEST)
        self.net_log.begin(NetLogEventType.REQUEST_ALIVE)

    def start(self) -> None:
        """Starts; the outcome comes through the delegate."""
        assert not self._started, "a URLRequest starts once"
        self._started = self._awaits_headers = True
        self._context.add_request(self)
        self._start_job()

    def read(self) -> bytes | int:
        """A piece of the body, b"" at its end, an error, or ERR_IO_PENDING and on_read_completed() later.

        Once the request is over the answer stays the same: b"", or why it ended.
        """
        if self._delegate is None:
            return self._net_error or b""
        assert self._job is not None
        data = self._job.read(self._on_data)
        if data != ERR_IO_PENDING:
            self._note_read(data)
        return data

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on, redirects included, the request is as urgent as this."""
        self._info.priority = priority
        self.net_log.event(NetLogEventType.URL_REQUEST_SET_PRIORITY, lambda _: {"priority": priority.name})
        if self._job is not None:
            self._job.set_priority(priority)

    def cancel(self) -> None:
        """Ends the request in any state; the delegate is not called; idempotent."""
        if self._delegate is None:
            return
        self._net_error = ERR_ABORTED
        self.net_log.event(NetLogEventType.CANCELLED)
        self._finish()

    def fail(self, net_error: int) -> None:
        """Ends the request from outside with an error that the delegate is told, whether or not it waits."""
        delegate = self._delegate
        if delegate is not None:
            report = delegate.on_response_started if self._awaits_headers else delegate.on_read_completed
            self.cancel()
            self._net_error = net_error
            report(net_error)

    @property
    def url(self) -> Url:
        """The URL of the present hop."""
        return self._info.url

    @property
    def info(self) -> HttpRequestInfo:
        """The request of the present hop."""
        return self._info

    @property
    def response(self) -> HttpResponseInfo | None:
        """The answer of the present hop."""
        return self._job.response if self._job is not None else None

    @property
    def timing(self) -> LoadTiming | None:
        """Where the time of the present hop went."""
        return self._job.timing if self._job is not None else None

    @property
    def load_state(self) -> LoadState:
        """What the request waits for."""
        return self._job.load_state if self._job is not None else LoadState.IDLE

    @property
    def connecting_since(self) -> float | None:
        """Since when a connection has been under way (clock seconds); None while none is."""
        return self._job.connecting_since if self._job is not None else None

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        return self._job.error_detail if self._job is not None else ""

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the request failed."""
        return self._job.ssl_info if self._job is not None else None

    @property
    def sent_bytes(self) -> int:
        """Bytes of the present hop's request that have left on its present connection."""
        return self._job.sent_bytes if self._job is not None else 0

    @property
    def has_sent_bytes(self) -> bool:
        """True once a byte of any hop may have reached a server."""
        return self._redirect_count > 0 or (self._job is not None and self._job.has_sent_bytes)

    @property
    def is_body_complete(self) -> bool:
        """True once the last byte has arrived from the network; reading it may not be through."""
        return self._job is not None and self._job.is_body_complete

    # --- TransactionObserver

    def on_connected(self) -> None:
        """The job has a connection."""
        assert self._delegate is not None, "a job that was closed calls nobody"
        self._delegate.on_connected()

    def on_request_sent(self) -> None:
        """The job has sent the request."""
        assert self._delegate is not None, "a job that was closed calls nobody"
        self._delegate.on_request_sent()

    # --- one hop

    def _start_job(self) -> None:
        info = self._info
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.URL_REQUEST_START_JOB, self._start_params)
        if self._context.job_factory.wait(info.url, self._create_job) == ERR_IO_PENDING:
            self._job = None  # nothing is known of this hop yet
        else:
            self._create_job()

    def _create_job(self) -> None:
        self._job = self._context.job_factory.create_job(self._info, self.net_log, self)
        result = self._job.start(self._on_headers)
        if result != ERR_IO_PENDING:
            self._context.thread.task_runner.post_task(lambda: self._on_headers(result))

    def _on_headers(self, result: int) -> None:
        delegate, job = self._delegate, self._job
        if delegate is None or job is None:
            return  # cancelled between the post of an immediate answer and now
        response = job.response
        if result == OK and response is not None and response.head.status in REDIRECT_STATUSES:
            result = self._maybe_redirect(delegate, job, response)
            if result == ERR_IO_PENDING:
                return
        self._awaits_headers = False
        self._net_error = result
        self.net_log.end_with_net_error(NetLogEventType.URL_REQUEST_START_JOB, result)
        if result != OK:
            self.net_log.event(NetLogEventType.FAILED, lambda _: {"net_error": result})
            self._finish()
        delegate.on_response_started(result)

    def _maybe_redirect(self, delegate: URLRequestDelegate, job: URLRequestJob, response: HttpResponseInfo) -> int:
        """OK when the response is to be taken as it is, ERR_IO_PENDING when there is nothing to report now.

        What we redirect ourselves is followed in any case and not counted: it is how the request is sent, not an
        answer to it. It cannot go round, since it leads to https and from there only a server leads back.
        """
        if isinstance(job, RedirectJob):
            self._log_redirect(job.redirect)
            return self._follow(job.redirect, job, response)
        locations = [location for location in response.head.headers.get_all("location") if location]
        if not locations:
            return OK
        info = self._info
        is_safe_target = self._context.job_factory.is_safe_redirect_target
        redirect = compute_redirect(response.head.status, locations[0], info.url, info.method, is_safe_target)
        if isinstance(redirect, int):
            return redirect
        self._log_redirect(redirect)
        is_wanted = delegate.on_received_redirect(redirect)
        if self._delegate is None:
            return ERR_IO_PENDING  # cancelled by the delegate
        if not is_wanted:
            return OK
        if self._redirect_count >= self._max_redirects:
            return ERR_TOO_MANY_REDIRECTS
        self._redirect_count += 1
        return self._follow(redirect, job, response)

    def _follow(self, redirect: RedirectInfo, job: URLRequestJob, response: HttpResponseInfo) -> int:
        info = redirected_request(self._info, redirect)
        if info.upload is not None:
            result = info.upload.rewind()
            if result != OK:
                return result
        self.history.append(response)
        self.net_log.end(NetLogEventType.URL_REQUEST_START_JOB)
        job.close()
        self._info = info
        self._start_job()
        return ERR_IO_PENDING

    def _on_data(self, data: bytes | int) -> None:
        delegate = self._delegate
        assert delegate is not None, "a job that was closed calls nobody"
        self._note_read(data)
        delegate.on_read_completed(data)

    def _note_read(self, data: bytes | int) -> None:
        """Gives the connection back as soon as the body has ended."""
        if data and isinstance(data, bytes):
            if self.net_log.is_capturing:
                count = len(data)
                self.net_log.event(NetLogEventType.URL_REQUEST_JOB_BYTES_READ, lambda _: {"byte_count": count})
            return
        timing = self.timing
        if timing is not None:
            timing.response_end = self._context.thread.clock.now()
        if isinstance(data, int):
            self._net_error = data
            self.net_log.event(NetLogEventType.FAILED, lambda _: {"net_error": data})
        self._finish()

    def _finish(self) -> None:
        """Lets go of everything; the answer's values stay."""
        self._delegate = None
        if self._awaits_headers:
            self._awaits_headers = False
            self.net_log.end_with_net_error(NetLogEventType.URL_REQUEST_START_JOB, ERR_ABORTED)
        if self._job is not None:
            self._job.close()
        else:
            self._context.job_factory.stop_waiting(self._create_job)
        self._context.remove_request(self)
        self.net_log.end(NetLogEventType.REQUEST_ALIVE)

    def _log_redirect(self, redirect: RedirectInfo) -> None:
        self.net_log.event(
            NetLogEventType.URL_REQUEST_REDIRECTED, lambda mode: {"location": url_value(redirect.url, mode)}
        )

    def _start_params(self, mode: NetLogCaptureMode) -> dict[str, object]:
        info = self._info
        return {"url": url_value(info.url, mode), "method": info.method, "priority": info.priority.name}
