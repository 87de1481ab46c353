"""Everything that answers challenges fits the same protocol."""

from __future__ import annotations

from netstack_sync.auth.basic import BasicHandler
from netstack_sync.auth.challenge import AuthChallenge
from netstack_sync.auth.digest import DigestHandler
from netstack_sync.auth.handler import AuthHandler, AuthRequest
from netstack_sync.auth.identity import password_identity


def test_handlers() -> None:
    """The type checker looks at the list, the test at what the header begins with."""
    identity = password_identity("u", "p")
    digest = DigestHandler.from_challenge(AuthChallenge("digest", {"realm": "r", "nonce": "n"}), identity)
    assert digest is not None
    handlers: list[AuthHandler] = [BasicHandler(identity, "r"), digest]
    request = AuthRequest("GET", "/", lambda: b"")
    for handler in handlers:
        assert handler.realm == "r" and handler.can_answer(request)
        assert handler.authorization(request).lower().startswith(handler.scheme + " ")
