"""URLRequest: one URL from start() to its last byte, over all redirects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from netstack_sync.base.headers import HeaderItems
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, ERR_TOO_MANY_REDIRECTS, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.url_request.bug_job import bug_job, bug_job_for
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction, URLRequestDelegate
from netstack_sync.url_request.delegate_calls import DelegateCalls
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import REDIRECT_STATUSES, HeaderEdits, RedirectInfo, redirected_request
from netstack_sync.url_request.request_facts import RequestFacts
from netstack_sync.url_request.request_log import redirect_params, start_params

if TYPE_CHECKING:
    from netstack_sync.url_request.job import URLRequestJob


class URLRequest(RequestFacts):
    """Owner of the job of the present hop. Network thread only; owned by its delegate, usually a URLFetcher.

    After cancel() the delegate is not called. Otherwise on_response_started() comes once after start(), and
    on_read_completed() once after each read() that answered ERR_IO_PENDING (net/url_request/url_request.h).
    """

    __slots__ = (
        "_awaits_headers",
        "_context",
        "_delegate",
        "_net_error",
        "_redirects_left",
        "_started",
    )

    def __init__(
        self,
        context: URLRequestContext,
        info: HttpRequestInfo,
        delegate: URLRequestDelegate,
        max_redirects: int,
    ) -> None:
        super().__init__(info, NetLogWithSource.make(context.net_log, NetLogSourceType.URL_REQUEST))
        self._context = context
        self._delegate: URLRequestDelegate | None = delegate
        self._redirects_left = max_redirects
        self._net_error = OK
        self._started = False
        self._awaits_headers = False
        """From start() until on_response_started()."""
        if context.network_delegate is not None:
            self._calls = info.exchange_delegate = DelegateCalls(context.network_delegate, self, context.thread)
        self.net_log.begin(NetLogEventType.REQUEST_ALIVE)

    def start(self) -> None:
        """Starts; the outcome comes through the delegate."""
        assert not self._started, "a URLRequest starts once"
        self._started = self._awaits_headers = True
        self._context.add_request(self)
        self._start_hop()

    def follow_deferred_redirect(
        self, removed_headers: Iterable[str] = (), modified_headers: HeaderItems | None = None
    ) -> None:
        """Follows the redirect that the delegate has deferred, with these changes to its headers.

        What is modified is sent to whomever the redirect leads to. Raises ValueError for headers that cannot be
        sent, and for Content-Length and Transfer-Encoding, which belong to the body.
        """
        redirect = self._deferred
        assert redirect is not None, "no redirect was deferred"
        edits = HeaderEdits.make(removed_headers, modified_headers)
        self._deferred = None
        result = self._follow_counted(redirect, edits)
        if result != ERR_IO_PENDING:
            self._post_headers(result)

    def read(self) -> bytes | int:
        """A piece of the body, b"" at its end, an error, or ERR_IO_PENDING and on_read_completed() later.
        Once the request is over the answer stays the same: b"", or why it ended."""
        if self._delegate is None:
            return self._net_error or b""
        assert self._job is not None
        try:
            data = self._job.read(self._on_data)
        except Exception:
            data = bug_job("the read() of a job").start(self._on_headers)
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
        if delegate is None:
            return
        self.net_log.event(NetLogEventType.CANCELLED)
        if self._awaits_headers:
            self._report_head(delegate, net_error)
        else:
            self._net_error = net_error
            self._finish()
            delegate.on_read_completed(net_error)

    # --- TransactionObserver

    def on_connected(self) -> None:
        """The job has a connection."""
        assert self._delegate is not None, "a job that was closed calls nobody"
        self._delegate.on_connected()

    def on_reconnect(self) -> None:
        """The job needs another connection."""
        assert self._delegate is not None, "a job that was closed calls nobody"
        self._delegate.on_reconnect()

    def on_request_sent(self) -> None:
        """The job has sent the request."""
        assert self._delegate is not None, "a job that was closed calls nobody"
        self._delegate.on_request_sent()

    # --- one hop

    def _start_hop(self) -> None:
        if self.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.URL_REQUEST_START_JOB, start_params(self._info))
        if self._calls is None:  # fast path
            self._start_job()
            return
        self._job = None  # nothing is known of this hop yet
        result = self._calls.before_url_request(self._on_delegate)
        if result != ERR_IO_PENDING:
            self._on_delegate(result)

    def _on_delegate(self, result: int) -> None:
        """The network delegate has said what it thinks of the hop."""
        assert self._calls is not None
        redirect = self._calls.take_redirect()
        if result != OK:
            self._run_job(ErrorJob(result, self._calls.error_detail))
        elif redirect is not None:
            self._run_job(RedirectJob(self.url, redirect, "Delegate", self._context.thread.clock, self.net_log))
        else:
            self._start_job()

    def _start_job(self) -> None:
        if self._context.job_factory.wait(self._info.url, self._create_job) == ERR_IO_PENDING:
            self._job = None  # nothing is known of this hop yet
        else:
            self._create_job()

    def _create_job(self) -> None:
        self._run_job(self._context.job_factory.create_job(self._info, self.net_log, self))

    def _run_job(self, job: URLRequestJob) -> None:
        self._job = job
        try:
            result = job.start(self._on_headers)
        except Exception:
            self._job = bug_job_for(job)
            result = self._job.start(self._on_headers)
        if result != ERR_IO_PENDING:
            self._post_headers(result)

    def _post_headers(self, result: int) -> None:
        self._context.thread.task_runner.post_task(lambda: self._on_headers(result))

    def _on_headers(self, result: int) -> None:
        delegate, job = self._delegate, self._job
        if delegate is None or job is None:
            return  # cancelled between the post of an immediate answer and now
        response = job.response
        if result == OK and response is not None and response.head.status in REDIRECT_STATUSES:
            result = self._maybe_redirect(delegate, job)
            if result == ERR_IO_PENDING or self._delegate is None:
                return
        self._report_head(delegate, result)

    def _report_head(self, delegate: URLRequestDelegate, result: int) -> None:
        if self._calls is not None:
            result = self._calls.response_started(result)
            if self._delegate is None:
                return  # ended from inside
        self._awaits_headers = False
        self._net_error = result
        self.net_log.end_with_net_error(NetLogEventType.URL_REQUEST_START_JOB, result)
        if result != OK:
            self.net_log.event(NetLogEventType.FAILED, lambda _: {"net_error": result})
            self._finish()
        delegate.on_response_started(result)

    # --- redirects

    def _maybe_redirect(self, delegate: URLRequestDelegate, job: URLRequestJob) -> int:
        """OK when the response is to be taken as it is, ERR_IO_PENDING when there is nothing to report now.

        What we redirect ourselves is followed in any case and not counted: it is how the request is sent, not an
        answer to it. It cannot go round, since it leads to https and from there only a server leads back.
        """
        redirect = self._context.job_factory.redirect_of(job, self._info)
        if isinstance(redirect, int):
            return redirect if redirect == OK else delegate.on_invalid_redirect(redirect)
        self.net_log.event(NetLogEventType.URL_REQUEST_REDIRECTED, redirect_params(redirect))
        if redirect.is_internal:
            return self._follow(redirect)
        self._deferred = redirect
        action = delegate.on_received_redirect(redirect)
        if self._deferred is None or action is RedirectAction.DEFER:
            return ERR_IO_PENDING  # also when the delegate has cancelled or followed it
        self._deferred = None
        return OK if action is RedirectAction.STOP else self._follow_counted(redirect)

    def _follow_counted(self, redirect: RedirectInfo, edits: HeaderEdits | None = None) -> int:
        if self._redirects_left <= 0:
            return ERR_TOO_MANY_REDIRECTS
        self._redirects_left -= 1
        return self._follow(redirect, edits)

    def _follow(self, redirect: RedirectInfo, edits: HeaderEdits | None = None) -> int:
        if self._calls is not None:
            result = self._calls.before_redirect(redirect)
            if self._delegate is None:
                return ERR_IO_PENDING  # ended from inside
            if result != OK:
                return result
        job = self._job
        assert job is not None and job.response is not None
        info = redirected_request(self._info, redirect, job.response.own_proxy_chain)
        if edits is not None:
            edits.apply(info.headers)
        if info.upload is not None:
            result = info.upload.rewind()
            if result != OK:
                return result
        self.history.append(job.response)
        self._has_sent_hop = self._has_sent_hop or job.has_sent_bytes
        self.net_log.end(NetLogEventType.URL_REQUEST_START_JOB)
        job.close()
        self._info = info
        self._start_hop()
        return ERR_IO_PENDING

    # --- the body

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
        self._delegate = self._deferred = None
        if self._awaits_headers:
            self._awaits_headers = False
            self.net_log.end_with_net_error(NetLogEventType.URL_REQUEST_START_JOB, ERR_ABORTED)
        if self._job is not None:
            self._job.close()
        else:
            self._context.job_factory.stop_waiting(self._create_job)
        self._context.remove_request(self)
        if self._calls is not None and self._started:
            self._calls.completed(self._net_error, self._job is not None)
        self.net_log.end(NetLogEventType.REQUEST_ALIVE)
