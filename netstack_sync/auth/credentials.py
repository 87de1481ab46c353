"""What callers pass as `auth`: who they are, and how the server is told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from netstack_sync.auth.identity import BASIC, DIGEST, NEGOTIATE, NTLM, AuthIdentity


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
class NtlmAuth:
    r"""User and password of a Windows domain, or of the server itself, told by NTLM once the server has asked.

    The domain may stand in the name: ``"DOMAIN\user"`` or ``"user@domain.example"``. Needs the extra ``auth``.
    """

    username: str
    password: str = field(repr=False)
    domain: str = ""

    def __post_init__(self) -> None:
        _check_account(self.username, self.password, self.domain)


@dataclass(frozen=True, slots=True)
class NegotiateAuth:
    """Kerberos (or what else SPNEGO finds), once the server has asked (RFC 4559).

    Without a user it is whoever runs the program, by the ticket that ``kinit`` or the logon got. `host` is the name
    by which Kerberos knows the service, if it is not that of the URL: the ticket is for ``HTTP/host``. `delegate`
    lets the server act as this user elsewhere. Needs the extra ``auth``.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = field(default=None, kw_only=True)
    delegate: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.username is None and self.password is not None:
            raise ValueError("auth: a password needs a user name")
        if self.username is not None:
            _check_account(self.username, self.password or "", "")
        if self.host is not None and (not isinstance(self.host, str) or not _is_host_name(self.host)):
            raise ValueError(f"auth: host is the name of a host, without a service or a port, not {self.host!r}")
        if not isinstance(self.delegate, bool):
            raise TypeError(f"auth: delegate must be True or False, not {self.delegate!r}")


@dataclass(frozen=True, slots=True)
class AnyAuth:
    """User and password, told by the best scheme that the server asks for: Negotiate, NTLM, Digest, else Basic.

    Without the extra ``auth`` there are only the last two.
    """

    username: str
    password: str = field(repr=False)
    domain: str = ""

    def __post_init__(self) -> None:
        _check_account(self.username, self.password, self.domain)


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


def any_identity(auth: AnyAuth) -> AuthIdentity:
    """Basic could not tell where a name with a colon ends."""
    schemes = (NEGOTIATE, NTLM, DIGEST) if ":" in auth.username else (NEGOTIATE, NTLM, DIGEST, BASIC)
    return AuthIdentity(auth.username, auth.password, schemes, domain=auth.domain)


def _check_strings(username: object, password: object) -> None:
    if not isinstance(username, str) or not isinstance(password, str):
        raise ValueError("auth: user name and password must be strings")
    try:
        f"{username}{password}".encode()
    except UnicodeEncodeError as error:  # without the text, which is a secret
        raise ValueError(f"auth: user name and password must be valid Unicode: {error.reason}") from None


def _check_account(username: object, password: object, domain: object) -> None:
    _check_strings(username, password)
    if not username:
        raise ValueError("auth: the user name is empty")
    if not isinstance(domain, str) or "\\" in domain:
        raise ValueError(f"auth: domain must be the name of a Windows domain, not {domain!r}")
    if domain and "\\" in str(username):
        raise ValueError("auth: the user name holds a domain already; leave `domain` out")


def _is_host_name(host: str) -> bool:
    return host != "" and host.isprintable() and not any(character in "/@: " for character in host)
