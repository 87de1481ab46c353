"""Who is asking: -u with --basic or --digest, --oauth2-bearer, and netrc files."""

from __future__ import annotations

import argparse
import getpass

from netstack_sync.auth.identity import BasicAuth, BearerAuth, DigestAuth, NetrcAuth
from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.fetcher.options import AuthValue


def credentials(options: argparse.Namespace) -> AuthValue:
    """What the command line says; asks for a password that is missing, without showing it. Raises CommandError."""
    try:
        if options.oauth2_bearer is not None:
            return BearerAuth(options.oauth2_bearer)
        if options.user is not None:
            return _password_auth(options)
        if options.netrc or options.netrc_file is not None:
            return NetrcAuth(options.netrc_file)
    except ValueError as error:
        flag = "-u" if options.user is not None else "--oauth2-bearer"
        raise CommandError(USAGE, f"{flag}{str(error).removeprefix('auth')}") from None
    return None


def _password_auth(options: argparse.Namespace) -> AuthValue:
    user, separator, password = options.user.partition(":")
    if not separator:
        password = _ask(user)
    if options.auth_scheme == "digest":
        return DigestAuth(user, password)
    if options.auth_scheme == "basic":
        return BasicAuth(user, password)
    return user, password


def _ask(user: str) -> str:
    try:
        return getpass.getpass(f"Password of {user!r}: ")
    except EOFError:
        raise CommandError(USAGE, f"-u {user}: no password was given; pass -u {user}:PASSWORD") from None
