"""Which challenge to answer, and who answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from netstack_sync.auth.basic import BasicHandler
from netstack_sync.auth.challenge import AuthChallenge
from netstack_sync.auth.digest import DigestHandler
from netstack_sync.auth.handler import AuthHandler, AuthRequest
from netstack_sync.auth.identity import BASIC, DIGEST, NEGOTIATE, NTLM, AuthIdentity

_SCORES = {BASIC: 1, DIGEST: 2, NTLM: 3, NEGOTIATE: 4}  # net/http/http_auth.cc; the scheme that gives less away

MakeConnectionHandler = Callable[[str], "AuthHandler | None"]
"""The handler of a scheme that logs connections in; None where that cannot be done."""


def choose_handler(
    challenges: Iterable[AuthChallenge],
    identity: AuthIdentity,
    request: AuthRequest,
    is_refused: Callable[[AuthChallenge], bool],
    make_connection_handler: MakeConnectionHandler,
) -> AuthHandler | None:
    """The best challenge's, the first's among equals (RFC 7616 §3.7); None when there is none that we can answer."""
    wanted = [challenge for challenge in challenges if challenge.scheme in identity.schemes]
    wanted.sort(key=lambda challenge: -_SCORES[challenge.scheme])  # a stable sort keeps the server's order
    for challenge in wanted:
        if is_refused(challenge):
            continue
        handler = _make_handler(challenge, identity, make_connection_handler)
        if handler is not None and handler.can_answer(request):
            return handler
    return None


def _make_handler(
    challenge: AuthChallenge, identity: AuthIdentity, make_connection_handler: MakeConnectionHandler
) -> AuthHandler | None:
    if challenge.scheme == DIGEST:
        return DigestHandler.from_challenge(challenge, identity)
    if challenge.scheme == BASIC:
        return BasicHandler(identity, challenge.realm)
    # A token in the first round would answer a question that nobody has asked.
    return None if challenge.token68 else make_connection_handler(challenge.scheme)
