"""FunctionInterceptor: asks functions of the user's, on a worker, who takes a request over."""

from __future__ import annotations

from collections.abc import Sequence

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.handler_protocol import handler_request
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.interceptor import MakeJob, URLRequestInterceptor
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.job_wrapper import JobWrapper
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.source_job import ReadySource, SourceJob
from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest, HandlerSource, Interceptor
from netstack_sync.workers.worker_job import WorkerJob


class FunctionInterceptor(URLRequestInterceptor):
    """See URLRequestInterceptor. The functions are asked in order; the first answer counts."""

    __slots__ = ("_functions",)

    def __init__(self, functions: Sequence[Interceptor]) -> None:
        self._functions = functions

    def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
        """See URLRequestInterceptor. What we redirect ourselves is asked about where it leads to."""
        job = make_job(hop.info)
        return job if isinstance(job, RedirectJob) else _AskingJob(job, hop, self._functions)


class _AskingJob(JobWrapper):
    """See URLRequestJob; the inner job is begun when nobody wants its place."""

    __slots__ = ("_functions", "_hop", "_question")

    def __init__(self, inner: URLRequestJob, hop: Hop, functions: Sequence[Interceptor]) -> None:
        super().__init__(inner)
        self._hop = hop
        self._functions = functions
        self._question: WorkerJob[HandlerAnswer | None] | None = None

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        self._on_headers = on_headers
        functions, request = self._functions, handler_request(self._hop.info, None)
        workers = self._hop.services.job_workers
        self._question = workers.post_job(lambda: _ask(functions, request), self._on_reply)
        return ERR_IO_PENDING

    def close(self) -> None:
        """See URLRequestJob."""
        if self._question is not None:
            self._question.cancel()
            self._question = None
        super().close()

    def set_priority(self, priority: RequestPriority) -> None:
        """See URLRequestJob."""
        if self._question is None:  # else: the inner job will take it from the request
            super().set_priority(priority)

    @property
    def load_state(self) -> LoadState:
        """See URLRequestJob."""
        return LoadState.WAITING_FOR_DELEGATE if self._question is not None else self._inner.load_state

    def _on_reply(self, reply: HandlerAnswer | BaseException | None) -> None:
        self._question = None
        if reply is not None:
            source = HandlerSource(lambda: _given(reply))
            self._exchange(SourceJob(self._hop, ReadySource(source), self._hop.services.job_workers))
        self._complete(self._start_inner(self._complete))


def _ask(functions: Sequence[Interceptor], request: HandlerRequest) -> HandlerAnswer | None:
    for function in functions:
        answer = function(request)
        if answer is not None:
            return answer
    return None


def _given(reply: object) -> object:
    if isinstance(reply, BaseException):
        raise reply
    return reply
