"""What the shared arguments about TLS mean: for a session, and for a request of it."""

from __future__ import annotations

import argparse
import re
from typing import TypedDict

from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.tls_text import argument_text
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.tls_settings import TlsSettings


class SessionTlsOptions(TypedDict):
    """Keyword arguments of a Session."""

    tls: TlsSettings
    extra_ca: str | None


def session_tls(options: argparse.Namespace) -> SessionTlsOptions:
    """What the session itself must be told; raises CommandError."""
    try:
        settings = TlsSettings(
            min_version=options.tls_min,
            max_version=None if options.tls_max == "default" else options.tls_max,
            ciphers=options.ciphers,
            crls=() if options.crlfile is None else options.crlfile,
        )
    except ValueError as error:
        raise CommandError(USAGE, argument_text(error, options)) from None
    has_both = options.cacert is not None and options.capath is not None
    return {"tls": settings, "extra_ca": options.capath if has_both else None}


def trust_options(options: argparse.Namespace) -> FetchOptions:
    """What a request is told: whom to trust, and which certificate to show."""
    result: FetchOptions = {}
    if options.insecure:
        result["verify"] = False
    elif options.cacert is not None or options.capath is not None:
        result["verify"] = options.cacert if options.cacert is not None else options.capath
    if options.cert is not None:
        result["cert"] = _certificate(options)
    return result


def _certificate(options: argparse.Namespace) -> tuple[str, str | None, str | None]:
    """curl's way to name two things in one: the first colon without a backslash before it ends the file's name."""
    match = re.match(r"(?:\\.|[^:])*", options.cert)
    assert match is not None
    file, rest = re.sub(r"\\([\\:])", r"\1", match.group()), options.cert[match.end() + 1 :]
    password = rest if match.end() < len(options.cert) else None
    return file, options.key, password if options.key_password is None else options.key_password
