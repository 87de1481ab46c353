"""What errors say on the command line: flags, and nothing that is Python."""

from __future__ import annotations

import argparse
import re
import ssl

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.base.exception_map import exception_for
from netstack_sync.base.tls_wording import TlsTerms
from netstack_sync.cli.main import make_parser
from netstack_sync.cli.tls_text import COMMAND_LINE, argument_text, error_text, flags_text


def test_the_advice_is_for_this_command_line() -> None:
    """Of errors of TLS; others say what they say everywhere."""
    unknown = exception_for(e.ERR_CERT_AUTHORITY_INVALID, detail="why")
    assert error_text(unknown) == (
        "ERR_CERT_AUTHORITY_INVALID (-202): the certificate comes from nobody this machine trusts: why. "
        "If you trust its authority, pass the certificate of that with --cacert."
    )
    limits = TlsTerms(min_version=ssl.TLSVersion.TLSv1_3)
    limited = exception_for(e.ERR_SSL_VERSION_OR_CIPHER_MISMATCH, detail="protocol version", tls_terms=limits)
    assert error_text(limited).endswith(
        ": protocol version. That is a limit of your own: --tlsv1.3 leaves out what this server speaks."
    )
    reset = exception_for(e.ERR_CONNECTION_RESET, detail="why")
    assert error_text(reset) == str(reset)


def test_every_flag_that_is_named_is_one_of_fetch() -> None:
    """And no argument of Python's is."""
    [commands] = [a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    known = {name for action in commands.choices["fetch"]._actions for name in action.option_strings}
    for text in COMMAND_LINE:
        text = text.format(version="1.3", entry="'a.test'")
        assert set(re.findall(r"(?<![\w-])--?[a-z][\w.-]*\w|-k", text)) <= known
        assert not re.search(r"\w=|[()]", text)


@pytest.mark.parametrize(
    "text, said",
    [
        ("verify: the CA file 'x' cannot be read", "--cacert: the CA file 'x' cannot be read"),
        ("extra_ca: the CA directory 'x' holds no certificate", "--capath: the CA directory 'x' holds no certificate"),
        ("cert: 'x' needs a password; pass (path, password)", "--cert: 'x' needs a password; name it with --pass"),
        (
            "cert: 'x' holds no private key in PEM; pass the pair (certificate, key), or a file with both",
            "--cert: 'x' holds no private key in PEM; pass --cert CERTIFICATE --key KEY, or a file with both",
        ),
        (
            "cert: the key in 'x' is encrypted; pass (certificate, key, password)",
            "--cert: the key in 'x' is encrypted; name it with --pass",
        ),
        ("crls: there is no file or directory 'x'", "--crlfile: there is no file or directory 'x'"),
        ("tls: OpenSSL knows no cipher of 'x'", "--ciphers: OpenSSL knows no cipher of 'x'"),
        ("min_version: '1.3' is above max_version '1.2'", "--tlsv1.3: '1.3' is above --tls-max 1.2"),
        ("ciphers: they are what min_version leaves out", "--ciphers: they are what --tlsv1.3 leaves out"),
        ("pins of 'a.test': 'x' is none", "--pinnedpubkey: 'x' is none"),
        ("SSL_CERT_FILE: the CA file 'x' cannot be read", "SSL_CERT_FILE: the CA file 'x' cannot be read"),
        ("no feature is named 'x'", "no feature is named 'x'"),
        ("file_root: '' is no path", "--file-root: '' is no path"),
    ],
)
def test_an_argument_is_called_by_its_flag(text: str, said: str) -> None:
    """What the user has typed, and what the user can type."""
    assert argument_text(ValueError(text), argparse.Namespace(cacert="x")) == said


@pytest.mark.parametrize(
    "given, flag", [({"user": "x"}, "-u"), ({}, "--netrc"), ({"user": None, "auth_scheme": "negotiate"}, "--negotiate")]
)
def test_who_asks_has_many_flags(given: dict[str, str | None], flag: str) -> None:
    """The one that was given is named."""
    assert argument_text(ValueError("auth: why"), argparse.Namespace(**given)) == f"{flag}: why"


def test_schemes_are_turned_on_by_flags() -> None:
    """Those of a program's own cannot be."""
    said = "url: the scheme 'x' is not supported; use http or https"
    assert flags_text(f"{said}; Session(ftp=True) turns it on") == f"{said}; --ftp turns it on"
    assert flags_text(f"{said}; Session(schemes={{'x': handler}}) serves one of your own") == said
    denied = exception_for(e.ERR_ACCESS_DENIED, detail="/x is not below file_root='/y'")
    assert error_text(denied).endswith(": /x is not below --file-root '/y'")


@pytest.mark.parametrize("options", [argparse.Namespace(), argparse.Namespace(cacert=None, capath="x")])
def test_a_folder_alone_is_whom_to_trust(options: argparse.Namespace) -> None:
    """`verify` has two flags."""
    assert argument_text(ValueError("verify: why"), options) == "--capath: why"
