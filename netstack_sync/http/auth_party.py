"""AuthParty: the server or the proxy of one exchange, and what it is told about who is asking."""

from __future__ import annotations

from typing import Final, NamedTuple

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import parse_challenges
from netstack_sync.auth.controller import AuthController
from netstack_sync.auth.handler import AuthRequest
from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType, NetLogSourceType
from netstack_sync.log.params import source_params
from netstack_sync.loop.completion import Completion
from netstack_sync.wire.http1_response import ResponseHead

_MAX_SIGNED_BYTES = 1 << 20  # hashed on the network thread, a millisecond or two; only auth-int asks for it


class AuthTarget(NamedTuple):
    """How one side asks, and how it is answered (RFC 9110 §11.6 and §11.7)."""

    name: str
    status: int
    challenges: str
    """The field that asks; as the next one in lower case."""
    info: str
    """The field that says more once credentials are taken."""


SERVER: Final = AuthTarget("server", 401, "www-authenticate", "authentication-info")
PROXY: Final = AuthTarget("proxy", 407, "proxy-authenticate", "proxy-authentication-info")


class AuthParty:
    """Translates between heads and an AuthController, which decides; network thread only; owned by an ExchangeAuth."""

    __slots__ = ("_controller", "_is_logged_in", "_log", "_request", "target")

    def __init__(
        self,
        target: AuthTarget,
        info: HttpRequestInfo,
        identity: AuthIdentity,
        origin: SchemeHostPort,
        path: str,
        cache: HttpAuthCache,
        security: SecurityService | None,
        net_log: NetLogWithSource,
    ) -> None:
        log = net_log
        if net_log.is_capturing:
            log = NetLogWithSource.make(net_log.net_log, NetLogSourceType.HTTP_AUTH_CONTROLLER)
            net_log.event(NetLogEventType.AUTH_BOUND_TO_CONTROLLER, source_params(log.source))
            log.begin(NetLogEventType.AUTH_CONTROLLER, lambda _: {"target": target.name, "url": f"{origin}/"})
        self.target = target
        self._log = log
        self._is_logged_in = False  # the connection is, over which the next request goes: that says it all
        self._controller = AuthController(identity, origin, path, cache, log, security)
        # A proxy gets the whole URL and is told the path all the same, as by Chromium and curl.
        self._request = AuthRequest(info.method, info.url.request_target, lambda: _body_to_sign(info))

    def authorization(self) -> str | None:
        """What the request that is about to be sent says to it; None leaves that to the request."""
        if self._is_logged_in:
            return None
        controller, request = self._controller, self._request
        return controller.proxy_authorization(request) if self.target is PROXY else controller.authorization(request)

    def on_challenge(self, head: ResponseHead) -> bool:
        """True when the answer, which has the target's status, can be met."""
        if self._is_logged_in:
            self.on_new_connection()  # it is asked as if there were no login
        return self._controller.on_challenge(
            head.headers.get_all(self.target.challenges),
            self._request,
            stays_open=head.keep_alive,
            knows_keep_alive=head.knows_keep_alive,
        )

    def can_meet(self, head: ResponseHead) -> bool:
        """True when a challenge can be met that was the answer to a request of somebody else."""
        challenges = parse_challenges(head.headers.get_all(self.target.challenges))
        return self._controller.meet(challenges, self._request, head.knows_keep_alive)

    def on_accepted(self, head: ResponseHead) -> None:
        """The answer is no challenge of this side's."""
        self._is_logged_in = self.binds_connection
        self._controller.on_accepted(head.headers.get(self.target.info))

    @property
    def binds_connection(self) -> bool:
        """See AuthController."""
        return self._controller.binds_connection

    def generate_token(self, certificate: bytes | None, on_done: Completion) -> int:
        """See AuthController."""
        return self._controller.generate_token(certificate, on_done)

    def on_new_connection(self) -> None:
        """See AuthController."""
        self._is_logged_in = False
        self._controller.on_new_connection()

    @property
    def error_detail(self) -> str:
        """See AuthController."""
        return self._controller.error_detail

    def cancel(self) -> None:
        """No callback comes any more; to be called once."""
        self._controller.cancel()
        self._log.end(NetLogEventType.AUTH_CONTROLLER)


def _body_to_sign(info: HttpRequestInfo) -> bytes | None:
    upload = info.upload
    if upload is None:
        return b""
    return upload.data if isinstance(upload, BytesUpload) and len(upload.data) <= _MAX_SIGNED_BYTES else None
