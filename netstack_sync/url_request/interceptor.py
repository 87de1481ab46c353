"""URLRequestInterceptor: may take a request over at its start, at a redirect, or at its response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from netstack_sync.base.net_errors import OK
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.bug_job import bug_job
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.job_wrapper import JobWrapper
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo, redirect_in

if TYPE_CHECKING:
    from netstack_sync.url_request.job import URLRequestJob

_WHO = "an interceptor"


class MakeJob(Protocol):
    """Makes the job that those who come later would make."""

    def __call__(self, info: HttpRequestInfo) -> URLRequestJob: ...


class URLRequestInterceptor:
    """A delegate of the low-level API: called on the network thread, must not block (net/url_request/
    url_request_interceptor.h, and url_request_job_manager.cc of old for responses). Several are asked in order, and
    each of them once a hop.

    What is given is a job that has not been started. The request owns it, and closes the one that it stands in for. A
    method that raises has a bug: it is printed and its request fails with ERR_UNEXPECTED.
    """

    def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
        """A job to take the place of what `make_job` makes; it may use that for the same URL with other headers."""
        return None

    def maybe_intercept_redirect(
        self, hop: Hop, redirect: RedirectInfo, response: HttpResponseInfo
    ) -> URLRequestJob | None:
        """A job whose answer stands in for a redirect, before anybody looks whether its target is allowed."""
        return None

    def maybe_intercept_response(self, hop: Hop, response: HttpResponseInfo) -> URLRequestJob | None:
        """A job whose answer stands in for any other response, of which only the head is there."""
        return None


def intercepted_job(interceptors: Sequence[URLRequestInterceptor], hop: Hop, make_job: MakeJob) -> URLRequestJob:
    """The job of a hop. What we redirect ourselves, to https, is no answer that could be taken over."""
    try:
        job = _first_job(interceptors, hop, make_job)
    except Exception:
        return bug_job(_WHO)
    return job if isinstance(job, RedirectJob) else _InterceptedJob(job, interceptors, hop)


def _first_job(interceptors: Sequence[URLRequestInterceptor], hop: Hop, make_job: MakeJob) -> URLRequestJob:
    if not interceptors:
        return make_job(hop.info)
    first, *others = interceptors

    def make_next(info: HttpRequestInfo) -> URLRequestJob:
        return _first_job(others, hop._replace(info=info), make_job)

    return first.maybe_intercept_request(hop, make_next) or make_next(hop.info)


class _InterceptedJob(JobWrapper):
    """See URLRequestJob; asks the interceptors about the answer."""

    __slots__ = ("_hop", "_interceptors")

    def __init__(self, inner: URLRequestJob, interceptors: Sequence[URLRequestInterceptor], hop: Hop) -> None:
        super().__init__(inner)
        self._interceptors = interceptors
        self._hop = hop

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        self._on_headers = on_headers
        return self._ask(self._start_inner(self._on_answer))

    def _on_answer(self, result: int) -> None:
        self._complete(self._ask(result))

    def _ask(self, result: int) -> int:
        """The outcome, or that of the job which stands in; nobody is asked about its answer."""
        if result != OK:
            return result
        response = self._inner.response
        assert response is not None, "a job that succeeds has an answer"
        try:
            job = self._find_job(response)
        except Exception:
            job = bug_job(_WHO)
        if job is None:
            return OK
        self._exchange(job)
        return self._start_inner(self._complete)

    def _find_job(self, response: HttpResponseInfo) -> URLRequestJob | None:
        redirect = redirect_in(response.head, self._hop.info, _is_any)
        for interceptor in self._interceptors:
            if isinstance(redirect, int):
                job = interceptor.maybe_intercept_response(self._hop, response)
            else:
                job = interceptor.maybe_intercept_redirect(self._hop, redirect, response)
            if job is not None:
                return job
        return None


def _is_any(url: Url) -> bool:
    return True
