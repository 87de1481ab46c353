"""The arguments of `netstack fetch` about what is asked: method, headers, credentials, cookies, body."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from netstack_sync.cli.arguments import byte_range

_KEPT = "; an @ at the start means nothing"


def add_request_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds method and headers."""
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
    add("-I", "--head", action="store_true", help="ask for the head only (HEAD) and show it")
    add("-G", "--get", action="store_true", help="append the data of -d to the URL, and send no body")
    add("-r", "--range", metavar="RANGE", type=byte_range, help="ask for some bytes only: 0-499, 500-, -500")
    add("--compressed", action="store_true", help="ask for an encoded body for files as well")
    add("--http1.1", action="store_true", help="speak HTTP/1.1, as without it")


def add_credential_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds who is asking, and the cookies."""
    add = group.add_argument
    add("-u", "--user", metavar="USER[:PASSWORD]", help="asks for a password that is missing; Basic, or what is asked")
    add("--basic", dest="auth_scheme", action="store_const", const="basic", help="with -u: Basic and nothing else")
    add("--digest", dest="auth_scheme", action="store_const", const="digest", help="with -u: Digest and nothing else")
    add(
        "--negotiate",
        dest="auth_scheme",
        action="store_const",
        const="negotiate",
        help="Kerberos or what else SPNEGO finds, and nothing else; without -u, or with -u :, as who is logged on here",
    )
    add("--ntlm", dest="auth_scheme", action="store_const", const="ntlm", help=r"with -u [DOMAIN\]USER: NTLM alone")
    add("--anyauth", dest="auth_scheme", action="store_const", const="anyauth", help="with -u: the best of all these")
    add("--oauth2-bearer", metavar="TOKEN", help="send this bearer token")
    add("-n", "--netrc", action="store_true", help="take user and password from $NETRC or ~/.netrc, if they are there")
    add("--netrc-file", metavar="FILE", help="the same from this file")
    add(
        "-b",
        "--cookie",
        metavar="DATA|FILE",
        action="append",
        default=[],
        help='cookies: "name=value; other=value", or a file in the format of Netscape and curl; may be repeated',
    )
    add("-c", "--cookie-jar", metavar="FILE", help="write all cookies to this file at the end; - is standard output")


def add_body_arguments(group: argparse._ArgumentGroup) -> None:
    """Adds what is sent."""
    for names, kind, text in (
        (("-d", "--data"), "data", "a form; @FILE is read without its line ends, @- is stdin; repeated: joined by &"),
        (("--data-raw",), "raw", "as -d" + _KEPT),
        (("--data-binary",), "binary", "as -d, but @FILE is sent as it is"),
        (("--data-urlencode",), "urlencode", "as -d, with CONTENT encoded: CONTENT, NAME=CONTENT, @FILE or NAME@FILE"),
        (("--json",), "json", "JSON text or @FILE, with the headers that say so; repeated: joined"),
    ):
        group.add_argument(
            *names, metavar="DATA", dest="data", action="append", default=[], type=_tagged(kind), help=text
        )
    group.add_argument(
        "-F",
        metavar="NAME=VALUE",
        dest="form_fields",
        action="append",
        default=[],
        help="a field of a multipart form; NAME=@FILE sends a file, NAME=<FILE its text; ;type= and ;filename= "
        "after it say which kind and name",
    )
    group.add_argument("-T", "--upload-file", metavar="FILE", help="send this file with PUT; - is stdin")
    group.add_argument("--form", action="store_true", help="send the items name=value as a form and not as JSON")
    group.add_argument("--multipart", action="store_true", help="send them as a multipart form")


def check_request_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuses what contradicts itself, as argparse does."""
    bodies = [
        name
        for name, is_given in (
            ("-d", bool(options.data) and not options.get),
            ("-F", bool(options.form_fields)),
            ("-T", options.upload_file is not None),
        )
        if is_given
    ]
    if options.head and bodies:
        parser.error("-I asks with HEAD; it cannot go with a body")
    if len(bodies) > 1:
        parser.error(f"{bodies[0]} and {bodies[1]} are two bodies; a request has one")
    if options.get and not options.data:
        parser.error("-G appends what -d gives; there is no -d")
    if options.auth_scheme not in (None, "negotiate") and options.user is None:
        parser.error(f"--{options.auth_scheme} needs somebody: -u USER:PASSWORD")
    if options.oauth2_bearer is not None and (options.user is not None or options.auth_scheme is not None):
        who = "-u" if options.user is not None else f"--{options.auth_scheme}"
        parser.error(f"{who} and --oauth2-bearer are two ways to say who is asking; pass one")


def _tagged(kind: str) -> Callable[[str], tuple[str, str]]:
    return lambda text: (kind, text)
