"""URLRequest: one URL from start() to its last byte, over all redirects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from netstack_sync.base.headers import HeaderItems
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, ERR_TOO_MANY_REDIRECTS, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.url_request.bug_job import bug_job, bug_job_for
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction, URLRequestDelegate
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import REDIRECT_STATUSES, HeaderEdits, RedirectInfo, redirected_request
from netstack_sync.url_request.request_facts import RequestFacts
from netstack_sync.url_request.request_log import log_read, redirect_params, start_params

if TYPE_CHECKING:
    from netstack_sync.http.transaction_observer import TransactionObserver
    from netstack_sync.url_request.job import URLRequestJob

_SOURCE_TYPE: Final = NetLogSourceType.URL_REQUEST  # to look into an enumeration takes as long as a call


class URLRequest(RequestFacts):
    """Owner of the job of the present hop. Network thread only; owned by its delegate, usually a URLFetcher.

    After cancel() the delegate is not called. Otherwise on_response_started() comes once after start(), and
    on_read_completed() once after each read() that answered ERR_IO_PENDING (net/url_request/url_request.h).
    `is_over` says with the last piece of a body that it was the last, if the job knows.
    """

    __slots__ = ("_awaits_headers", "_context", "_delegate", "_net_error", "_observer", "_redirects_left")

    def __init__(
        self,
        context: URLRequestContext,
        info: HttpRequestInfo,
        delegate: URLRequestDelegate,
        max_redirects: int,
        observer: TransactionObserver | None = None,
    ) -> None:
        """`observer` is told by the job of each hop how far it is, also from inside start()."""
        self.net_log = NetLogWithSource(context.net_log, _SOURCE_TYPE)
        self.history = []
        self.response = self._job = self._calls = self._deferred = None
        self.is_over = self._has_sent_hop = False
        self._info = info
        self._context = context
        self._delegate: URLRequestDelegate | None = delegate
        self._observer = observer
        self._redirects_left = max_redirects
        self._net_error = OK
        self._awaits_headers = False  # from start() until on_response_started()
        if context.make_delegate_calls is not None:
            self._calls = info.exchange_delegate = context.make_delegate_calls(self)
        if context.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.REQUEST_ALIVE)

    def start(self) -> None:
        """Starts; the outcome comes through the delegate."""
        assert not self._awaits_headers and self._job is None, "a URLRequest starts once"
        self._awaits_headers = True
        self._context.requests.add(self)
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
        if self.is_over:
            return self._net_error or b""
        job = self._job
        assert job is not None
        try:
            data = job.read(self._on_data)
        except Exception:
            data = bug_job("the read() of a job").start(self._on_headers)
        if data != ERR_IO_PENDING:
            self._note_read(job, data)
        return data

    def set_priority(self, priority: RequestPriority) -> None:
        """From now on, redirects included, the request is as urgent as this."""
        self._info.priority = priority
        self.net_log.event(NetLogEventType.URL_REQUEST_SET_PRIORITY, lambda _: {"priority": priority.name})
        if self._job is not None:
            self._job.set_priority(priority)

    def cancel(self) -> None:
        """Ends the request in any state; the delegate is not called; idempotent."""
        if self.is_over:
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

    # --- one hop

    def _start_hop(self) -> None:
        context = self._context
        if context.net_log.is_capturing:
            self.net_log.begin(NetLogEventType.URL_REQUEST_START_JOB, start_params(self._info))
        if self._calls is not None:
            self._job = None  # nothing is known of this hop yet
            result = self._calls.before_url_request(self._on_delegate)
            if result != ERR_IO_PENDING:
                self._on_delegate(result)
        elif context.job_factory.is_ready:  # fast path
            self._run_job(context.job_factory.create_job(self._info, self.net_log, self._observer))
        else:
            self._start_job()

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
        self._run_job(self._context.job_factory.create_job(self._info, self.net_log, self._observer))

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
        response = self.response = job.response
        if result == OK and response is not None:
            if response.head.status in REDIRECT_STATUSES:
                result = self._maybe_redirect(delegate, job)
                if result == ERR_IO_PENDING or self._delegate is None:
                    return
            elif self._calls is None and not self._context.net_log.is_capturing:  # fast path
                self._awaits_headers = False
                delegate.on_response_started(OK)
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
        job, response = self._job, self.response
        assert job is not None and response is not None
        info = redirected_request(self._info, redirect, response.own_proxy_chain)
        if edits is not None:
            edits.apply(info.headers)
        if info.upload is not None:
            result = info.upload.rewind()
            if result != OK:
                return result
        self.history.append(response)
        self._has_sent_hop = self._has_sent_hop or job.has_sent_bytes
        self.net_log.end(NetLogEventType.URL_REQUEST_START_JOB)
        job.close()
        self._info = info
        self.response = None
        self._start_hop()
        return ERR_IO_PENDING

    # --- the body

    def _on_data(self, data: bytes | int) -> None:
        delegate, job = self._delegate, self._job
        assert delegate is not None and job is not None, "a job that was closed calls nobody"
        self._note_read(job, data)
        delegate.on_read_completed(data)

    def _note_read(self, job: URLRequestJob, data: bytes | int) -> None:
        """Gives the connection back as soon as the body has ended, with its last piece if the job knows that."""
        context = self._context
        if context.net_log.is_capturing and data:
            log_read(self.net_log, data)
        if isinstance(data, int):
            self._net_error = data
        elif data and not job.is_body_complete:
            return
        response = self.response
        if response is not None:
            response.timing.response_end = context.thread.clock.now()
        self._finish()

    def _finish(self) -> None:
        """Lets go of everything; the answer's values stay."""
        job, context = self._job, self._context
        self.is_over = True
        self._delegate = self._deferred = self._observer = None
        if self._awaits_headers:
            self._awaits_headers = False
            self.net_log.end_with_net_error(NetLogEventType.URL_REQUEST_START_JOB, ERR_ABORTED)
        if job is not None:
            job.close()
        else:
            context.job_factory.stop_waiting(self._create_job)
        context.requests.discard(self)
        if self._calls is not None and self._calls.has_begun:
            self._calls.completed(self._net_error, job is not None)
        if context.net_log.is_capturing:
            self.net_log.end(NetLogEventType.REQUEST_ALIVE)
