"""ServerAuth: what one exchange does about a server that wants to know who is asking."""

from __future__ import annotations

from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import identity_of_url
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_IO_PENDING, ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED, OK
from netstack_sync.http.body_drainer import DRAIN_BYTES, HttpResponseBodyDrainer
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.stream import HttpStream
from netstack_sync.http.upload import BytesUpload
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.params import source_params
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.step_machine import StepMachine
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.wire.http1_body import WORTH_READING_BOUND_BYTES
from netstack_sync.wire.http1_framing import HTTP_1_0
from netstack_sync.wire.http1_response import ResponseHead

_MAX_SIGNED_BYTES = 1 << 20  # hashed on the network thread, a millisecond or two; only auth-int asks for it

BODY_IS_GONE = (
    "the server has asked for credentials after the body was sent; pass bytes, a file that can seek, "
    "or an iterable that is no iterator"
)


def make_server_auth(
    info: HttpRequestInfo, session: HttpNetworkSession, net_log: NetLogWithSource
) -> ServerAuth | None:
    """None for a request without credentials, and in privacy mode. The caller's go before those of the URL."""
    identity = info.auth
    if identity is None and "authorization" not in info.headers:
        identity = identity_of_url(info.url, sends_basic=True)
    if identity is None or info.privacy_mode:
        return None
    origin, log = info.url.origin, net_log
    if net_log.is_capturing:
        log = NetLogWithSource.make(net_log.net_log, NetLogSourceType.HTTP_AUTH_CONTROLLER)
        net_log.event(NetLogEventType.AUTH_BOUND_TO_CONTROLLER, source_params(log.source))
        log.begin(NetLogEventType.AUTH_CONTROLLER, lambda _: {"target": "server", "url": f"{origin}/"})
    controller = AuthController(identity, origin, info.url.path, session.auth_cache, log, session.security)
    return ServerAuth(info, controller, net_log, log)


class ServerAuth(StepMachine):
    """Steps of a restart: drain the challenge, generate a token. Owned by the transaction; network thread only.

    After cancel() no callback comes.
    """

    __slots__ = (
        "_certificate",
        "_connection",
        "_controller",
        "_controller_log",
        "_drainer",
        "_error_detail",
        "_info",
        "_is_cancelled",
        "_net_log",
        "_request",
        "_stream",
        "_timers",
    )

    def __init__(
        self,
        info: HttpRequestInfo,
        controller: AuthController,
        net_log: NetLogWithSource,
        controller_log: NetLogWithSource,
    ) -> None:
        super().__init__()
        self._info = info
        self._controller = controller
        self._net_log = net_log
        self._controller_log = controller_log
        self._request = AuthRequest(info.method, info.url.request_target, lambda: _body_to_sign(info))
        self._stream: HttpStream | None = None
        self._timers: TimerQueue | None = None
        self._drainer: HttpResponseBodyDrainer | None = None
        self._certificate: bytes | None = None
        self._connection: ClientSocketHandle | None = None
        self._error_detail = ""
        self._is_cancelled = False

    def authorization(self) -> str | None:
        """The header of the request that is about to be sent; None leaves it as it is."""
        return self._controller.authorization(self._request)

    def wants_restart(self, head: ResponseHead) -> bool:
        """True when the answer is a challenge that can be met; else it is the answer."""
        headers = head.headers
        if head.status != 401:
            self._controller.on_accepted(headers.get("authentication-info"))
            return False
        return self._controller.on_challenge(
            headers.get_all("www-authenticate"),
            self._request,
            stays_open=head.keep_alive,
            knows_keep_alive=_knows_keep_alive(head),
        )

    def can_meet(self, head: ResponseHead) -> bool:
        """True when a challenge can be met that was the answer to a request of somebody else."""
        challenges = parse_challenges(head.headers.get_all("www-authenticate"))
        return self._controller.meet(challenges, self._request, _knows_keep_alive(head))

    def prepare_restart(self, stream: HttpStream, timers: TimerQueue, on_done: Completion) -> int:
        """OK when the request can be sent again, an error, or ERR_IO_PENDING and one later callback.

        Reads what is left of the challenge's body, so that the connection can be used again, unless it is not worth
        it. Owns the stream from now on, and closes it.
        """
        upload = self._info.upload
        if upload is not None and upload.rewind() != OK:
            stream.close(not_reusable=True)
            self._error_detail = BODY_IS_GONE
            return ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
        self._stream, self._timers = stream, timers
        info = stream.ssl_info
        self._certificate = info.peer_chain[0] if info is not None and info.peer_chain else None
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
        self._controller.on_new_connection()
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
        return self._error_detail or self._controller.error_detail

    def cancel(self) -> None:
        """Ends in any state; idempotent. A handshake that was begun is nobody else's to end."""
        if self._is_cancelled:
            return
        self._is_cancelled = True
        self._stop()
        if self._drainer is not None:
            self._drainer.cancel()
            self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        self._controller.cancel()
        if self._connection is not None:
            self._connection.reset_and_close()
            self._connection = None
        self._controller_log.end(NetLogEventType.AUTH_CONTROLLER)

    # --- steps

    def _drain(self, _: int) -> int:
        stream, timers = self._stream, self._timers
        assert stream is not None and timers is not None
        self._net_log.begin(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        self._step = self._generate_token
        if stream.is_body_complete or not stream.can_find_end:
            return OK
        limit = WORTH_READING_BOUND_BYTES if self._controller.binds_connection else DRAIN_BYTES
        self._drainer = HttpResponseBodyDrainer(stream, timers, self._on_drain_end, limit, keeps_stream=True)
        self._drainer.start()
        return OK if self._drainer is None else ERR_IO_PENDING

    def _on_drain_end(self, _: HttpResponseBodyDrainer) -> None:
        self._drainer = None
        if self.is_pending:
            self._on_io_complete(OK)

    def _generate_token(self, _: int) -> int:
        self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        stream, self._stream = self._stream, None
        assert stream is not None
        if not self._controller.binds_connection:
            stream.close()
            return OK
        if self._info.interim is not None:
            # A body that is held back and then not wanted ends its connection, and with it the handshake.
            self._info.interim.expects_continue = False
        connection = stream.take_connection()
        if connection is not None and connection.group_id.identity != self._info.auth:
            connection.reset()  # others think that it is theirs: this login begins over another one
            connection = None
        self._connection = connection
        return self._controller.generate_token(self._certificate, self._on_io_complete)


def _knows_keep_alive(head: ResponseHead) -> bool:
    return head.keep_alive or head.version != HTTP_1_0


def _body_to_sign(info: HttpRequestInfo) -> bytes | None:
    upload = info.upload
    if upload is None:
        return b""
    return upload.data if isinstance(upload, BytesUpload) and len(upload.data) <= _MAX_SIGNED_BYTES else None
