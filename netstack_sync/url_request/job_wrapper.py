"""JobWrapper: a job around another one, which may be exchanged until the head is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.bug_job import bug_job_for

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.url_request.job import OnData, URLRequestJob


class JobWrapper:
    """See URLRequestJob. Owns the inner job; what it tells is what that tells."""

    __slots__ = ("_inner", "_on_headers")

    def __init__(self, inner: URLRequestJob) -> None:
        """`inner` is not started."""
        self._inner = inner
        self._on_headers: Completion | None = None

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        raise NotImplementedError

    def read(self, on_data: OnData) -> bytes | int:
        """See URLRequestJob."""
        return self._inner.read(on_data)

    def set_priority(self, priority: RequestPriority) -> None:
        """See URLRequestJob."""
        self._inner.set_priority(priority)

    def close(self) -> None:
        """See URLRequestJob."""
        self._on_headers = None
        self._inner.close()

    @property
    def response(self) -> HttpResponseInfo | None:
        """See URLRequestJob."""
        return self._inner.response

    @property
    def timing(self) -> LoadTiming | None:
        """See URLRequestJob."""
        return self._inner.timing

    @property
    def load_state(self) -> LoadState:
        """See URLRequestJob."""
        return self._inner.load_state

    @property
    def connecting_since(self) -> float | None:
        """See URLRequestJob."""
        return self._inner.connecting_since

    @property
    def error_detail(self) -> str:
        """See URLRequestJob."""
        return self._inner.error_detail

    @property
    def ssl_info(self) -> SSLInfo | None:
        """See URLRequestJob."""
        return self._inner.ssl_info

    @property
    def sent_bytes(self) -> int:
        """See URLRequestJob."""
        return self._inner.sent_bytes

    @property
    def has_sent_bytes(self) -> bool:
        """See URLRequestJob."""
        return self._inner.has_sent_bytes

    @property
    def is_body_complete(self) -> bool:
        """See URLRequestJob."""
        return self._inner.is_body_complete

    def _start_inner(self, on_headers: Completion) -> int:
        """Starts the inner job, which may be code of the user's: one that raises is replaced."""
        try:
            return self._inner.start(on_headers)
        except Exception:
            self._inner = bug_job_for(self._inner)
            return self._inner.start(on_headers)

    def _exchange(self, job: URLRequestJob) -> None:
        self._inner.close()
        self._inner = job

    def _complete(self, result: int) -> None:
        """Passes an outcome on that was waited for."""
        if result != ERR_IO_PENDING:
            on_headers, self._on_headers = self._on_headers, None
            assert on_headers is not None, "a job completes once"
            on_headers(result)
