"""Who somebody claims to be: what callers pass as `auth`, and what answers challenges."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

BASIC: Final = "basic"
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class AuthIdentity:
    """A user, and the schemes (in lower case) by which a server may be told so; part of every key of the cache."""

    username: str
    password: str = field(repr=False)
    schemes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User and password, sent with the first request already, readable for everybody on the way (RFC 7617)."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_strings(self.username, self.password)
        if ":" in self.username:
            raise ValueError("auth: a user name for basic authentication cannot hold a colon (RFC 7617)")


@dataclass(frozen=True, slots=True)
class DigestAuth:
    """User and password, of which only a hash is sent, once the server has asked for it (RFC 7616)."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        _check_strings(self.username, self.password)


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token that is sent with the first request already (RFC 6750)."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        token = self.token
        if not isinstance(token, str) or not token or not all("!" <= c <= "~" for c in token):
            raise ValueError("auth: a bearer token is a string of visible ASCII characters without spaces")


@dataclass(frozen=True, slots=True)
class NetrcAuth:
    """User and password from a netrc file: `path`, else $NETRC, else .netrc (or _netrc) of the home directory.

    Looked up for the host of each request, which must stand there just so, and for no host of a redirect.
    """

    path: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if self.path is not None and not isinstance(self.path, (str, os.PathLike)):
            raise TypeError(f"auth: the path of a netrc file is a string or a path, not {type(self.path).__name__}")


def password_identity(username: str, password: str) -> AuthIdentity:
    """Of a user who leaves it to the server how to be told."""
    return AuthIdentity(username, password, (DIGEST, BASIC))


def _check_strings(username: object, password: object) -> None:
    if not isinstance(username, str) or not isinstance(password, str):
        raise ValueError("auth: user name and password must be strings")
    try:
        f"{username}{password}".encode()
    except UnicodeEncodeError as error:  # without the text, which is a secret
        raise ValueError(f"auth: user name and password must be valid Unicode: {error.reason}") from None
