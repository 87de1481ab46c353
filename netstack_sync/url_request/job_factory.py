"""URLRequestJobFactory: scheme to job."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_UNKNOWN_URL_SCHEME
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.network_transaction import TransactionObserver
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob


class URLRequestJobFactory:
    """Network thread only."""

    __slots__ = ("_is_shut_down", "_session")

    def __init__(self, session: HttpNetworkSession) -> None:
        self._session = session
        self._is_shut_down = False

    def shut_down(self) -> None:
        """From now on every job fails with ERR_CONTEXT_SHUT_DOWN."""
        self._is_shut_down = True

    def create_job(
        self, info: HttpRequestInfo, net_log: NetLogWithSource, observer: TransactionObserver
    ) -> URLRequestJob:
        """The job for the scheme; one that fails for a scheme nobody handles, and for all after shut_down()."""
        if self._is_shut_down:
            return ErrorJob(ERR_CONTEXT_SHUT_DOWN)
        if info.url.scheme in ("http", "https"):
            return HttpJob(self._session, info, net_log, observer)
        return ErrorJob(ERR_UNKNOWN_URL_SCHEME, info.url.scheme)
