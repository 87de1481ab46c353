"""NetworkTransaction: one request and its response over the network, resent when a stale socket ate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.build_headers import Forwarding, headers_to_send, with_sent_headers
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.http.retry_rules import MAY_BE_REFUSED, should_reconnect, should_resend, should_resend_status
from netstack_sync.http.stream_request import StreamRequest, group_id_for
from netstack_sync.http.transaction_facts import TransactionFacts
from netstack_sync.http.transaction_log import log_given_up, log_head, log_restart, log_sending, log_sent
from netstack_sync.loop.completion import Completion
from netstack_sync.pool.handle import ClientSocketHandle

if TYPE_CHECKING:
    from netstack_sync.http.stream import HttpStream, OnBodyData


class NetworkTransaction(TransactionFacts):
    """Steps: stream, send (where a delegate may change the headers first), headers; then read() until the end.

    A restart with credentials begins with the rest of the challenge, a resend with another stream. Network thread only;
    owned by a job. After close() no callback comes (net/http/http_network_transaction.cc).
    """

    __slots__ = ()

    def start(self, info: HttpRequestInfo, on_done: Completion) -> int:
        """OK when the head of the response is there, an error, or ERR_IO_PENDING and one later callback."""
        self._info, session = info, self._session
        if info.auth is not None or info.url.username is not None or info.proxy is not None or not session.is_direct:
            from netstack_sync.http.exchange_parties import make_parties  # late: most exchanges have no third party

            self._parties = make_parties(info, session, self._net_log)
        result = self._request_stream(info)
        if result == ERR_IO_PENDING or (result := self._advance(result)) == ERR_IO_PENDING:
            self._on_done = on_done  # nearly always, and nothing was waited for so far
        return result

    def restart_with_auth(self, info: HttpRequestInfo, on_done: Completion) -> int:
        """As start(), for a challenge that can be met: over the same connection if the pool still has it then."""
        self._info, self.response, self.is_ready_to_restart = info, None, False
        self._note_mishap().has_sent = True
        return self._begin(self._drain_challenge, on_done)

    def take_identity(self, identity: AuthIdentity) -> None:
        """Sets `is_ready_to_restart` when the challenge can be met in that name."""
        info, response = self._info, self.response
        assert response is not None
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
        if self._step is not None:
            self._give_up()
        # Who waits, and who looks on, owns our owner: a circle that would keep every request until a collection.
        self._on_done = self._observer = None
        stream, parties = self._stream, self._parties
        if stream is not None:
            self._stream = None
            self._session.meter.ended(stream)
            if parties is None and stream.is_body_complete:  # fast path
                stream.close()
                return
        if self._stream_request is not None:
            self._stream_request.cancel()
            self._stream_request = None
        if parties is not None:
            parties.cancel()
        if stream is None:
            return
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

    def _request_stream(self, info: HttpRequestInfo) -> int:
        parties = self._parties
        if parties is None:
            pool = self._session.pools.direct
            claim = ClientSocketHandle(pool, group_id_for(info), info.priority, self._net_log)
            # While somebody looks on, the long way tells of each of its steps.
            if not self._net_log.net_log.is_capturing and pool.take_idle(claim):  # fast path
                return self._use(HttpBasicStream(claim, info.method, info.url.is_secure), info)
            self._stream_request = StreamRequest(claim, info, self._net_log)
        else:
            self._stream_request = parties.request_stream(info)
        self._step = self._stream_complete
        return self._stream_request.start(self._on_io_complete)

    def _create_another_stream(self, result: int) -> int:
        self.timing.connect = self.timing.send_end = self.timing.receive_headers_start = None
        if result == OK and self._observer is not None:
            self._observer.on_reconnect()
            if self._observer is None:
                return ERR_IO_PENDING  # closed by the observer
        # An error is that there is nothing to answer the challenge with.
        return self._request_stream(self._info) if result == OK else result

    def _stream_complete(self, result: int) -> int:
        request, self._stream_request = self._stream_request, None
        assert request is not None
        stream = request.finish(result)
        if stream is None:
            if self._may_reconnect(result):
                return self._start_over(result)
            mishaps = self._note_mishap()
            mishaps.error_detail, mishaps.ssl_info = self._with_way(request.error_detail, result), request.ssl_info
            return result
        return self._use(stream, self._info)

    def _use(self, stream: HttpStream, info: HttpRequestInfo) -> int:
        """There is a connection, which the request goes over."""
        self._stream = stream
        if self._observer is not None:
            self._observer.on_connected()
            if self._stream is None:
                return ERR_IO_PENDING  # closed by the observer
        timing = self.timing
        timing.socket_log_id = stream.socket_log_id
        timing.socket_reused = is_reused = stream.is_connection_reused
        if not is_reused:
            timing.connect = stream.connect_timing
        if self._parties is None and info.exchange_delegate is None:  # fast path
            return self._send(stream, info, self._session.heads.build(info))
        return self._prepare(stream, info)

    def _prepare(self, stream: HttpStream, info: HttpRequestInfo) -> int:
        authorization = forwarding = None
        if self._parties is not None:
            info = self._info = self._parties.prepare(stream, info)
            authorization, forwarding = self._parties.authorization, self._parties.forwarding
        if info.exchange_delegate is None:
            return self._send(stream, info, self._session.heads.build(info, authorization, forwarding))
        headers = headers_to_send(info, authorization, forwarding)
        self._step = lambda result: self._send_changed_head(result, headers)
        return info.exchange_delegate.before_send_headers(headers, self._on_io_complete)

    def _send_changed_head(self, result: int, headers: RequestHeaders) -> int:
        stream, info = self._stream, self._info
        assert stream is not None
        if result != OK:
            return result
        is_forwarded = self._parties is not None and self._parties.forwarding is not None
        forwarding = Forwarding() if is_forwarded else None
        head = self._session.heads.build(with_sent_headers(info, headers), None, forwarding)
        return self._send(stream, info, head)

    def _send(self, stream: HttpStream, info: HttpRequestInfo, head: bytes) -> int:
        session, interim = self._session, None
        session.meter.started(stream, info.method)
        if self._net_log.net_log.is_capturing:
            log_sending(self._net_log, head)
        if info.interim is not None:
            interim = info.interim.watch(info.expects_continue, self._net_log, session.thread.timers)
        self.timing.send_start = session.now()
        result = stream.send_request(head, info.upload, self._on_io_complete, interim)
        if result == OK:
            return self._await_head(stream)  # fast path
        self._step = self._sent
        return result

    def _sent(self, result: int) -> int:
        stream = self._stream
        assert stream is not None
        if result == OK:
            return self._await_head(stream)
        log_sent(self._net_log, result)
        return self._failed(result)

    def _await_head(self, stream: HttpStream) -> int:
        if self._net_log.net_log.is_capturing:
            log_sent(self._net_log, OK)
        self.timing.send_end = self._session.now()
        self._step = self._headers_complete
        if self._observer is not None:
            self._observer.on_request_sent()
            if self._stream is None:
                return ERR_IO_PENDING  # closed by the observer
        return stream.read_headers(self._on_io_complete, self._on_head_begun)

    def _on_head_begun(self) -> None:
        self.timing.receive_headers_start = self._session.now()

    def _headers_complete(self, result: int) -> int:
        stream, session, timing = self._stream, self._session, self.timing
        assert stream is not None
        head = stream.head
        if self._net_log.net_log.is_capturing:
            log_head(self._net_log, result, head)
        if result != OK or head is None:
            return self._failed(result)
        status = head.status
        if status in MAY_BE_REFUSED and self._is_refused(status) and self._rewind() == OK:
            return self._resend(status)  # else the 408 is all the answer there will be
        timing.receive_headers_end = now = session.now()
        if timing.receive_headers_start is None:
            timing.receive_headers_start = now
        if stream in session.meter.measured:
            session.meter.headers_received(stream, timing.send_start or now, now, status)
        response = HttpResponseInfo(self._info.url, head, timing, stream.remote_address, stream.ssl_info)
        self.response = response
        if self._parties is not None:
            self.is_ready_to_restart = self._parties.heed(response, stream)
        return OK

    def _is_refused(self, status: int) -> bool:
        stream, info = self._stream, self._info
        assert stream is not None
        expects = info.interim is not None and info.expects_continue
        return should_resend_status(status, stream.is_connection_reused, expects)

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
        self._note_mishap().error_detail = self._with_way(stream.error_detail, error)
        self._note_sent(stream)
        now = self._session.now()
        self._session.meter.failed(stream, error, self.timing.send_start or now, now)
        return error

    def _may_reconnect(self, error: int) -> bool:
        mishaps = self._note_mishap()
        if not should_reconnect(error, mishaps.reconnects):
            return False
        mishaps.reconnects += 1
        if self._parties is not None:
            self._parties.on_network_changed()
        return True

    def _resend(self, why: int) -> int:
        """Starts over on another connection with a body that was rewound; `why` is a net error or an HTTP status."""
        stream, self._stream = self._stream, None
        assert stream is not None
        self._note_sent(stream)
        self._session.meter.ended(stream)
        stream.close(not_reusable=True)
        if why == 417 and self._info.interim is not None:
            self._info.interim.expects_continue = False
        return self._start_over(why)

    def _start_over(self, why: int) -> int:
        log_restart(self._net_log, why)
        self._step = self._create_another_stream
        return OK

    def _rewind(self) -> int:
        return self._info.upload.rewind() if self._info.upload is not None else OK

    def _give_up(self) -> None:
        step = self._step
        self._stop()
        if step == self._sent or step == self._headers_complete:  # a bound method is another object each time
            log_given_up(self._net_log, is_sending=step == self._sent)

    def _note_sent(self, stream: HttpStream) -> None:
        if stream.sent_bytes > 0:
            self._note_mishap().has_sent = True
