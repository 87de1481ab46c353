"""`netstack cert HOST[:PORT]`: the certificate of a TLS server of any protocol, and the verdict on it."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.exceptions import CertificateError, InvalidURL, NetError, TLSError
from netstack_sync.base.host_port import HostPortPair, bracketed
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.base.tls_warnings import InsecureTlsWarning
from netstack_sync.cli.cert_report import CertReport
from netstack_sync.cli.exit_status import BAD_URL, OK, USAGE, CommandError, exit_status, statuses_text
from netstack_sync.cli.fetch_arguments import add_trust_arguments, check_trust_arguments
from netstack_sync.cli.network_arguments import add_max_time, add_network_arguments, open_session
from netstack_sync.cli.tls_text import COMMAND_LINE, argument_text, error_text
from netstack_sync.cli.trust_options import session_tls, trust_options
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.handshake import handshake
from netstack_sync.fetcher.session import Session

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Shake hands with a TLS server, of https or of any protocol that begins with TLS, and show its certificate, the chain
and what is wrong with them. Nothing is sent after the handshake."""
_EPILOG = """\
A certificate that is refused is shown as well, with every reason, and gives status 60. To trust a server with a
certificate of its own:

  netstack cert -k --pem HOST > server.pem     (compare the fingerprint with what its owner says)
  netstack fetch --cacert server.pem https://HOST/

"""


def add_cert_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "cert",
        help="show the certificate of a server",
        description=_DESCRIPTION,
        epilog=_EPILOG + statuses_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("server", metavar="HOST[:PORT]", help="a host, with port 443 unless given, or an https URL")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--pem", action="store_true", help="write the chain in PEM and nothing else")
    form.add_argument("--json", action="store_true", help="write one JSON object, also for a failure")
    add_max_time(parser, "the limit")
    add_trust_arguments(parser.add_argument_group("TLS"), "ask for no verdict")
    add_network_arguments(parser.add_argument_group("names and features"))
    parser.set_defaults(silent=False, show_error=True, check=lambda options: check_trust_arguments(parser, options))
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command; raises CommandError, NetError and KeyboardInterrupt."""
    options.check(options)
    with open_session(options, **session_tls(options)) as session:
        request = _request(session, options)
        origin = request.url.origin
        server = str(HostPortPair(origin.host, origin.port))
        refusal: CertificateError | None = None
        try:
            info = handshake(session.context, origin, request.tls, options.max_time or None)
        except NetError as error:
            if not isinstance(error, CertificateError) or error.ssl_info is None:
                return _fail(server, error, options)
            info, refusal = error.ssl_info, error
    return _show(server, info, refusal, options)


def _request(session: Session, options: argparse.Namespace) -> FetchRequest:
    """Whom to connect to and on which terms; nothing of it is fetched."""
    text = options.server
    literal = parse_ip_literal(text)
    url = text if "://" in text else f"https://{text if literal is None else bracketed(literal)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureTlsWarning)  # nothing will be sent
            request = session.prepare("GET", url, **trust_options(options))
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from None
    except (ValueError, TypeError) as error:
        raise CommandError(USAGE, argument_text(error, options)) from None
    if not request.url.is_secure:
        raise CommandError(BAD_URL, f"{text!r} is without TLS; pass an https URL, or HOST:PORT")
    return request


def _fail(server: str, error: NetError, options: argparse.Namespace) -> int:
    if not options.json:
        raise error
    name, number = error.net_error
    advice = error.advice_in(COMMAND_LINE) if isinstance(error, TLSError) else ""
    values = {"server": server, "net_error": number, "error": name, "detail": error.detail, "advice": advice}
    print(json.dumps(values), flush=True)
    return exit_status(error)


def _show(server: str, info: SSLInfo, refusal: CertificateError | None, options: argparse.Namespace) -> int:
    report = CertReport(server, info, refusal, SystemWallClock())
    if options.pem:
        print(report.pem(), end="", flush=True)
        if refusal is not None:
            print(f"netstack: {error_text(refusal)}", file=sys.stderr)
    elif options.json:
        print(json.dumps(report.values()), flush=True)
    else:
        _print_lines(report.lines())
    return OK if refusal is None else exit_status(refusal)


def _print_lines(lines: list[str]) -> None:
    """Names are of all scripts, and not every terminal has them."""
    encoding = sys.stdout.encoding
    print("\n".join(lines).encode(encoding, "backslashreplace").decode(encoding), flush=True)
