"""The arguments of `netstack fetch`: curl's names for what both can do, HTTPie's items, and what they contradict."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.cli.exit_status import statuses_text
from netstack_sync.cli.network_arguments import add_network_arguments
from netstack_sync.cli.proxy_options import add_proxy_arguments, check_proxy_arguments
from netstack_sync.cli.request_arguments import (
    add_body_arguments,
    add_credential_arguments,
    add_request_arguments,
    check_request_arguments,
)
from netstack_sync.cli.transfer_arguments import (
    add_limit_arguments,
    add_many_arguments,
    add_message_arguments,
    add_output_arguments,
    check_transfer_arguments,
)
from netstack_sync.cli.write_out import variables_text

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Fetch URLs and write the bodies of the answers to standard output. The options are curl's, the items HTTPie's.
A URL without a scheme gets http://, and ":8000/x" is on this machine. Redirects are followed only with -L.

  netstack fetch https://example.org/
  netstack fetch POST :8000/items name=x count:=3 X-Token:abc
  netstack fetch -ZO https://example.org/a.iso https://example.org/b.iso"""

_EPILOG = """\
items, after the URL; a backslash before a separator takes its meaning away:
  name==value      a parameter of the query
  name=value       a JSON field of the body; with --form or --multipart a field of a form
  name:=JSON       a field that is no text: number, true, list; =@FILE and :=@FILE read the value from a file
  name@FILE        a file of a multipart form; ;type= after it says which kind
  Header:value     a header; "Header:" leaves it out, "Header;" sends it empty

A word before the URL that looks like one is the method; with a body it is POST unless given. URLs after the first
need their scheme if they have a separator in them. Items and options are for all URLs.

A file is written under another name that ends in .part and renamed when the body is complete; after a failure
nothing is left, but with -C - what came stays as NAME.part, and the next -C - goes on from there. Bodies are decoded
(gzip, deflate; br and zstd with the extras), also into a file. For a file the server is asked not to encode, so that
its length is known; --compressed lets it.

Without -m, connecting may take 30 seconds and each wait for bytes of the answer 60.

"""


def add_fetch_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "fetch",
        help="fetch URLs",
        usage="netstack fetch [OPTIONS] [METHOD] URL [URL...] [ITEM...]",
        description=_DESCRIPTION,
        epilog=_EPILOG + variables_text() + "\n\n" + statuses_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("words", metavar="[METHOD] URL [URL...] [ITEM...]", nargs="+", help="what to fetch")
    add_request_arguments(parser.add_argument_group("the request"))
    add_credential_arguments(parser.add_argument_group("credentials and cookies"))
    add_body_arguments(parser.add_argument_group("the body; each of these makes the method POST, -T makes it PUT"))
    add_output_arguments(parser.add_argument_group("the output"))
    add_message_arguments(parser.add_argument_group("what is told"))
    add_limit_arguments(parser.add_argument_group("limits, redirects and retries"))
    add_many_arguments(parser.add_argument_group("several URLs"))
    group = parser.add_argument_group("TLS")
    add_trust_arguments(group, "accept any certificate")
    _add_hsts_and_pins(group)
    add_proxy_arguments(parser.add_argument_group("proxies"))
    _add_names(parser.add_argument_group("names, schemes and features"))
    parser.set_defaults(check=lambda options: _check(parser, options))
    return parser


def _add_names(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--resolve",
        metavar="HOST:PORT:ADDRESS",
        action="append",
        default=[],
        help="connect there for this host and port; may be repeated",
    )
    add(
        "--connect-to",
        metavar="HOST1:PORT1:HOST2:PORT2",
        action="append",
        default=[],
        help="connect to host and port 2 where 1 is meant; may be repeated",
    )
    add("--file-root", metavar="DIR", help="file: URLs may read what is in this folder")
    add("--ftp", action="store_true", help="ftp: URLs may be read")
    add_network_arguments(group)


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
    check_request_arguments(parser, options)
    check_transfer_arguments(parser, options)
    check_trust_arguments(parser, options)
    check_proxy_arguments(parser, options)


def check_trust_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """The same for what add_trust_arguments() has added."""
    if options.key is not None and options.cert is None:
        parser.error("--key belongs to a certificate: -E FILE")
    if options.key_password is not None and options.cert is None:
        parser.error("--pass belongs to a certificate: -E FILE")
