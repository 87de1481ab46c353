"""URLRequestJobFactory: scheme to job."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_UNKNOWN_URL_SCHEME, OK
from netstack_sync.base.url import Url
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.network_transaction import TransactionObserver
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Task
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import secure_upgrade


class URLRequestJobFactory:
    """Network thread only. Without `hsts` nothing is upgraded to https, without `cookies` there are none."""

    __slots__ = ("_cookies", "_hsts", "_is_shut_down", "_session")

    def __init__(
        self,
        session: HttpNetworkSession,
        hsts: TransportSecurityState | None = None,
        cookies: CookieSteps | None = None,
    ) -> None:
        self._session = session
        self._hsts = hsts
        self._cookies = cookies
        self._is_shut_down = False

    def shut_down(self) -> None:
        """From now on every job fails with ERR_CONTEXT_SHUT_DOWN."""
        self._is_shut_down = True

    def wait(self, url: Url, on_ready: Task) -> int:
        """OK when it is known which job the URL needs; else ERR_IO_PENDING, and one call when it is.

        Before the file with the HSTS hosts is read nobody can tell whether http may be spoken at all.
        """
        if self._hsts is None or self._hsts.loaded.is_open or url.scheme != "http":
            return OK
        return self._hsts.loaded.wait(on_ready)

    def stop_waiting(self, on_ready: Task) -> None:
        """The call never comes; idempotent."""
        if self._hsts is not None:
            self._hsts.loaded.stop_waiting(on_ready)

    def create_job(
        self, info: HttpRequestInfo, net_log: NetLogWithSource, observer: TransactionObserver
    ) -> URLRequestJob:
        """The job for the scheme; one that fails for a scheme nobody handles, and for all after shut_down()."""
        if self._is_shut_down:
            return ErrorJob(ERR_CONTEXT_SHUT_DOWN)
        scheme = info.url.scheme
        if scheme == "https":
            return HttpJob(self._session, info, net_log, observer, self._hsts, self._cookies)
        if scheme == "http":
            if self._hsts is not None and _should_upgrade(self._hsts, info.url.host, net_log):
                return self._create_upgrade(info, net_log)
            return HttpJob(self._session, info, net_log, observer, None, self._cookies)
        return ErrorJob(ERR_UNKNOWN_URL_SCHEME, scheme)

    def _create_upgrade(self, info: HttpRequestInfo, net_log: NetLogWithSource) -> URLRequestJob:
        redirect = secure_upgrade(info.url, info.method)
        if isinstance(redirect, int):
            return ErrorJob(redirect, "the URL would be too long with https")
        return RedirectJob(info.url, redirect, "HSTS", self._session.thread.clock, net_log)


def _should_upgrade(hsts: TransportSecurityState, host: str, net_log: NetLogWithSource) -> bool:
    result = hsts.should_upgrade(host)
    if net_log.is_capturing:
        params = {"host": host, "get_sts_state_result": result, "should_upgrade_to_ssl": result}
        net_log.event(NetLogEventType.TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL, lambda _: params)
    return result
