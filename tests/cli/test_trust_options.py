"""The shared arguments about TLS: what they make of a session and of its requests."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from netstack_sync.cli.exit_status import USAGE, CommandError
from netstack_sync.cli.fetch_arguments import add_trust_arguments
from netstack_sync.cli.trust_options import session_tls, trust_options
from netstack_sync.fetcher.options import FetchOptions
from netstack_sync.fetcher.tls_settings import TlsSettings


def parsed(*arguments: str) -> argparse.Namespace:
    """The options of a command that has the shared arguments."""
    parser = argparse.ArgumentParser()
    add_trust_arguments(parser.add_argument_group(), "whatever")
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    "arguments, settings",
    [
        ((), TlsSettings()),
        (("--tlsv1.2", "--tls-max", "default"), TlsSettings()),
        (("--tlsv1.3",), TlsSettings(min_version="1.3")),
        (("--tls-max", "1.2", "--ciphers", "AESGCM"), TlsSettings(max_version="1.2", ciphers="AESGCM")),
    ],
)
def test_settings(arguments: tuple[str, ...], settings: TlsSettings) -> None:
    """Versions and ciphers."""
    assert session_tls(parsed(*arguments)) == {"tls": settings, "extra_ca": None}


def test_revocation_lists(tmp_path: Path) -> None:
    """A file that must be there."""
    assert session_tls(parsed("--crlfile", str(tmp_path)))["tls"].crl_paths() == (str(tmp_path),)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--crlfile", "/nowhere.crl"), "--crlfile: there is no file or directory '/nowhere.crl'"),
        (("--tlsv1.3", "--tls-max", "1.2"), "--tlsv1.3: '1.3' is above --tls-max 1.2"),
    ],
)
def test_what_cannot_be_is_told_by_its_flag(arguments: tuple[str, ...], message: str) -> None:
    """As a usage error without the library's own exception behind it."""
    with pytest.raises(CommandError) as caught:
        session_tls(parsed(*arguments))
    assert caught.value.status == USAGE and str(caught.value).startswith(message)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), {}),
        (("-k", "--cacert", "ca.pem"), {"verify": False}),
        (("--cacert", "ca.pem"), {"verify": "ca.pem"}),
        (("--capath", "folder"), {"verify": "folder"}),
        (("--cacert", "ca.pem", "--capath", "folder"), {"verify": "ca.pem"}),
        (("-E", "me.pem"), {"cert": ("me.pem", None, None)}),
        (("-E", "me.pem", "--key", "me.key"), {"cert": ("me.pem", "me.key", None)}),
        (("-E", "me.p12:a:b"), {"cert": ("me.p12", None, "a:b")}),
        (("-E", "me.p12:"), {"cert": ("me.p12", None, "")}),
        (("-E", r"C\:\\me.p12:x", "--pass", "y"), {"cert": ("C:\\me.p12", None, "y")}),
    ],
)
def test_a_requests_own(arguments: tuple[str, ...], expected: FetchOptions) -> None:
    """Whom it trusts and what it shows; a password may hold colons, and a name of a file with a backslash."""
    assert trust_options(parsed(*arguments)) == expected


def test_the_second_source_is_the_sessions() -> None:
    """Of --cacert and --capath together the folder counts besides."""
    assert session_tls(parsed("--cacert", "ca.pem", "--capath", "folder"))["extra_ca"] == "folder"
