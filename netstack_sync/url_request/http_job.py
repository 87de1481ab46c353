"""HttpJob: a hop over http or https."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.network_transaction import NetworkTransaction, TransactionObserver
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.completion import Completion


class HttpJob:
    """See URLRequestJob. Owns the transaction."""

    __slots__ = ("_info", "_transaction", "close", "read", "set_priority")

    def __init__(
        self,
        session: HttpNetworkSession,
        info: HttpRequestInfo,
        net_log: NetLogWithSource,
        observer: TransactionObserver,
    ) -> None:
        self._info = info
        self._transaction = NetworkTransaction(session, net_log, observer)
        # See URLRequestJob; bound directly, one call less for each.
        self.read = self._transaction.read
        self.close = self._transaction.close
        self.set_priority = self._transaction.set_priority

    def start(self, on_headers: Completion) -> int:
        """See URLRequestJob."""
        return self._transaction.start(self._info, on_headers)

    @property
    def response(self) -> HttpResponseInfo | None:
        """See URLRequestJob."""
        return self._transaction.response

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
