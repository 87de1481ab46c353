"""NetworkTransaction: one request and its response over the network, resent when a stale socket ate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.build_headers import Forwarding, head_params, headers_to_send, with_sent_headers
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.retry_rules import should_reconnect, should_resend, should_resend_status
from netstack_sync.http.stream_request import StreamRequest
from netstack_sync.http.transaction_facts import TransactionFacts
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import response_header_params
from netstack_sync.loop.completion import Completion

if TYPE_CHECKING:
    from netstack_sync.http.stream import HttpStream, OnBodyData
    from netstack_sync.http.transaction_observer import TransactionObserver


class NetworkTransaction(TransactionFacts):
    """Steps: stream, send (where a delegate may change the headers first), headers; then read() until the end.

    A restart with credentials begins with the rest of the challenge, a resend with another stream. Network thread only;
    owned by a job. After close() no callback comes (net/http/http_network_transaction.cc).
    """

    __slots__ = (
        "_headers",
        "_info",
        "_net_log",
        "_observer",
        "_reconnects",
        "_session",
        "is_ready_to_restart",
    )

    def __init__(
        self,
        session: HttpNetworkSession,
        net_log: NetLogWithSource,
        observer: TransactionObserver | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self._net_log = net_log
        self._observer = observer
        self._info: HttpRequestInfo | None = None
        self._headers: RequestHeaders | None = None  # while a delegate looks at them
        self._reconnects = 0
        self.is_ready_to_restart = False
        """True when the answer is a challenge which restart_with_auth() would meet."""

    def start(self, info: HttpRequestInfo, on_done: Completion) -> int:
        """OK when the head of the response is there, an error, or ERR_IO_PENDING and one later callback."""
        self._info = info
        session, has_identity = self._session, info.auth is not None or info.url.username is not None
        if has_identity or info.proxy is not None or not session.is_direct:
            from netstack_sync.http.exchange_parties import make_parties  # late: most exchanges have no third party

            self._parties = make_parties(info, session, self._net_log)
        self.timing.request_start = session.thread.clock.now()
        return self._begin(self._create_stream, on_done)

    def restart_with_auth(self, info: HttpRequestInfo, on_done: Completion) -> int:
        """As start(), for a challenge that can be met: over the same connection if the pool still has it then."""
        self._info, self.response, self.is_ready_to_restart = info, None, False
        return self._begin(self._drain_challenge, on_done)

    def take_identity(self, identity: AuthIdentity) -> None:
        """Sets `is_ready_to_restart` when the challenge can be met in that name."""
        info, response = self._info, self.response
        assert info is not None and response is not None
        if self._parties is None:
            from netstack_sync.http.exchange_parties import ExchangeParties  # late: most exchanges have no third party

            self._parties = ExchangeParties(self._session, self._net_log)
        self.is_ready_to_restart = self._parties.take_identity(identity, info, response)

    def read(self, on_data: OnBodyData) -> bytes | int:
        """See HttpStream.read_body."""
        assert self._stream is not None
        return self._stream.read_body(on_data)

    def close(self) -> None:
        """Ends the exchange in any state; a connection that is still good goes back to the pool; idempotent."""
        if self._net_log.is_capturing:
            self._end_span()
        self._stop()
        self._observer = None  # it owns our owner: a circle that would keep every request until a collection
        if self._stream_request is not None:
            self._stream_request.cancel()
            self._stream_request = None
        stream, parties, self._stream = self._stream, self._parties, None
        if parties is not None:
            parties.cancel()
        if stream is None:
            return
        self._session.meter.ended(stream)
        if self.response is None or stream.is_reading or (parties is not None and parties.spoils_connection):
            # Who leaves in the middle of a wait does not want to wait for the rest either.
            self._note_sent(stream)
            stream.close(not_reusable=True)
        else:
            self._session.drain_or_close(stream)

    def set_priority(self, priority: RequestPriority) -> None:
        """Moves the wait for a socket."""
        if self._stream_request is not None:
            self._stream_request.set_priority(priority)

    # --- steps

    def _create_stream(self, result: int) -> int:
        parties, info = self._parties, self._info
        assert info is not None
        if result != OK:
            return result  # there is nothing to answer the challenge with
        if parties is None:  # fast path
            self._stream_request = StreamRequest(self._session.pools.direct, info, self._net_log)
        else:
            self._stream_request = parties.request_stream(info)
        self._step = self._send_request
        return self._stream_request.start(self._on_io_complete)

    def _create_another_stream(self, result: int) -> int:
        if result == OK and self._observer is not None:
            self._observer.on_reconnect()
            if self._observer is None:
                return ERR_IO_PENDING  # closed by the observer
        return self._create_stream(result)

    def _send_request(self, result: int) -> int:
        request, self._stream_request = self._stream_request, None
        info, parties = self._info, self._parties
        assert request is not None and info is not None
        if result != OK:
            if self._may_reconnect(result):
                return self._start_over(result)
            self._error_detail, self._ssl_info = self._with_way(request.error_detail, result), request.ssl_info
            return result
        self._stream = stream = request.stream
        assert stream is not None
        if self._observer is not None:
            self._observer.on_connected()
            if self._stream is None:
                return ERR_IO_PENDING  # closed by the observer
        timing = self.timing
        timing.connect = stream.connect_timing
        timing.socket_reused = stream.is_connection_reused
        timing.socket_log_id = stream.socket_log_id
        timing.send_end = timing.receive_headers_start = None
        authorization = forwarding = None
        if parties is not None:
            info = self._info = parties.prepare(stream, info)
            authorization, forwarding = parties.authorization, parties.forwarding
        if info.exchange_delegate is None:  # fast path
            return self._send_head(self._session.heads.build(info, authorization, forwarding))
        self._headers = headers_to_send(info, authorization, forwarding)
        self._step = self._send_changed_head
        return info.exchange_delegate.before_send_headers(self._headers, self._on_io_complete)

    def _send_changed_head(self, result: int) -> int:
        info, headers = self._info, self._headers
        assert info is not None and headers is not None
        self._headers = None
        if result != OK:
            return result
        is_forwarded = self._parties is not None and self._parties.forwarding is not None
        forwarding = Forwarding() if is_forwarded else None
        return self._send_head(self._session.heads.build(with_sent_headers(info, headers), None, forwarding))

    def _send_head(self, head: bytes) -> int:
        stream, info = self._stream, self._info
        assert stream is not None and info is not None
        self.timing.send_start = self._session.thread.clock.now()
        self._session.meter.started(stream, info.method)
        if self._net_log.is_capturing:
            self._net_log.begin(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST)
            self._net_log.event(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, head_params(head))
        self._step = self._read_headers
        interim = None
        if info.interim is not None:
            reused, timers = stream.is_connection_reused, self._session.thread.timers
            interim = info.interim.watch(info.expects_continue, reused, self._net_log, timers)
        return stream.send_request(head, info.upload, self._on_io_complete, interim)

    def _read_headers(self, result: int) -> int:
        is_capturing = self._net_log.is_capturing
        if is_capturing:
            self._net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST, result)
        stream = self._stream
        assert stream is not None
        if result != OK:
            return self._failed(result)
        self.timing.send_end = self._session.thread.clock.now()
        if self._observer is not None:
            self._observer.on_request_sent()
            if self._stream is None:
                return ERR_IO_PENDING  # closed by the observer
        if is_capturing:
            self._net_log.begin(NetLogEventType.HTTP_TRANSACTION_READ_HEADERS)
        self._step = self._headers_complete
        return stream.read_headers(self._on_io_complete, self._on_head_begun)

    def _on_head_begun(self) -> None:
        self.timing.receive_headers_start = self._session.thread.clock.now()

    def _headers_complete(self, result: int) -> int:
        is_capturing = self._net_log.is_capturing
        if is_capturing:
            self._net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_READ_HEADERS, result)
        stream, info = self._stream, self._info
        assert stream is not None and info is not None
        if result != OK:
            return self._failed(result)
        head = stream.head
        assert head is not None
        expects = info.interim is not None and info.expects_continue
        is_refused = should_resend_status(head.status, stream.is_connection_reused, expects)
        if is_refused and self._rewind() == OK:
            return self._resend(head.status)  # else the 408 is all the answer there will be
        now = self._session.thread.clock.now()
        self.timing.receive_headers_end = now
        if self.timing.receive_headers_start is None:
            self.timing.receive_headers_start = now
        self._session.meter.headers_received(stream, self.timing.send_start or now, now, head.status)
        if is_capturing:
            line = f"HTTP/{head.version[0]}.{head.version[1]} {head.status} {head.reason}"
            params = response_header_params(line, head.headers)
            self._net_log.event(NetLogEventType.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, params)
        self.has_sent_bytes = True
        self.response = response = HttpResponseInfo(
            info.url, head, self.timing, stream.is_connection_reused, stream.remote_address, stream.ssl_info
        )
        self.is_ready_to_restart = self._parties is not None and self._parties.heed(response, stream)
        return OK

    def _drain_challenge(self, _: int) -> int:
        parties, stream, self._stream = self._parties, self._stream, None
        assert parties is not None and stream is not None
        self._session.meter.ended(stream)
        self._step = self._create_another_stream
        return parties.restart(stream, self._on_io_complete)

    # --- failure

    def _failed(self, error: int) -> int:
        stream = self._stream
        assert stream is not None and error != ERR_IO_PENDING
        is_unseen = should_resend(error, stream.is_connection_reused, stream.received_bytes)
        if not stream.sent_bytes and self._may_reconnect(error):
            is_unseen = True
        if is_unseen and self._rewind() == OK:
            return self._resend(error)
        self._error_detail = self._with_way(stream.error_detail, error)
        self._note_sent(stream)
        now = self._session.thread.clock.now()
        self._session.meter.failed(stream, error, self.timing.send_start or now, now)
        return error

    def _may_reconnect(self, error: int) -> bool:
        if not should_reconnect(error, self._reconnects):
            return False
        self._reconnects += 1
        if self._parties is not None:
            self._parties.on_network_changed()
        return True

    def _resend(self, why: int) -> int:
        """Starts over on another connection with a body that was rewound; `why` is a net error or an HTTP status."""
        stream, self._stream = self._stream, None
        assert stream is not None and self._info is not None
        self._note_sent(stream)
        self._session.meter.ended(stream)
        stream.close(not_reusable=True)
        if why == 417 and self._info.interim is not None:
            self._info.interim.expects_continue = False
        return self._start_over(why)

    def _start_over(self, why: int) -> int:
        key = "net_error" if why < 0 else "http_status_code"
        self._net_log.event(NetLogEventType.HTTP_TRANSACTION_RESTART_AFTER_ERROR, lambda _: {key: why})
        self._step = self._create_another_stream
        return OK

    def _rewind(self) -> int:
        assert self._info is not None
        return self._info.upload.rewind() if self._info.upload is not None else OK

    def _end_span(self) -> None:
        step = self._step
        if step == self._read_headers:
            self._net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST, ERR_ABORTED)
        elif step == self._headers_complete:
            self._net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_READ_HEADERS, ERR_ABORTED)

    def _note_sent(self, stream: HttpStream) -> None:
        self.has_sent_bytes = self.has_sent_bytes or stream.sent_bytes > 0
