"""AuthController: one exchange's conversation with the server about who is asking, over all of its rounds."""

from __future__ import annotations

from collections.abc import Sequence

from netstack_sync.auth.basic import basic_credentials
from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import AuthChallenge, parse_challenges
from netstack_sync.auth.handler import AuthHandler, AuthRequest
from netstack_sync.auth.handler_factory import choose_handler
from netstack_sync.auth.identity import BASIC, DIGEST, AuthIdentity
from netstack_sync.auth.negotiate import ConnectionHandler
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_IO_PENDING, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.loop.completion import Completion

MAX_ROUNDS = 5  # a server that calls each nonce stale would ask for ever; Chromium stops after 32


class AuthController:
    """Decisions, and the wait for a token where a scheme has them (net/http/http_auth_controller.cc).

    Network thread only, owned by its exchange. authorization() before each sending; after a 401 on_challenge() and,
    if it is to be answered, generate_token(); after anything else on_accepted(). on_new_connection() when what
    follows goes over another connection than the challenge came from. After cancel() no callback comes.
    """

    __slots__ = (
        "_cache",
        "_certificate",
        "_challenges",
        "_handler",
        "_has_lost_connection",
        "_identity",
        "_is_from_cache",
        "_is_password_refused",
        "_knows_keep_alive",
        "_net_log",
        "_on_token",
        "_origin",
        "_path",
        "_refused",
        "_request",
        "_rounds",
        "_security",
        "error_detail",
    )

    def __init__(
        self,
        identity: AuthIdentity,
        origin: SchemeHostPort,
        path: str,
        cache: HttpAuthCache,
        net_log: NetLogWithSource,
        security: SecurityService | None = None,
    ) -> None:
        """Without `security` nothing that NTLM and Negotiate ask for is answered."""
        self._identity = identity
        self._origin = origin
        self._path = path
        self._cache = cache
        self._net_log = net_log
        self._security = security
        self._challenges: Sequence[AuthChallenge] = ()
        self._request: AuthRequest | None = None
        self._knows_keep_alive = False
        self._certificate: bytes | None = None
        self._refused: set[tuple[str, str]] = set()
        self._rounds = 0
        self._has_lost_connection = False
        self._is_password_refused = False
        self._on_token: Completion | None = None
        self._handler: AuthHandler | None = cache.lookup_by_path(origin, identity, path)
        self._is_from_cache = self._handler is not None
        self.error_detail = ""
        """Why generate_token() failed, in words."""

    def authorization(self, request: AuthRequest) -> str | None:
        """What to send; None leaves it at what the request says by itself, which is Basic where that is allowed."""
        if self._handler is not None and not self._handler.can_answer(request):
            self._handler = None  # signs bodies, and this one cannot be read twice
        return self._handler.authorization(request) if self._handler is not None else None

    def proxy_authorization(self, request: AuthRequest) -> str | None:
        """The same for a proxy, to which no request says anything by itself: Basic is added where it is allowed."""
        value = self.authorization(request)
        if value is None and self._identity.sends_basic:
            return basic_credentials(self._identity.username, self._identity.password)
        return value

    def on_challenge(
        self, values: Sequence[str], request: AuthRequest, *, stays_open: bool = True, knows_keep_alive: bool = True
    ) -> bool:
        """True when it is worth asking again with the next authorization().

        A handshake goes on only if the connection `stays_open`, and starts only with a server that keeps some open.
        """
        challenges = parse_challenges(values)
        if stays_open and self._goes_on(challenges):
            self._log_challenge("accept")
            return True
        self._note_refusal(challenges)
        return self.meet(challenges, request, knows_keep_alive)

    def meet(self, challenges: Sequence[AuthChallenge], request: AuthRequest, knows_keep_alive: bool) -> bool:
        """The same for a challenge to somebody else, which refuses nothing of this identity's."""
        self._challenges, self._request, self._knows_keep_alive = challenges, request, knows_keep_alive
        self._is_from_cache = False
        self._rounds += 1
        self._handler = None
        return self._rounds <= MAX_ROUNDS and self._choose()

    @property
    def binds_connection(self) -> bool:
        """True when the next round belongs on the connection that the challenge came from."""
        return isinstance(self._handler, ConnectionHandler)

    def generate_token(self, certificate: bytes | None, on_done: Completion) -> int:
        """OK once authorization() has what to say, an error, or ERR_IO_PENDING and one later callback.

        A scheme that has no token to offer is passed over. `certificate` is the server's, as in SecurityParams.
        """
        handler = self._handler
        if not isinstance(handler, ConnectionHandler):
            return OK
        self._certificate, self._on_token = certificate, on_done
        self._net_log.begin(NetLogEventType.AUTH_GENERATE_TOKEN)
        return handler.generate_token(certificate, self._on_generated)

    def on_new_connection(self) -> None:
        """A handshake that has begun is void; it starts anew, once, when the server asks again."""
        handler = self._handler
        if not isinstance(handler, ConnectionHandler) or not handler.was_sent:
            return
        self._handler = None
        if self._has_lost_connection:
            self._refused.add((handler.scheme, ""))
        self._has_lost_connection = True

    def on_accepted(self, authentication_info: str | None) -> None:
        """Remembers how the server wants to be told. A connection that is logged in needs no memory."""
        handler = self._handler
        if handler is None or isinstance(handler, ConnectionHandler):
            return
        if authentication_info is not None:
            handler.on_authentication_info(authentication_info)
        self._cache.add(self._origin, self._identity, self._path, handler)

    def cancel(self) -> None:
        """Ends in any state; idempotent."""
        if self._on_token is not None and isinstance(self._handler, ConnectionHandler):
            self._on_token = None
            self._handler.cancel()
            self._net_log.end_with_net_error(NetLogEventType.AUTH_GENERATE_TOKEN, ERR_ABORTED)

    def _on_generated(self, result: int) -> None:
        handler, on_token = self._handler, self._on_token
        assert isinstance(handler, ConnectionHandler) and on_token is not None
        self._on_token = None
        self._net_log.end_with_net_error(NetLogEventType.AUTH_GENERATE_TOKEN, result)
        if result != OK:
            self._refused.add((handler.scheme, ""))
            if self._choose():
                result = self.generate_token(self._certificate, on_token)
            else:
                self.error_detail = handler.error_detail
        if result != ERR_IO_PENDING:
            on_token(result)

    def _goes_on(self, challenges: Sequence[AuthChallenge]) -> bool:
        """True when the server answers our last token with one of its own."""
        handler = self._handler
        if not isinstance(handler, ConnectionHandler) or not handler.was_sent:
            return False
        own = [challenge for challenge in challenges if challenge.scheme == handler.scheme]
        return len(own) > 0 and handler.receive(own[0].token68)

    def _choose(self) -> bool:
        assert self._request is not None
        self._handler = handler = choose_handler(
            self._challenges, self._identity, self._request, self._is_refused, self._make_connection_handler
        )
        if handler is not None and self._net_log.is_capturing:
            scheme, has_default = handler.scheme, not self._identity.username
            self._net_log.event(NetLogEventType.AUTH_HANDLER_CREATE_RESULT, lambda _: {"scheme": scheme})
            params = {"succeeded": True, "allows_default_credentials": has_default}
            self._net_log.event(NetLogEventType.AUTH_HANDLER_INIT, lambda _: params)
        return handler is not None

    def _make_connection_handler(self, scheme: str) -> AuthHandler | None:
        if self._security is None or not self._knows_keep_alive:
            return None
        return ConnectionHandler(scheme, self._identity, self._origin.host, self._security)

    def _note_refusal(self, challenges: Sequence[AuthChallenge]) -> None:
        """Nothing that a server refused is sent to it twice, nor by a scheme that gives more away: accounts are locked
        after a few wrong passwords.

        A stale nonce is no refusal (RFC 7616 §3.3), and neither is that of an old nonce, since not every server says
        "stale". Another realm is another question.
        """
        handler = self._handler
        if handler is None:
            if self._identity.sends_basic:
                self._refused.add((BASIC, ""))
            return
        self._cache.remove(self._origin, self._identity, handler)
        is_stale = any(_is_stale(challenge, handler) for challenge in challenges)
        self._log_challenge("stale" if is_stale else "reject")
        may_be_too_old = self._is_from_cache and handler.scheme == DIGEST
        if not is_stale and not may_be_too_old:
            self._refused.add((handler.scheme, handler.realm if handler.scheme == DIGEST else ""))
            self._is_password_refused |= not isinstance(handler, ConnectionHandler) or handler.has_proved_password

    def _is_refused(self, challenge: AuthChallenge) -> bool:
        """Only Digest says something else in another realm, and may be meant for another user base."""
        if self._is_password_refused and challenge.scheme != DIGEST:
            return True
        return (challenge.scheme, challenge.realm if challenge.scheme == DIGEST else "") in self._refused

    def _log_challenge(self, result: str) -> None:
        handler = self._handler
        if handler is not None and self._net_log.is_capturing:
            params = {"authentication_scheme": handler.scheme, "authentication_result": result}
            self._net_log.event(NetLogEventType.AUTH_HANDLE_CHALLENGE, lambda _: params)


def _is_stale(challenge: AuthChallenge, handler: AuthHandler) -> bool:
    """Only a nonce grows old; other schemes would say the same again."""
    is_same = (challenge.scheme, challenge.realm) == (DIGEST, handler.realm) and handler.scheme == DIGEST
    return is_same and challenge.parameters.get("stale", "").lower() == "true"
