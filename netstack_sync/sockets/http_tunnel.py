"""HttpTunnel: has an HTTP proxy connect to a destination, over a connection to that proxy (RFC 9110 §9.3.6)."""

from __future__ import annotations

from typing import Final

from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_SOCKET_NOT_CONNECTED,
    ERR_TIMED_OUT,
    ERR_TUNNEL_CONNECTION_FAILED,
    ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH,
    OK,
)
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import header_params, response_header_params
from netstack_sync.loop.completion import Task
from netstack_sync.loop.timers import Alarm, TimerQueue
from netstack_sync.sockets.proxy_handshake import ProxyHandshake
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.sockets.tunnel_words import what_was_answered, who_is_asked_for
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.http1_body import (
    WORTH_READING_BOUND_BYTES,
    WORTH_READING_BYTES,
    WORTH_WAITING_S,
    BodyReader,
    choose_body,
)
from netstack_sync.wire.http1_request import build_request_head
from netstack_sync.wire.http1_response import MAX_INTERIM, ResponseHead, ResponseHeadParser

_HANG_UPS: Final = frozenset(
    (OK, ERR_CONNECTION_RESET, ERR_CONNECTION_CLOSED, ERR_CONNECTION_ABORTED, ERR_SOCKET_NOT_CONNECTED)
)


