"""AuthHandler: one scheme's answer to one challenge."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol


class AuthRequest(NamedTuple):
    """What a handler sees of the request that it vouches for."""

    method: str
    uri: str
    """The target as in the request line."""
    read_body: Callable[[], bytes | None]
    """The whole body, b"" without one; None when it is not in memory, or long. Asked by schemes that sign it only."""


class AuthHandler(Protocol):
    """Network thread only; shared by the requests that use the same challenge."""

    @property
    def scheme(self) -> str:
        """In lower case."""

    @property
    def realm(self) -> str:
        """Of the challenge."""

    def can_answer(self, request: AuthRequest) -> bool:
        """False when the scheme would need what it cannot know."""

    def authorization(self, request: AuthRequest) -> str:
        """The value of the header; another one each time where the scheme counts."""

    def on_authentication_info(self, value: str) -> None:
        """The server took the credentials and said this of the next ones (RFC 7615)."""
