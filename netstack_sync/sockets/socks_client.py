"""SocksClient: has a SOCKS4, 4a or 5 proxy connect to a destination, over a connection to that proxy."""

from __future__ import annotations

import socket
from typing import Final

from netstack_sync.base.host_port import HostPortPair
from netstack_sync.base.ip_endpoint import IPEndPoint, parse_ip_literal
from netstack_sync.base.net_errors import (
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_SOCKS_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    OK,
)
from netstack_sync.base.proxy_chain import ProxyScheme, ProxyServer
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.step_machine import Step
from netstack_sync.sockets.proxy_handshake import ProxyHandshake
from netstack_sync.sockets.stream_socket import StreamSocket
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.socks4 import (
    SOCKS4_GRANTED,
    Socks4ReplyParser,
    build_socks4_request,
    problem_with_socks4,
    socks4_user_id,
)
from netstack_sync.wire.socks5 import (
    LOGIN_SUCCEEDED,
    METHOD_LOGIN,
    METHOD_NONE,
    METHOD_NOT_FOUND,
    SOCKS5_SUCCEEDED,
    Socks5ReplyParser,
    VerdictParser,
    build_greeting,
    build_login,
    build_socks5_request,
    problem_with_socks5,
)
from netstack_sync.wire.socks_reply import SocksReplyParser

_Spans = tuple[NetLogEventType, NetLogEventType]
_GREETING: Final = (NetLogEventType.SOCKS5_GREET_WRITE, NetLogEventType.SOCKS5_GREET_READ)
_REQUEST: Final = (NetLogEventType.SOCKS5_HANDSHAKE_WRITE, NetLogEventType.SOCKS5_HANDSHAKE_READ)


