"""AuthController: one exchange's conversation with the server about who is asking, over all of its rounds."""

from __future__ import annotations

from collections.abc import Sequence

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.challenge import AuthChallenge, parse_challenges
from netstack_sync.auth.handler import AuthHandler, AuthRequest
from netstack_sync.auth.handler_factory import choose_handler
from netstack_sync.auth.identity import BASIC, AuthIdentity
from netstack_sync.base.origin import SchemeHostPort

MAX_ROUNDS = 5  # a server that calls each nonce stale would ask for ever; Chromium stops after 32


class AuthController:
    """Pure decisions (net/http/http_auth_controller.cc); network thread only, owned by its exchange.

    authorization() before each sending; after a 401 on_challenge(), after anything else on_accepted().
    """

    __slots__ = ("_cache", "_handler", "_identity", "_is_from_cache", "_origin", "_path", "_refused", "_rounds")

    def __init__(self, identity: AuthIdentity, origin: SchemeHostPort, path: str, cache: HttpAuthCache) -> None:
        self._identity = identity
        self._origin = origin
        self._path = path
        self._cache = cache
        self._refused: set[tuple[str, str]] = set()
        self._rounds = 0
        self._handler: AuthHandler | None = cache.lookup_by_path(origin, identity, path)
        self._is_from_cache = self._handler is not None

    def authorization(self, request: AuthRequest) -> str | None:
        """What to send; None leaves it at what the request says by itself, which is Basic where that is allowed."""
        if self._handler is not None and not self._handler.can_answer(request):
            self._handler = None  # signs bodies, and this one cannot be read twice
        return self._handler.authorization(request) if self._handler is not None else None

    def on_challenge(self, values: Sequence[str], request: AuthRequest) -> bool:
        """True when it is worth asking again with the next authorization()."""
        challenges = parse_challenges(values)
        self._note_refusal(challenges)
        return self.meet(challenges, request)

    def meet(self, challenges: Sequence[AuthChallenge], request: AuthRequest) -> bool:
        """The same for a challenge to somebody else, which refuses nothing of this identity's."""
        self._handler = None
        self._rounds += 1
        if self._rounds <= MAX_ROUNDS:
            self._handler = choose_handler(challenges, self._identity, request, self._is_refused)
        self._is_from_cache = False
        return self._handler is not None

    def on_accepted(self, authentication_info: str | None) -> None:
        """Remembers how the server wants to be told."""
        handler = self._handler
        if handler is None:
            return
        if authentication_info is not None:
            handler.on_authentication_info(authentication_info)
        self._cache.add(self._origin, self._identity, self._path, handler)

    def _note_refusal(self, challenges: Sequence[AuthChallenge]) -> None:
        """Nothing that a server refused is sent to it twice.

        A stale nonce is no refusal (RFC 7616 §3.3), and neither is that of an old nonce, since not every server says
        "stale". Another realm is another question.
        """
        handler = self._handler
        if handler is None:
            self._refused.add((BASIC, ""))
            return
        self._cache.remove(self._origin, self._identity, handler)
        is_stale = any(_is_stale(challenge, handler) for challenge in challenges)
        if not is_stale and not self._is_from_cache:
            self._refused.add((handler.scheme, "" if handler.scheme == BASIC else handler.realm))

    def _is_refused(self, challenge: AuthChallenge) -> bool:
        """Basic says the same in every realm."""
        return (challenge.scheme, "" if challenge.scheme == BASIC else challenge.realm) in self._refused


def _is_stale(challenge: AuthChallenge, handler: AuthHandler) -> bool:
    return (challenge.scheme, challenge.realm) == (handler.scheme, handler.realm) and challenge.parameters.get(
        "stale", ""
    ).lower() == "true"
