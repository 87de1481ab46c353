"""URLRequestJobFactory: scheme to job."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_UNEXPECTED, ERR_UNKNOWN_URL_SCHEME, OK
from netstack_sync.base.url import Url
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Task
from netstack_sync.url_request.bug_job import bug_job
from netstack_sync.url_request.cookie_steps import CookieSteps
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import NO_OBSERVER, Hop, JobServices
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo, redirect_in, secure_upgrade

if TYPE_CHECKING:
    from netstack_sync.http.transaction_observer import TransactionObserver
    from netstack_sync.url_request.interceptor import URLRequestInterceptor
    from netstack_sync.url_request.job import URLRequestJob
    from netstack_sync.url_request.protocol_handler import ProtocolHandler


class URLRequestJobFactory:
    """Network thread only. Without `hsts` nothing is upgraded to https, without `cookies` there are none."""

    __slots__ = (
        "_cookies",
        "_hsts",
        "_interceptors",
        "_is_shut_down",
        "_protocols",
        "_services",
        "_session",
        "_takes_detour",
        "is_ready",
    )

    def __init__(
        self,
        session: HttpNetworkSession,
        hsts: TransportSecurityState | None = None,
        cookies: CookieSteps | None = None,
        services: JobServices | None = None,
    ) -> None:
        """Without `services` there are no other jobs than those of http and https."""
        self._session = session
        self._hsts = hsts
        self._cookies = cookies
        self._services = services
        self._protocols: dict[str, ProtocolHandler] = {}
        self._interceptors: tuple[URLRequestInterceptor, ...] = ()
        self._is_shut_down = False
        self._takes_detour = False
        """True once a request may become something else than its scheme says; costs the others nothing."""
        self.is_ready = hsts is None
        """True once wait() need not be called any more."""

    def set_protocol_handler(self, scheme: str, handler: ProtocolHandler | None) -> None:
        """From now on `handler` makes the jobs of a scheme, other than http and https; None: nobody does."""
        if handler is None:
            self._protocols.pop(scheme, None)
        else:
            self._protocols[scheme] = handler

    def add_interceptor(self, interceptor: URLRequestInterceptor) -> None:
        """It is asked after those that are there; requests under way go on as they are."""
        self._interceptors += (interceptor,)
        self._takes_detour = True

    def remove_interceptor(self, interceptor: URLRequestInterceptor) -> None:
        """It is asked no more about what begins; raises ValueError for one that was not added."""
        rest = list(self._interceptors)
        rest.remove(interceptor)
        self._interceptors = tuple(rest)
        self._takes_detour = self._is_shut_down or bool(rest)

    def is_safe_redirect_target(self, url: Url) -> bool:
        """True when a server may send a request there: to http, https, and where the scheme's handler agrees."""
        if url.scheme in ("http", "https"):
            return True
        handler = self._protocols.get(url.scheme)
        try:
            return handler is not None and handler.is_safe_redirect_target(url)
        except Exception:  # a bug of the user's, which is no reason to go there
            traceback.print_exc()
            return False

    def redirect_of(self, job: URLRequestJob, info: HttpRequestInfo) -> RedirectInfo | int:
        """Where the answer of a job sends its request: OK for nowhere, or the error that a bad target means."""
        if isinstance(job, RedirectJob):
            return job.redirect
        response = job.response
        try:
            return redirect_in(response.head, info, self.is_safe_redirect_target) if response is not None else OK
        except Exception:
            traceback.print_exc()
            return ERR_UNEXPECTED  # a bug, which must not cost the caller the whole deadline

    def shut_down(self) -> None:
        """From now on every job fails with ERR_CONTEXT_SHUT_DOWN."""
        self._is_shut_down = self._takes_detour = True

    def wait(self, url: Url, on_ready: Task) -> int:
        """OK when it is known which job the URL needs; else ERR_IO_PENDING, and one call when it is.

        Before the file with the HSTS hosts is read nobody can tell whether http may be spoken at all.
        """
        if self._hsts is None or self._hsts.loaded.is_open:
            self.is_ready = True
            return OK
        return self._hsts.loaded.wait(on_ready) if url.scheme == "http" else OK

    def stop_waiting(self, on_ready: Task) -> None:
        """The call never comes; idempotent."""
        if self._hsts is not None:
            self._hsts.loaded.stop_waiting(on_ready)

    def create_job(
        self,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        observer: TransactionObserver | None,
        is_intercepted: bool = False,
    ) -> URLRequestJob:
        """The job for the scheme; one that fails for a scheme nobody handles, and for all after shut_down().

        Interceptors are asked first, but when it is one of them that asks.
        """
        if self._takes_detour and not is_intercepted:
            return self._take_detour(info, net_log, observer)
        url, hsts = info.url, self._hsts
        scheme = url.scheme
        if scheme == "http":
            if hsts is not None:
                is_upgraded = not hsts.is_empty and hsts.should_upgrade(url.host)
                if net_log.net_log.is_capturing:
                    _log_upgrade(is_upgraded, url.host, net_log)
                if is_upgraded:
                    return self._create_upgrade(info, net_log)
            return HttpJob(self._session, info, net_log, observer, None, self._cookies)
        if scheme == "https":
            return HttpJob(self._session, info, net_log, observer, hsts, self._cookies)
        handler = self._protocols.get(scheme)
        if handler is None or self._services is None:
            return ErrorJob(ERR_UNKNOWN_URL_SCHEME, scheme)
        try:
            return handler.create_job(Hop(info, net_log, observer or NO_OBSERVER, self._services))
        except Exception:
            return bug_job(f"the handler of {scheme}:")

    def _take_detour(
        self, info: HttpRequestInfo, net_log: NetLogWithSource, observer: TransactionObserver | None
    ) -> URLRequestJob:
        if self._is_shut_down:
            return ErrorJob(ERR_CONTEXT_SHUT_DOWN)
        assert self._services is not None, "a context has services"
        from netstack_sync.url_request.interceptor import intercepted_job  # late: whoever has added one has read it

        hop = Hop(info, net_log, observer or NO_OBSERVER, self._services)
        return intercepted_job(self._interceptors, hop, lambda info: self.create_job(info, net_log, observer, True))

    def _create_upgrade(self, info: HttpRequestInfo, net_log: NetLogWithSource) -> URLRequestJob:
        redirect = secure_upgrade(info.url, info.method)
        if isinstance(redirect, int):
            return ErrorJob(redirect, "the URL would be too long with https")
        return RedirectJob(info.url, redirect, "HSTS", self._session.thread.clock, net_log)


def _log_upgrade(result: bool, host: str, net_log: NetLogWithSource) -> None:
    params = {"host": host, "get_sts_state_result": result, "should_upgrade_to_ssl": result}
    net_log.event(NetLogEventType.TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL, lambda _: params)
