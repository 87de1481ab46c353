"""Who is asking: -u with the schemes that may be used, --negotiate, --oauth2-bearer, and netrc files."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from typing import Final, TypeAlias

from netstack_sync.auth.credentials import (
    AnyAuth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NegotiateAuth,
    NetrcAuth,
    NtlmAuth,
)
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.fetcher.options import AuthValue

PasswordAuth: TypeAlias = "tuple[str, str] | AnyAuth | BasicAuth | DigestAuth | NegotiateAuth | NtlmAuth"
"""What a user with a password may be."""

_SCHEMES: Final[dict[str, Callable[[str, str], PasswordAuth]]] = {
    "anyauth": AnyAuth,
    "basic": BasicAuth,
    "digest": DigestAuth,
    "negotiate": NegotiateAuth,
    "ntlm": NtlmAuth,
}


def credentials(options: argparse.Namespace) -> AuthValue:
    """What the command line says; asks for a password that is missing, without showing it. Raises CommandError."""
    try:
        if options.oauth2_bearer is not None:
            return BearerAuth(options.oauth2_bearer)
        if options.auth_scheme == "negotiate" and options.user in (None, ":"):
            return NegotiateAuth()
        if options.user is not None:
            return password_auth("-u", options.user, options.auth_scheme)
        if options.netrc or options.netrc_file is not None:
            return NetrcAuth(options.netrc_file)
    except ValueError as error:
        flag = "-u" if options.user is not None else "--oauth2-bearer"
        raise CommandError(USAGE, f"{flag}{str(error).removeprefix('auth')}") from None
    return None


def password_auth(flag: str, text: str, scheme_name: str | None) -> PasswordAuth:
    """What the USER[:PASSWORD] of a flag means; raises ValueError, and CommandError without a password."""
    user, separator, password = text.partition(":")
    if not separator:
        password = _ask(flag, user)
    scheme = _SCHEMES.get(scheme_name or "")
    return (user, password) if scheme is None else scheme(user, password)


def _ask(flag: str, user: str) -> str:
    try:
        return getpass.getpass(f"Password of {user!r}: ")
    except EOFError:
        raise CommandError(USAGE, f"{flag} {user}: no password was given; pass {flag} {user}:PASSWORD") from None
