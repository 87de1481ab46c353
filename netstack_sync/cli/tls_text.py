"""What errors say on the command line: the same as in Python, with flags in place of arguments."""

from __future__ import annotations

import argparse
import re
from typing import Final

from netstack_sync.base.exceptions import NetError, TLSError
from netstack_sync.base.tls_wording import Wording

COMMAND_LINE: Final = Wording(
    trust_authority="pass its certificate: --cacert ca.pem",
    trust_server="pass its certificate itself: --cacert server.pem",
    trust_unknown="pass the certificate of that with --cacert",
    pin="--pinnedpubkey",
    pin_unknown="--pinnedpubkey",
    leave_to_openssl="Nothing makes it acceptable but -k, which accepts any certificate.",
    check_revocation="Check that the lists in --crlfile are current.",
    show_certificate="Pass --cert certificate.pem --key key.pem.",
    show_another_certificate="Pass with --cert a valid certificate of an authority that the server trusts.",
    offer_more="--ciphers sets what is offered of TLS 1.2; versions before it are not spoken here.",
    min_limit="--tlsv{version}",
    max_limit="--tls-max {version}",
    ciphers_limit="--ciphers",
)

_FLAGS: Final = {
    "extra_ca": "--capath",
    "cert": "--cert",
    "crls": "--crlfile",
    "ciphers": "--ciphers",
    "min_version": "--tlsv1.3",
    "tls": "--ciphers",  # what else belongs to it is checked before
    "pins": "--pinnedpubkey",
    "hsts": "--hsts",
    "cookies": "-b",
    "file_root": "--file-root",
    "proxy": "-x",
    "proxy_auth": "-U",
}
_handler_hint: Final = re.compile(r"; Session\(schemes=.*\Z")
_argument: Final = re.compile(r"(\w+)(?: of '[^']*')?(?=: )").match

_PHRASES: Final = (
    ("the pair (certificate, key)", "--cert CERTIFICATE --key KEY"),
    ("pass (certificate, key, password)", "name it with --pass"),
    ("pass (path, password)", "name it with --pass"),
    ("max_version '1.2'", "--tls-max 1.2"),
    ("min_version leaves", "--tlsv1.3 leaves"),
    ("Session(file_root=...) names", "--file-root DIR names"),
    ("Session(ftp=True) turns it on", "--ftp turns it on"),
    ("file_root=", "--file-root "),
)


def error_text(error: NetError) -> str:
    """The message of a failure."""
    return error.message_in(COMMAND_LINE) if isinstance(error, TLSError) else flags_text(str(error))


def argument_text(error: Exception, options: argparse.Namespace) -> str:
    """The message about a value that was refused, which begins with the name of the argument."""
    text = str(error)
    named = _argument(text)
    if named is not None:
        given = vars(options)
        trust = "--cacert" if given.get("cacert") is not None else "--capath"
        who = "-u" if given.get("user") is not None else f"--{given.get('auth_scheme') or 'netrc'}"
        flag = {**_FLAGS, "verify": trust, "auth": who}.get(named[1])
        if flag is not None:
            text = flag + text[named.end() :]
    return flags_text(text)


def flags_text(text: str) -> str:
    """A message with what a program would write replaced by what is typed here."""
    for words, ours in _PHRASES:
        text = text.replace(words, ours)
    return _handler_hint.sub("", text)
