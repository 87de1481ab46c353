"""ExchangeAuth: what one exchange does about those who want to know who is asking: the server, and its proxy."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED, OK
from netstack_sync.http.auth_party import PROXY, SERVER, AuthParty
from netstack_sync.http.body_drainer import DRAIN_BYTES, HttpResponseBodyDrainer
from netstack_sync.http.forwarding import may_be_left_unread
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.proxy_auth import make_proxy_party
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.server_auth import make_server_party
from netstack_sync.http.stream import HttpStream
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.proxy_route import ProxyHop
from netstack_sync.wire.http1_body import WORTH_READING_BOUND_BYTES
from netstack_sync.wire.http1_response import ResponseHead


class ExchangeAuth(StepMachine):
    """Steps of a restart: drain the challenge, generate a token. Owned by the transaction; network thread only.

    A 407 is a challenge only where the request is sent to the proxy itself. From anybody else, a server or what
    speaks through a tunnel, it is an answer like any other, and nothing is sent for it; Chromium fails such a request
    with ERR_UNEXPECTED_PROXY_AUTH, which would take from a program what it can see for itself.
    After cancel() no callback comes.
    """

    __slots__ = (
        "_asking",
        "_certificate",
        "_connection",
        "_drainer",
        "_error_detail",
        "_hop",
        "_info",
        "_is_cancelled",
        "_net_log",
        "_proxy",
        "_server",
        "_session",
        "_stream",
    )

    def __init__(self, info: HttpRequestInfo, session: HttpNetworkSession, net_log: NetLogWithSource) -> None:
        super().__init__()
        self._info = info
        self._session = session
        self._net_log = net_log
        self._server = make_server_party(info, session, net_log)
        self._hop: ProxyHop | None = None
        self._proxy: AuthParty | None = None
        self._asking = self._server  # who is answered by the next request
        self._stream: HttpStream | None = None
        self._drainer: HttpResponseBodyDrainer | None = None
        self._certificate: bytes | None = None
        self._connection: ClientSocketHandle | None = None
        self._error_detail = ""
        self._is_cancelled = False

    def forward_by(self, hop: ProxyHop | None, info: HttpRequestInfo) -> None:
        """The next request is sent to this proxy itself; None: to the server. Another proxy is told nothing of what
        the last one was told.
        """
        if hop == self._hop:
            return
        if self._proxy is not None:
            self._proxy.cancel()
        self._hop = hop
        self._proxy = make_proxy_party(hop, info, self._session, self._net_log) if hop is not None else None

    def authorization(self) -> str | None:
        """The Authorization of the request that is about to be sent; None leaves it as it is."""
        return self._server.authorization() if self._server is not None else None

    def proxy_authorization(self) -> str | None:
        """The same for Proxy-Authorization."""
        return self._proxy.authorization() if self._proxy is not None else None

    def wants_restart(self, head: ResponseHead) -> bool:
        """True when the answer is a challenge that can be met; else it is the answer."""
        if head.status == PROXY.status and self._hop is not None:  # the server has not seen the request
            return self._is_met(self._proxy, head)
        if self._proxy is not None:
            self._proxy.on_accepted(head)
        if head.status == SERVER.status:
            return self._is_met(self._server, head)
        if self._server is not None:
            self._server.on_accepted(head)
        return False

    def take_identity(self, info: HttpRequestInfo, head: ResponseHead) -> bool:
        """True when a challenge of the server's can be met in the name that the request has by now."""
        if self._server is not None:
            self._server.cancel()
        self._info = info
        self._server = self._asking = make_server_party(info, self._session, self._net_log)
        return self._server is not None and self._server.can_meet(head)

    def prepare_restart(self, stream: HttpStream, on_done: Completion) -> int:
        """OK when the request can be sent again, an error, or ERR_IO_PENDING and one later callback.

        Reads what is left of the challenge's body, so that the connection can be used again, unless it is not worth
        it. Owns the stream from now on, and closes it.
        """
        asking, upload = self._asking, self._info.upload
        assert asking is not None
        if upload is not None and upload.rewind() != OK:
            stream.close(not_reusable=True)
            self._error_detail = _body_is_gone(asking.target.name)
            return ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
        self._stream = stream
        info = stream.ssl_info
        self._certificate = info.peer_certificate if info is not None else None
        return self._begin(self._drain, on_done)

    def take_connection(self) -> ClientSocketHandle | None:
        """The claim to the connection that the next request has to go over; None when any will do.

        To be asked before each connection of the exchange.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            # It was not watched while the token was made. What came meanwhile answers nothing.
            if connection.socket is not None and connection.socket.is_connected_and_idle():
                return connection
            connection.reset_and_close()
        for party in self._parties():
            party.on_new_connection()
        return None

    @property
    def load_state(self) -> LoadState:
        """What prepare_restart() waits for: the rest of the challenge, or what the next request will say."""
        if self._drainer is not None:
            return LoadState.READING_RESPONSE
        return LoadState.SENDING_REQUEST if self.is_pending else LoadState.IDLE

    @property
    def error_detail(self) -> str:
        """Why prepare_restart() failed, in words; may be empty."""
        return self._error_detail or (self._asking.error_detail if self._asking is not None else "")

    def cancel(self) -> None:
        """Ends in any state; idempotent. A handshake that was begun is nobody else's to end."""
        if self._is_cancelled:
            return
        self._is_cancelled = True
        self._stop()
        if self._drainer is not None:
            self._drainer.cancel()
            self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        for party in self._parties():
            party.cancel()
        if self._connection is not None:
            self._connection.reset_and_close()
            self._connection = None

    def _is_met(self, party: AuthParty | None, head: ResponseHead) -> bool:
        self._asking = party
        return party is not None and party.on_challenge(head)

    def _parties(self) -> list[AuthParty]:
        return [party for party in (self._server, self._proxy) if party is not None]

    def _binds_connection(self) -> bool:
        """Also when it is not the one that asks now: who was told once for all is told by that connection only."""
        return any([party.binds_connection for party in self._parties()])

    # --- steps

    def _drain(self, _: int) -> int:
        stream = self._stream
        assert stream is not None
        self._net_log.begin(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        self._step = self._generate_token
        if stream.is_body_complete or not stream.can_find_end:
            return OK
        limit = WORTH_READING_BOUND_BYTES if self._binds_connection() else DRAIN_BYTES
        timers = self._session.thread.timers
        self._drainer = HttpResponseBodyDrainer(stream, timers, self._on_drain_end, limit, keeps_stream=True)
        self._drainer.start()
        return OK if self._drainer is None else ERR_IO_PENDING

    def _on_drain_end(self, _: HttpResponseBodyDrainer) -> None:
        self._drainer = None
        if self.is_pending:
            self._on_io_complete(OK)

    def _generate_token(self, _: int) -> int:
        self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        asking, stream, self._stream = self._asking, self._stream, None
        assert asking is not None and stream is not None
        if not self._binds_connection():
            stream.close(not_reusable=asking.target is PROXY and may_be_left_unread(self._info))
            return OK
        if self._info.interim is not None:
            # A body that is held back and then not wanted ends its connection, and with it the handshake.
            self._info.interim.expects_continue = False
        connection = stream.take_connection()
        is_login = asking is self._server and asking.binds_connection
        if connection is not None and is_login and connection.group_id.identity != self._info.auth:
            connection.reset()  # others think that it is theirs: this login begins over another one
            connection = None
        self._connection = connection
        return asking.generate_token(self._certificate, self._on_io_complete)


def _body_is_gone(who: str) -> str:
    return (
        f"the {who} has asked for credentials after the body was sent; pass bytes, a file that can seek, "
        "or an iterable that is no iterator"
    )
