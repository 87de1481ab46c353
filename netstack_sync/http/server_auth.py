"""ServerAuth: what one exchange does about a server that wants to know who is asking."""

from __future__ import annotations

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.body_drainer import HttpResponseBodyDrainer
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.stream import HttpStream
from netstack_sync.http.upload import BytesUpload
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion
from netstack_sync.loop.timers import TimerQueue
from netstack_sync.wire.http1_response import ResponseHead

_MAX_SIGNED_BYTES = 1 << 20  # hashed on the network thread, a millisecond or two; only auth-int asks for it

BODY_IS_GONE = (
    "the server has asked for credentials after the body was sent; pass bytes, a file that can seek, "
    "or an iterable that is no iterator"
)


def make_server_auth(info: HttpRequestInfo, cache: HttpAuthCache, net_log: NetLogWithSource) -> ServerAuth | None:
    """None for a request without credentials, and in privacy mode. The caller's go before those of the URL."""
    identity = info.auth
    if identity is None:
        identity = _identity_in_url(info)
    if identity is None or info.privacy_mode:
        return None
    return ServerAuth(info, AuthController(identity, info.url.origin, info.url.path, cache), net_log)


def _identity_in_url(info: HttpRequestInfo) -> AuthIdentity | None:
    url = info.url
    if url.username is None or "authorization" in info.headers:
        return None
    return password_identity(url.username, url.password or "")


class ServerAuth:
    """Network thread only; owned by the transaction. After cancel() no callback comes."""

    __slots__ = ("_controller", "_drainer", "_net_log", "_on_drained", "_request")

    def __init__(self, info: HttpRequestInfo, controller: AuthController, net_log: NetLogWithSource) -> None:
        self._net_log = net_log
        self._controller = controller
        self._request = AuthRequest(info.method, info.url.request_target, lambda: _body_to_sign(info))
        self._drainer: HttpResponseBodyDrainer | None = None
        self._on_drained: Completion | None = None

    def authorization(self) -> str | None:
        """The header of the request that is about to be sent; None leaves it as it is."""
        return self._controller.authorization(self._request)

    def wants_restart(self, head: ResponseHead) -> bool:
        """True when the answer is a challenge that can be met; else it is the answer."""
        headers = head.headers
        if head.status == 401:
            return self._controller.on_challenge(headers.get_all("www-authenticate"), self._request)
        self._controller.on_accepted(headers.get("authentication-info"))
        return False

    def can_meet(self, head: ResponseHead) -> bool:
        """True when a challenge can be met that was the answer to a request of somebody else."""
        return self._controller.meet(parse_challenges(head.headers.get_all("www-authenticate")), self._request)

    def drain(self, stream: HttpStream, timers: TimerQueue, on_done: Completion) -> int:
        """Reads what is left of the challenge's body, so that the connection can be used again; closes the stream.

        Always OK, at once or by one later callback; a connection that is not worth it is closed.
        """
        self._net_log.begin(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        if stream.is_body_complete or not stream.can_find_end:
            stream.close()
            self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
            return OK
        self._drainer = HttpResponseBodyDrainer(stream, timers, self._on_drain_end)
        self._drainer.start()
        if self._drainer is None:
            return OK
        self._on_drained = on_done
        return ERR_IO_PENDING

    @property
    def is_draining(self) -> bool:
        """True while the rest of a challenge is read."""
        return self._drainer is not None

    def cancel(self) -> None:
        """Ends in any state; idempotent."""
        self._on_drained = None
        if self._drainer is not None:
            self._drainer.cancel()

    def _on_drain_end(self, _: HttpResponseBodyDrainer) -> None:
        self._drainer = None
        self._net_log.end(NetLogEventType.HTTP_TRANSACTION_DRAIN_BODY_FOR_AUTH_RESTART)
        on_drained, self._on_drained = self._on_drained, None
        if on_drained is not None:
            on_drained(OK)


def _body_to_sign(info: HttpRequestInfo) -> bytes | None:
    upload = info.upload
    if upload is None:
        return b""
    return upload.data if isinstance(upload, BytesUpload) and len(upload.data) <= _MAX_SIGNED_BYTES else None