class HttpTunnel(ProxyHandshake):
    """OK only for an answer of 200 with nothing behind its head. Other answers fail, and not a byte of their bodies
    goes to anybody: the proxy would speak in the server's name (net/http/http_proxy_client_socket.cc).

    Challenges are met on the same connection, or end with ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH: then another
    HttpTunnel with the same `auth`, which is the owner's, goes on over a new one. ERR_PROXY_AUTH_REQUESTED when there
    is nothing to meet a challenge with; the error of a socket or of a token; else ERR_TUNNEL_CONNECTION_FAILED.
    """

    __slots__ = (
        "_alarm",
        "_auth",
        "_body",
        "_destination",
        "_head_parser",
        "_interim_heads",
        "_is_restart",
        "_on_restart",
        "_proxy",
        "_request",
        "_unread_bytes",
        "_user_agent",
    )

    def __init__(
        self,
        transport: StreamSocket,
        proxy: ProxyServer,
        destination: HostPortPair,
        user_agent: str,
        auth: AuthController | None,
        net_log: NetLogWithSource,
        timers: TimerQueue,
        on_restart: Task | None = None,
    ) -> None:
        """`on_restart` is called when the proxy is about to be asked once more over this connection."""
        super().__init__(transport, net_log)
        self._on_restart = on_restart
        self._proxy = proxy
        self._destination = destination
        self._user_agent = user_agent
        self._auth = auth
        self._request = AuthRequest("CONNECT", destination.to_string(), lambda: b"")
        self._alarm = Alarm(timers)
        self._head_parser = ResponseHeadParser()
        self._interim_heads = 0
        self._body: BodyReader | None = None
        self._unread_bytes = 0  # of a challenge's body: so many more are worth reading
        self._is_restart = False

    def cancel(self) -> None:
        """See ProxyHandshake. A token that is being made is not waited for any more."""
        if self.is_pending and self._auth is not None:
            self._auth.cancel()
        super().cancel()

    # --- the request

    def _first_step(self, _: int) -> int:
        if self._auth is not None:
            self._auth.on_new_connection()
        return self._generate_token(OK)

    def _generate_token(self, _: int) -> int:
        self._step = self._send_request
        if self._auth is None:
            return OK
        info = self._transport.ssl_info
        certificate = info.peer_certificate if info is not None else None
        return self._auth.generate_token(certificate, self._on_io_complete)

    def _send_request(self, result: int) -> int:
        if result != OK:
            assert self._auth is not None
            return self._fail(result, self._auth.error_detail)
        fields = self._fields()
        # What came while nobody was reading answers nothing that is asked now.
        if self._is_restart and not self._transport.is_connected_and_idle():
            return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
        self._begin_span(NetLogEventType.HTTP_TRANSACTION_TUNNEL_SEND_REQUEST)
        if self.net_log.is_capturing:
            params = header_params(f"CONNECT {self._destination} HTTP/1.1", RequestHeaders(fields))
            self.net_log.event(NetLogEventType.HTTP_TRANSACTION_SEND_TUNNEL_HEADERS, params)
        return self._send(build_request_head("CONNECT", self._request.uri, fields), self._wait_for_head)

    def _fields(self) -> list[tuple[str, str]]:
        fields = [("Host", self._request.uri), ("Proxy-Connection", "keep-alive")]
        if self._user_agent:
            fields.append(("User-Agent", self._user_agent))
        authorization = self._auth.proxy_authorization(self._request) if self._auth is not None else None
        if authorization is not None:
            fields.append(("Proxy-Authorization", authorization))
        return fields

    # --- the answer's head

    def _wait_for_head(self, result: int) -> int:
        if result != OK:
            return self._of_lost_connection(result)
        self._end_span(OK)
        self._begin_span(NetLogEventType.HTTP_TRANSACTION_TUNNEL_READ_HEADERS)
        self._head_parser = ResponseHeadParser()
        return self._receive(self._parse_head)

    def _parse_head(self, result: int) -> int:
        if result != OK or not self._data:
            return self._end_in_head(result)
        data = self._data
        while data:
            try:
                head = self._head_parser.receive(data)
            except WireError as error:
                what_it_did = f"did not answer {self._connect} in HTTP: {error.detail}; {self._is_it_http}"
                return self._fail_of_proxy(what_it_did)
            if head is None:
                break
            self._log_head(head)
            if head.status >= 200 or head.status == 101:
                return self._take_head(head)
            self._interim_heads += 1
            if self._interim_heads > MAX_INTERIM:
                return self._fail_of_proxy(f"sent more than {MAX_INTERIM} announcements and no answer")
            data = self._head_parser.surplus
            self._head_parser = ResponseHeadParser()
        return self._receive(self._parse_head)

    def _end_in_head(self, result: int) -> int:
        if not self._head_parser.received_bytes:
            result = self._of_lost_connection(result)
        what_it_did = f"hung up before it had answered {self._connect}; {self._is_it_http}"
        if result == ERR_CONNECTION_RESET:
            return self._fail_of_proxy(what_it_did, result)  # it has said nothing: the next proxy may be better
        return result if result != OK else self._fail_of_proxy(what_it_did)

    def _of_lost_connection(self, result: int) -> int:
        """A proxy that promised to keep the connection, and did not, gets another one; elsewhere the end is final."""
        is_broken_promise = self._is_restart and result in _HANG_UPS
        return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH if is_broken_promise else result

    def _take_head(self, head: ResponseHead) -> int:
        self._end_span(OK)
        if head.status == 407:
            return self._take_challenge(head)
        if self._auth is not None:
            self._auth.on_accepted(head.headers.get("proxy-authentication-info"))
        if head.status != 200:
            return self._fail_of_proxy(f"answered {self._connect} with {what_was_answered(head)}")
        if self._head_parser.surplus:
            return self._fail_of_proxy(f"sent more than a head in answer to {self._connect}")
        return OK

    # --- a challenge

    def _take_challenge(self, head: ResponseHead) -> int:
        values = head.headers.get_all("proxy-authenticate")
        auth = self._auth
        is_answered = auth is not None and auth.on_challenge(
            values,
            self._request,
            stays_open=head.keep_alive,
            knows_keep_alive=head.knows_keep_alive,
        )
        if auth is None or not is_answered:
            return self._fail_of_proxy(who_is_asked_for(values, auth is not None), ERR_PROXY_AUTH_REQUESTED)
        body = choose_body(head, "CONNECT")
        limit_bytes = WORTH_READING_BOUND_BYTES if auth.binds_connection else WORTH_READING_BYTES
        if not head.keep_alive or not body.is_delimited or (head.content_length or 0) > limit_bytes:
            return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
        return self._begin_drain(body, limit_bytes)

    def _begin_drain(self, body: BodyReader, limit_bytes: int) -> int:
        self._body, self._unread_bytes = body, limit_bytes
        self._begin_span(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        self._alarm.start(WORTH_WAITING_S, self._on_alarm)
        self._data = self._head_parser.surplus
        return self._drain(OK) if self._data or body.is_complete else self._receive(self._drain)

    def _drain(self, result: int) -> int:
        body = self._body
        assert body is not None
        if result != OK or not (self._data or body.is_complete):
            return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
        self._unread_bytes -= len(self._data)
        try:
            body.receive(self._data)
        except WireError:
            return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
        if not body.is_complete and self._unread_bytes > 0:
            return self._receive(self._drain)
        if not body.is_complete or body.surplus or body.in_doubt:
            return ERR_UNABLE_TO_REUSE_CONNECTION_FOR_PROXY_AUTH
        self._alarm.stop()
        self._end_span(OK)
        self._is_restart = True
        if self._on_restart is not None:
            self._on_restart()
        self._step = self._generate_token
        return OK

    def _on_alarm(self) -> None:
        self._transport.cancel_notify()
        self._step = self._drain
        self._on_io_complete(ERR_TIMED_OUT)

    # --- words, and the end

    @property
    def _connect(self) -> str:
        return f"CONNECT {self._destination}"

    @property
    def _is_it_http(self) -> str:
        """Advice."""
        return f"is {self._proxy.scheme.value}:// the right scheme for it?"

    def _fail_of_proxy(self, what_it_did: str, net_error: int = ERR_TUNNEL_CONNECTION_FAILED) -> int:
        return self._fail(net_error, f"the proxy {self._proxy} {what_it_did}")

    def _log_head(self, head: ResponseHead) -> None:
        if self.net_log.is_capturing:
            major, minor = head.version
            line = f"HTTP/{major}.{minor} {head.status} {head.reason}".rstrip()
            params = response_header_params(line, head.headers)
            self.net_log.event(NetLogEventType.HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS, params)

    def _release(self, result: int) -> None:
        self._alarm.stop()
        super()._release(result)
