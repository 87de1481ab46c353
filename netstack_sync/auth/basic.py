"""Basic authentication (RFC 7617)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from netstack_sync.auth.identity import BASIC, AuthIdentity

if TYPE_CHECKING:
    from netstack_sync.auth.handler import AuthRequest


def basic_credentials(username: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617, with charset UTF-8)."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


class BasicHandler:
    """See AuthHandler. The answer is the same for every request."""

    __slots__ = ("_value", "realm")

    scheme = BASIC

    def __init__(self, identity: AuthIdentity, realm: str) -> None:
        self.realm = realm
        self._value = basic_credentials(identity.username, identity.password)

    def can_answer(self, request: AuthRequest) -> bool:
        """Always."""
        return True

    def authorization(self, request: AuthRequest) -> str:
        """See AuthHandler."""
        return self._value

    def on_authentication_info(self, value: str) -> None:
        """Says nothing about Basic."""
