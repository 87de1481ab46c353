"""Who somebody claims to be: what answers challenges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netstack_sync.base.value import Value

if TYPE_CHECKING:
    from netstack_sync.base.url import Url

BASIC: Final = "basic"
DIGEST: Final = "digest"
NTLM: Final = "ntlm"
NEGOTIATE: Final = "negotiate"

_CONNECTION_SCHEMES: Final = frozenset({NTLM, NEGOTIATE})


class AuthIdentity(Value):
    """A user, and the schemes (in lower case) by which a server may be told so; part of every key of the cache."""

    __slots__ = ("username", "password", "schemes", "sends_basic", "domain", "service_host", "delegates")

    def __init__(
        self,
        username: str,
        password: str,
        schemes: tuple[str, ...],
        sends_basic: bool = False,
        domain: str = "",
        service_host: str = "",
        delegates: bool = False,
    ) -> None:
        self.username: Final = username
        """Empty for whoever the system says that runs the program."""
        self.password: Final = password
        self.schemes: Final = schemes
        self.sends_basic: Final = sends_basic
        """The request says the same by Basic already, before anybody asks. Makes no difference between two."""
        self.domain: Final = domain
        """Of Windows; may stand in the user's name instead."""
        self.service_host: Final = service_host
        """The host by which Kerberos knows the service; empty for that of the URL."""
        self.delegates: Final = delegates
        """The server may act as this user elsewhere."""

    @property
    def is_connection_based(self) -> bool:
        """True when a server may be told who uses a connection, instead of who sends a request."""
        return not _CONNECTION_SCHEMES.isdisjoint(self.schemes)

    def _compared(self) -> tuple[object, ...]:
        return self.username, self.password, self.schemes, self.domain, self.service_host, self.delegates

    def __repr__(self) -> str:
        return f"AuthIdentity({self.username!r}, {'/'.join(self.schemes)})"  # without the password


def password_identity(username: str, password: str, sends_basic: bool = True) -> AuthIdentity:
    """Of a user who leaves it to the server how to be told."""
    return AuthIdentity(username, password, (DIGEST, BASIC), sends_basic)


def identity_of_url(url: Url, sends_basic: bool) -> AuthIdentity | None:
    """Of the user that the URL names; None if it names nobody."""
    if url.username is None:
        return None
    return password_identity(url.username, url.password or "", sends_basic)


def owner_of_connections(identity: AuthIdentity | None) -> AuthIdentity | None:
    """Who needs connections of its own; None for an identity that is told with every request, as for none."""
    return identity if identity is not None and identity.is_connection_based else None
