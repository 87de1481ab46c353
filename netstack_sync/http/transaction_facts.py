"""TransactionFacts: what is known of an exchange at any moment, over whichever connection it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.stream_request import StreamRequest
from netstack_sync.http.transaction_observer import TransactionObserver
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.step_machine import StepMachine

if TYPE_CHECKING:
    from netstack_sync.http.exchange_parties import ExchangeParties
    from netstack_sync.http.proxy_stream_request import ProxyStreamRequest
    from netstack_sync.http.stream import HttpStream


class TransactionFacts(StepMachine):
    """The part of a NetworkTransaction that only tells. Network thread only."""

    __slots__ = (
        "_error_detail",
        "_has_sent",
        "_info",
        "_net_log",
        "_observer",
        "_parties",
        "_reconnects",
        "_session",
        "_ssl_info",
        "_stream",
        "_stream_request",
        "is_ready_to_restart",
        "response",
        "timing",
    )

    def __init__(
        self, session: HttpNetworkSession, net_log: NetLogWithSource, observer: TransactionObserver | None = None
    ) -> None:
        """`observer` is None where nobody wants to know how far it is."""
        self._step = self._on_done = None  # as StepMachine does it, one call less
        self._session = session
        self._net_log = net_log
        self._observer = observer
        self._info: HttpRequestInfo | None = None
        self._stream_request: StreamRequest | ProxyStreamRequest | None = None
        self._stream: HttpStream | None = None
        self._parties: ExchangeParties | None = None  # see make_parties()
        self._error_detail = ""
        self._ssl_info: SSLInfo | None = None
        self._reconnects = 0
        self.is_ready_to_restart = False
        """True when the answer is a challenge which restart_with_auth() would meet."""
        self._has_sent = False  # on a connection whose answer is not there
        self.response: HttpResponseInfo | None = None
        """The answer once start() is through with OK."""
        self.timing = LoadTiming(session.thread.clock.now())

    @property
    def load_state(self) -> LoadState:
        """What the exchange waits for."""
        if self._stream_request is not None:
            return self._stream_request.load_state
        if self._stream is None:
            return self._parties.load_state if self._parties is not None else LoadState.IDLE
        if self.response is not None:
            return LoadState.READING_RESPONSE
        return LoadState.SENDING_REQUEST if self.timing.send_end is None else LoadState.WAITING_FOR_RESPONSE

    @property
    def connecting_since(self) -> float | None:
        """Since when a connection has been under way (clock seconds); None while a slot is waited for."""
        return self._stream_request.connecting_since if self._stream_request is not None else None

    @property
    def error_detail(self) -> str:
        """What went wrong, in words; may be empty."""
        if self._error_detail:
            return self._error_detail
        if self._stream is not None and self._stream.error_detail:
            return self._stream.error_detail
        return self._parties.error_detail if self._parties is not None else ""

    def _with_way(self, detail: str, error: int) -> str:
        """The words about a failure before there is an answer, which tell who was on the way."""
        return self._parties.with_way(detail, error) if self._parties is not None else detail

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the exchange failed."""
        return self._stream.ssl_info if self._stream is not None else self._ssl_info

    @property
    def has_sent_bytes(self) -> bool:
        """True once a byte of the request may have reached a server, on whatever connection."""
        return self._has_sent or self.response is not None

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left on the present connection."""
        return self._stream.sent_bytes if self._stream is not None else 0

    @property
    def is_body_complete(self) -> bool:
        """True when everything that read() will give has been given, but b"" at the end."""
        return self._stream is not None and self._stream.is_body_complete
