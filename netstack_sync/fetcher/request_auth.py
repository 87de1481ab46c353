"""RequestAuth: the credentials of one request; see auth_argument.py for what becomes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from netstack_sync.auth.identity import AuthIdentity


class RequestAuth(NamedTuple):
    """The two ways in which credentials go out."""

    authorization: str | None = None
    """With the request, before anybody asks."""
    identity: AuthIdentity | None = None
    """In answer to a challenge."""


NO_AUTH: Final = RequestAuth()


def load_auth_rooms() -> None:
    """Reads the files that answer challenges. On the thread of whoever gives credentials, so that the network thread
    finds them there.
    """
    import netstack_sync.http.exchange_parties  # noqa: F401
