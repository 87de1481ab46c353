"""HttpJob: a hop over http or https."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.hsts_store import TransportSecurityState
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.network_transaction import NetworkTransaction
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.cookie_steps import CookieSteps

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.http.exchange_delegate import ExchangeDelegate
    from netstack_sync.http.transaction_observer import TransactionObserver


class HttpJob:
    """See URLRequestJob. Owns the transaction."""

    __slots__ = ("_cookies", "_hsts", "_info", "_on_headers", "_transaction", "read", "response")

    def __init__(
        self,
        session: HttpNetworkSession,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        observer: TransactionObserver | None,
        hsts: TransportSecurityState | None = None,
        cookies: CookieSteps | None = None,
    ) -> None:
        """`hsts` is told what an answer over https says of it. Without `cookies` none are sent and none are kept."""
        self._info = info
        self._hsts = hsts
        self._cookies = cookies
        self._on_headers: Completion | None = None
        self._transaction = transaction = NetworkTransaction(session, net_log, observer)
        self.read = transaction.read  # see URLRequestJob; bound directly, one call less for each piece
        self.response: HttpResponseInfo | None = None
        """See URLRequestJob."""

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        self._on_headers = on_headers
        info, cookies = self._info, self._cookies
        if cookies is not None:
            store = cookies.store
            if store is None or store.may_have_cookies or info.cookies:  # else: fast path
                info = cookies.with_cookies(info)
        result = self._transaction.start(info, self._on_transaction_headers)
        return self._heed() if result == OK else result

    def set_priority(self, priority: RequestPriority) -> None:
        """See URLRequestJob."""
        self._transaction.set_priority(priority)

    def close(self) -> None:
        """See URLRequestJob."""
        if self._on_headers is not None:
            self._on_headers = None
            if self._cookies is not None:
                self._cookies.gate.stop_waiting(self._on_suffixes)
        self._transaction.close()

    @property
    def timing(self) -> LoadTiming | None:
        """See URLRequestJob."""
        return self._transaction.timing

    @property
    def load_state(self) -> LoadState:
        """See URLRequestJob."""
        return self._transaction.load_state

    @property
    def connecting_since(self) -> float | None:
        """See URLRequestJob."""
        return self._transaction.connecting_since

    @property
    def error_detail(self) -> str:
        """See URLRequestJob."""
        return self._transaction.error_detail

    @property
    def ssl_info(self) -> SSLInfo | None:
        """See URLRequestJob."""
        return self._transaction.ssl_info

    @property
    def sent_bytes(self) -> int:
        """See URLRequestJob."""
        return self._transaction.sent_bytes

    @property
    def has_sent_bytes(self) -> bool:
        """See URLRequestJob."""
        return self._transaction.has_sent_bytes

    @property
    def is_body_complete(self) -> bool:
        """See URLRequestJob."""
        return self._transaction.is_body_complete

    # --- what the head says beside the answer

    def _on_transaction_headers(self, result: int) -> None:
        transaction = self._transaction
        response = self.response = transaction.response
        if (
            response is not None
            and self._hsts is None
            and self._info.exchange_delegate is None
            and not transaction.is_ready_to_restart
            and b"set-cookie" not in response.head.headers.noted
        ):  # fast path
            on_headers, self._on_headers = self._on_headers, None
            assert on_headers is not None, "a job completes once"
            on_headers(result)
            return
        if result == OK:
            result = self._heed()
        if result != ERR_IO_PENDING:
            self._complete(result)

    def _complete(self, result: int) -> None:
        on_headers, self._on_headers = self._on_headers, None
        assert on_headers is not None, "a job completes once"
        on_headers(result)

    def _heed(self) -> int:
        """Also of an answer that redirects or asks who we are; ERR_IO_PENDING while its cookies have to wait."""
        response = self.response = self._transaction.response
        assert response is not None, "a transaction that succeeds has an answer"
        delegate = self._info.exchange_delegate
        if delegate is None:
            return self._heed_head(response)
        result = delegate.headers_received(response.head, self._on_delegate)
        if result != OK:
            return result
        response.head = delegate.take_head() or response.head
        return self._heed_head(response)

    def _on_delegate(self, result: int) -> None:
        """Who was asked about the head has answered."""
        response, delegate = self._transaction.response, self._info.exchange_delegate
        assert response is not None and delegate is not None, "it waited with an answer"
        if result == OK:
            response.head = delegate.take_head() or response.head
            result = self._heed_head(response)
        if result != ERR_IO_PENDING:
            self._complete(result)

    def _heed_head(self, response: HttpResponseInfo) -> int:
        try:
            return self._heed_fields(response)
        except Exception:
            traceback.print_exc()
            return ERR_UNEXPECTED  # a bug, which must not cost the caller the whole deadline

    def _heed_fields(self, response: HttpResponseInfo) -> int:
        if self._hsts is not None:
            self._process_hsts_header(self._hsts, response)
        cookies = self._cookies
        if (
            cookies is not None
            and b"set-cookie" in response.head.headers.noted
            and cookies.save(self._info, response, self._on_suffixes) == ERR_IO_PENDING
        ):
            return ERR_IO_PENDING
        if self._info.exchange_delegate is not None:
            result = self._ask_for_auth(self._info.exchange_delegate, response)
            if result != OK:
                return result
        return self._restart() if self._transaction.is_ready_to_restart else OK

    def _on_suffixes(self) -> None:
        """The cookies can be kept now."""
        response = self._transaction.response
        assert response is not None, "it waited with an answer"
        result = self._heed_head(response)
        if result != ERR_IO_PENDING:
            self._complete(result)

    def _restart(self) -> int:
        """Meets a challenge, with the cookies that it has set: servers keep in them whom they have challenged.

        As Chromium does, and requests (HTTPDigestAuth.handle_401), but there only if no cookies were sent before.
        """
        self.response = None
        info = self._info if self._cookies is None else self._cookies.with_cookies(self._info)
        result = self._transaction.restart_with_auth(info, self._on_transaction_headers)
        return self._heed() if result == OK else result

    def _ask_for_auth(self, delegate: ExchangeDelegate, response: HttpResponseInfo) -> int:
        """Lets the delegate answer a challenge that the caller has no answer to."""
        transaction = self._transaction
        if response.head.status not in (401, 407):
            transaction.is_ready_to_restart = False  # also when the delegate has made something else of a challenge
            return OK
        if transaction.is_ready_to_restart or response.head.status == 407:
            return OK
        identity = delegate.auth_required(response.head)
        if isinstance(identity, int):
            return identity
        self._info.auth = identity
        transaction.take_identity(identity)
        return OK

    def _process_hsts_header(self, hsts: TransportSecurityState, response: HttpResponseInfo) -> None:
        """Of every answer, whatever its status, but only of the first header (RFC 6797 §8.1)."""
        headers, info = response.head.headers, self._info
        if b"strict-transport-security" in headers.noted and _is_host_verified(info.tls):
            values = headers.get_all("strict-transport-security")
            if values:
                hsts.on_header(info.url.host, values[0], response.ssl_info)


def _is_host_verified(tls: TlsConfig) -> bool:
    """True when TLS was to prove who the server is; the verdict itself is in the response's SSLInfo."""
    return tls.trust.verify if tls.context is None else tls.context.check_hostname