class SocksClient(ProxyHandshake):
    """Results of its own: ERR_SOCKS_CONNECTION_HOST_UNREACHABLE for a destination that the proxy cannot reach or cannot
    be told, ERR_PROXY_AUTH_REQUESTED for a login that is missing or refused, ERR_PROXY_AUTH_UNSUPPORTED for one that
    is of no use, else ERR_SOCKS_CONNECTION_FAILED.

    Names go to the proxy as names, and are never looked up here instead (rule R17); only SOCKS4 cannot take them, and
    needs the `address`. A host or login that does not fit is refused before a byte is sent. Logs nothing of the login
    (net/socket/socks5_client_socket.cc, socks_client_socket.cc).
    """

    __slots__ = (
        "_address",
        "_destination",
        "_is_version_5",
        "_login",
        "_on_verdict",
        "_parser",
        "_password",
        "_proxy",
        "_request",
        "_spans",
        "_username",
        "is_refused",
    )

    def __init__(
        self,
        transport: StreamSocket,
        proxy: ProxyServer,
        destination: HostPortPair,
        net_log: NetLogWithSource,
        *,
        address: IPEndPoint | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        super().__init__(transport, net_log)
        assert not proxy.scheme.is_http, proxy
        self._proxy = proxy
        self._is_version_5 = proxy.scheme is ProxyScheme.SOCKS5
        self._destination = destination
        self._address = address
        self._username = username
        self._password = password
        self._login = b""  # the message; empty without a user
        self._request = b""
        self._parser: SocksReplyParser = VerdictParser()
        self._on_verdict: Step | None = None
        self._spans: _Spans | None = None
        self.is_refused = False
        """The proxy has answered as it should that it does not connect: that is about this destination."""

    # --- what is sent

    def _first_step(self, _: int) -> int:
        self.net_log.begin(self._whole_span)
        try:
            user_id = self._prepare_login()
        except ValueError as error:
            return self._fail(ERR_PROXY_AUTH_UNSUPPORTED, f"for the proxy {self._proxy}: {error}")
        host = self._host_to_send()
        if host is None:
            return self._fail(
                ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
                f"for the proxy {self._proxy}: SOCKS4 knows IPv4 addresses only, and {self._destination} has none; "
                "use a SOCKS5 proxy",
            )
        try:
            self._request = (
                build_socks5_request(host, self._destination.port)
                if self._is_version_5
                else build_socks4_request(host, self._destination.port, user_id)
            )
        except ValueError as error:
            # No fault of the proxy's: no other one is tried, nor the direct way, on which the name is looked up here.
            return self._fail(ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, f"for the proxy {self._proxy}: {error}")
        self._step = self._greet if self._is_version_5 else self._send_request
        return OK

    def _prepare_login(self) -> bytes:
        """The user id for SOCKS4, which has no passwords."""
        if self._username is None:
            return b""
        if not self._is_version_5:
            return socks4_user_id(self._username)
        self._login = build_login(self._username, self._password or "")
        return b""

    def _host_to_send(self) -> str | None:
        """None for a destination that SOCKS4 has no way to express."""
        host = self._destination.host
        if self._is_version_5:
            return host
        literal = parse_ip_literal(host)
        if literal is None and self._proxy.scheme is ProxyScheme.SOCKS4A:
            return host
        if literal is None and self._address is not None and self._address.family == socket.AF_INET:
            return self._address.address
        return literal if literal is not None and ":" not in literal else None

    # --- steps

    def _greet(self, _: int) -> int:
        return self._ask(build_greeting(bool(self._login)), VerdictParser(), self._take_method, _GREETING)

    def _take_method(self, method: int) -> int:
        if method == METHOD_NONE:
            return self._go_on(self._send_request)
        if method == METHOD_LOGIN and self._login:
            return self._go_on(self._log_in)
        self.net_log.event(NetLogEventType.SOCKS_UNEXPECTED_AUTH, lambda _: {"method": method})
        if method not in (METHOD_LOGIN, METHOD_NOT_FOUND):
            return self._fail_of_proxy(ERR_SOCKS_CONNECTION_FAILED, f"chose the login method {method}, unasked")
        if not self._login:
            what_it_does = "does not let everybody in; pass proxy_auth, or put user:password@ into its URL"
            return self._fail_of_proxy(ERR_PROXY_AUTH_REQUESTED, what_it_does)
        return self._fail_of_proxy(
            ERR_PROXY_AUTH_UNSUPPORTED, "takes no user and password; it may want GSSAPI, which is not supported"
        )

    def _log_in(self, _: int) -> int:
        return self._ask(self._login, VerdictParser(is_login=True), self._take_login, None)

    def _take_login(self, status: int) -> int:
        if status != LOGIN_SUCCEEDED:
            what_it_did = "refused the user name or the password; correct them in proxy_auth or its URL"
            return self._fail_of_proxy(ERR_PROXY_AUTH_REQUESTED, what_it_did)
        return self._go_on(self._send_request)

    def _send_request(self, _: int) -> int:
        if self._is_version_5:
            return self._ask(self._request, Socks5ReplyParser(), self._take_reply, _REQUEST)
        return self._ask(self._request, Socks4ReplyParser(), self._take_reply, None)

    def _take_reply(self, code: int) -> int:
        if code == (SOCKS5_SUCCEEDED if self._is_version_5 else SOCKS4_GRANTED):
            return self._go_on(None)
        self.is_refused = True
        self.net_log.event(NetLogEventType.SOCKS_SERVER_ERROR, lambda _: {"error_code": code})
        net_error, words = (problem_with_socks5 if self._is_version_5 else problem_with_socks4)(code)
        what_it_did = f"was asked to connect to {self._destination} and has {words} (code {code})"
        return self._fail_of_proxy(net_error, what_it_did)

    # --- one question and its answer

    def _ask(self, message: bytes, parser: SocksReplyParser, on_verdict: Step, spans: _Spans | None) -> int:
        """`on_verdict` is the next step, with the byte that says yes or no."""
        self._parser, self._on_verdict, self._spans = parser, on_verdict, spans
        if spans is not None:
            self._begin_span(spans[0])
        return self._send(message, self._wait_for_answer)

    def _wait_for_answer(self, result: int) -> int:
        if result != OK:
            return result
        if self._spans is not None:
            self._end_span(OK)
            self._begin_span(self._spans[1])
        return self._receive(self._parse)

    def _parse(self, result: int) -> int:
        if result != OK:
            return result
        if not self._data:
            what_it_did = f"hung up during the handshake; {self._is_it_socks}"
            return self._fail_of_proxy(ERR_SOCKS_CONNECTION_FAILED, what_it_did)
        try:
            verdict = self._parser.receive(self._data)
        except WireError as error:
            what_it_did = f"does not speak SOCKS: {error.detail}; {self._is_it_socks}"
            return self._fail_of_proxy(error.net_error, what_it_did)
        if verdict is None:
            return self._receive(self._parse)
        self._end_span(OK)
        self._step = self._on_verdict
        return verdict

    def _go_on(self, step: Step | None) -> int:
        """Nobody has asked for bytes behind an answer: whatever they mean, it is not what follows."""
        if self._parser.surplus:
            return self._fail_of_proxy(ERR_SOCKS_CONNECTION_FAILED, "sent more than an answer")
        self._step = step
        return OK

    # --- words, and the end

    @property
    def _is_it_socks(self) -> str:
        """Advice."""
        scheme = self._proxy.scheme.value
        if self._data.startswith(b"H"):
            return f"it seems to be an HTTP proxy: write http:// in place of {scheme}://"
        return f"is {scheme}:// the right scheme for it?"

    @property
    def _whole_span(self) -> NetLogEventType:
        return NetLogEventType.SOCKS5_CONNECT if self._is_version_5 else NetLogEventType.SOCKS_CONNECT

    def _fail_of_proxy(self, net_error: int, what_it_did: str) -> int:
        return self._fail(net_error, f"the proxy {self._proxy} {what_it_did}")

    def _release(self, result: int) -> None:
        super()._release(result)
        self.net_log.end_with_net_error(self._whole_span, result)
