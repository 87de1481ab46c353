"""TransactionFacts: what is known of an exchange at any moment, over whichever connection it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.load_timing import LoadTiming
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.stream_request import StreamRequest
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.loop.step_machine import StepMachine

if TYPE_CHECKING:
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.http.exchange_parties import ExchangeParties
    from netstack_sync.http.proxy_stream_request import ProxyStreamRequest
    from netstack_sync.http.stream import HttpStream
    from netstack_sync.http.transaction_observer import TransactionObserver


class Mishaps:
    """What an exchange remembers of the ways on which it had no answer."""

    __slots__ = ("error_detail", "has_sent", "reconnects", "ssl_info")

    def __init__(self) -> None:
        self.error_detail = ""
        self.ssl_info: SSLInfo | None = None
        self.reconnects = 0
        self.has_sent = False  # on a connection that was given up, or for an answer that was a challenge


class TransactionFacts(StepMachine):
    """The part of a NetworkTransaction that only tells. Network thread only."""

    __slots__ = (
        "_info",
        "_mishaps",
        "_net_log",
        "_observer",
        "_parties",
        "_session",
        "_stream",
        "_stream_request",
        "is_ready_to_restart",
        "response",
        "timing",
    )

    _info: HttpRequestInfo  # from start() on

    def __init__(
        self, session: HttpNetworkSession, net_log: NetLogWithSource, observer: TransactionObserver | None = None
    ) -> None:
        """`observer` is None where nobody wants to know how far it is."""
        self._step = self._on_done = None  # as StepMachine does it, one call less
        self._session = session
        self._net_log = net_log
        self._observer = observer
        self._stream_request: StreamRequest | ProxyStreamRequest | None = None
        self._stream: HttpStream | None = None
        self._parties: ExchangeParties | None = None  # see make_parties()
        self._mishaps: Mishaps | None = None  # none where there was an answer at once, as nearly always
        self.is_ready_to_restart = False
        """True when the answer is a challenge which restart_with_auth() would meet."""
        self.response: HttpResponseInfo | None = None
        """The answer once start() is through with OK."""
        self.timing = LoadTiming(session.now())

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
        if self._mishaps is not None and self._mishaps.error_detail:
            return self._mishaps.error_detail
        if self._stream is not None and self._stream.error_detail:
            return self._stream.error_detail
        return self._parties.error_detail if self._parties is not None else ""

    def _note_mishap(self) -> Mishaps:
        """Where to write down what went wrong."""
        if self._mishaps is None:
            self._mishaps = Mishaps()
        return self._mishaps

    def _with_way(self, detail: str, error: int) -> str:
        """The words about a failure before there is an answer, which tell who was on the way."""
        return self._parties.with_way(detail, error) if self._parties is not None else detail

    @property
    def ssl_info(self) -> SSLInfo | None:
        """What is known of the server's TLS, also when that is why the exchange failed."""
        if self._stream is not None:
            return self._stream.ssl_info
        return self._mishaps.ssl_info if self._mishaps is not None else None

    @property
    def has_sent_bytes(self) -> bool:
        """True once a byte of the request may have reached a server, on whatever connection."""
        return self.response is not None or (self._mishaps is not None and self._mishaps.has_sent)

    @property
    def sent_bytes(self) -> int:
        """Bytes of the request that have left on the present connection."""
        return self._stream.sent_bytes if self._stream is not None else 0

    @property
    def is_body_complete(self) -> bool:
        """True when read() has nothing more to give but the b"" at the end."""
        return self._stream is not None and self._stream.is_body_complete
