"""The arguments of `netstack fetch`: curl's names for what both can do."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.cli.exit_status import statuses_text
from netstack_sync.cli.network_arguments import add_network_arguments
from netstack_sync.url_request.redirects import MAX_REDIRECTS

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Fetch one URL and write the body of the answer to standard output. The options are curl's.
A URL without a scheme gets http://. Redirects are followed only with -L."""

_EPILOG = """\
A file is written under another name that ends in .part and renamed when the body is complete; after a failure
nothing is left. Bodies are decoded (gzip, deflate; br and zstd with the extras), also into a file. For a file
the server is asked not to encode, so that its length is known; --compressed lets it.

Without -m, connecting may take 30 seconds and each wait for bytes of the answer 60.

"""

_KEPT = "; an @ at the start means nothing"


def add_fetch_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "fetch",
        help="fetch one URL",
        description=_DESCRIPTION,
        epilog=_EPILOG + statuses_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("url", metavar="URL")
    _add_request(parser.add_argument_group("the request"))
    _add_body(parser.add_argument_group("its body; each of these makes the method POST"))
    _add_output(parser.add_argument_group("the output"))
    _add_limits(parser.add_argument_group("limits and redirects"))
    group = parser.add_argument_group("TLS")
    add_trust_arguments(group, "accept any certificate")
    _add_hsts_and_pins(group)
    add_network_arguments(parser.add_argument_group("names and features"))
    parser.set_defaults(check=lambda options: _check(parser, options))
    return parser


def _add_request(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-X", "--request", metavar="METHOD", help="the method")
    add(
        "-H",
        "--header",
        metavar="LINE",
        action="append",
        default=[],
        help='"Name: value"; "Name:" leaves a header out, "Name;" sends it empty; may be repeated',
    )
    add("-A", "--user-agent", metavar="NAME", help="the User-Agent header")
    add("-e", "--referer", metavar="URL", help="the Referer header")
    add("-u", "--user", metavar="USER[:PASSWORD]", help="for Basic or Digest; asks for a password that is missing")
    add("-I", "--head", action="store_true", help="ask for the head only (HEAD) and show it")
    add("--compressed", action="store_true", help="ask for an encoded body for files as well")


def _add_body(group: argparse._ArgumentGroup) -> None:
    for names, kind, text in (
        (("-d", "--data"), "data", "a form; @FILE is read without its line ends, @- is stdin; repeated: joined by &"),
        (("--data-raw",), "raw", "as -d" + _KEPT),
        (("--data-binary",), "binary", "as -d, but @FILE is sent as it is"),
        (("--json",), "json", "JSON text or @FILE, with the headers that say so; repeated: joined"),
    ):
        group.add_argument(
            *names, metavar="DATA", dest="data", action="append", default=[], type=_tagged(kind), help=text
        )
    group.add_argument(
        "-F",
        "--form",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a field of a multipart form; NAME=@FILE sends a file, ;type= after it says which kind",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-o", "--output", metavar="FILE", help="write to a file; - is standard output, even for binary on a terminal")
    add("-O", "--remote-name", action="store_true", help="write to a file here, named as the last part of the URL")
    add("-i", "--include", action="store_true", help="write the response heads before the body")
    add("--raw", action="store_true", help="write the body as it came, without decoding it")
    add("-v", "--verbose", action="store_true", help="say on stderr what happens; secrets are not shown")
    add("-s", "--silent", action="store_true", help="no progress and no error message")
    add("-S", "--show-error", action="store_true", help="with -s: error messages all the same")
    add("-f", "--fail", action="store_true", help="a status of 400 or above is a failure; its body is not written")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-m", "--max-time", metavar="SECONDS", type=seconds, help="the deadline, everything included; 0 is none")
    add("--connect-timeout", metavar="SECONDS", type=seconds, help="the limit for name, TCP and TLS; 0 is none")
    add("-L", "--location", action="store_true", help="follow redirects; without it a redirect is the answer")
    add("--max-redirs", metavar="N", type=_count, default=MAX_REDIRECTS, help="how many, %(default)s unless given")


def add_trust_arguments(group: argparse._ArgumentGroup, insecure_help: str) -> None:
    """Adds whom to trust, what to show, and which TLS to speak; trust_options.py knows what they mean."""
    add = group.add_argument
    add("-k", "--insecure", action="store_true", help=insecure_help)
    add("--cacert", metavar="FILE", help="trust the authorities in this PEM file, or folder, and no others")
    add("--capath", metavar="DIR", help="trust the authorities in this folder, beside those of --cacert, and no others")
    add("--crlfile", metavar="FILE", help="the certificate revocation lists that the server's must not be in")
    add(
        "-E",
        "--cert",
        metavar="FILE[:PASSWORD]",
        help="the client's certificate, in PEM or PKCS#12; a colon in the name of the file is written \\:",
    )
    add("--key", metavar="FILE", help="its private key, if that is in a file of its own")
    add("--pass", metavar="PASSWORD", dest="key_password", help="the password of the key")
    for version, text in (("1.2", "TLS 1.2 or later, as without it"), ("1.3", "TLS 1.3 or later")):
        add(f"--tlsv{version}", dest="tls_min", action="store_const", const=version, default="1.2", help=text)
    add("--tls-max", metavar="VERSION", choices=("1.2", "1.3", "default"), help="the latest version: 1.2 or 1.3")
    add("--ciphers", metavar="LIST", help="the ciphers of TLS 1.2, in OpenSSL's words")


def _add_hsts_and_pins(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--hsts", metavar="FILE", help="keep in this file which hosts want https, and ask them over nothing else")
    add("--pinnedpubkey", metavar="KEYS", help="sha256//HASH of a key that must be in the chain; several: joined by ;")


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuses what contradicts itself, as argparse does: a line on stderr and exit status 2."""
    if options.head and (options.data or options.form):
        parser.error("-I asks with HEAD; it cannot go with a body")
    if options.data and options.form:
        parser.error("-d and -F are two bodies; a request has one")
    if options.output is not None and options.remote_name:
        parser.error("-o and -O name two files for one body")
    check_trust_arguments(parser, options)


def check_trust_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """The same for what add_trust_arguments() has added."""
    if options.key is not None and options.cert is None:
        parser.error("--key belongs to a certificate: -E FILE")
    if options.key_password is not None and options.cert is None:
        parser.error("--pass belongs to a certificate: -E FILE")


def _tagged(kind: str) -> Callable[[str], tuple[str, str]]:
    return lambda text: (kind, text)


def seconds(text: str) -> float:
    """A number of seconds from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def positive_count(text: str) -> int:
    """A whole number from 1 on."""
    if _count(text) < 1:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return int(text)
