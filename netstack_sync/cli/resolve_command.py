"""`netstack resolve HOST...`: what the stack's resolver makes of names, and who answered."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.base.exceptions import NetError
from netstack_sync.cli.exit_status import OK, USAGE, exit_status, statuses_text
from netstack_sync.cli.network_arguments import add_max_time, add_network_arguments, open_session
from netstack_sync.dns.host_resolver import CacheUsage, ResolveParameters, ResolveSource
from netstack_sync.fetcher.resolution import Resolution, family_from_value, resolve_on_network_thread

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Resolve host names as a fetch would, one after another on one session, and show the addresses in the order in which
they would be tried, who answered, how long that took and how long the answer may be kept."""


def add_resolve_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "resolve",
        help="resolve host names",
        description=_DESCRIPTION,
        epilog="The status is that of the first name that fails.\n\n" + statuses_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("hosts", nargs="+", metavar="HOST", help="a name or an address")
    add("--family", type=int, choices=(4, 6), default=0, help="only addresses of IPv4 or IPv6")
    add("--no-cache", action="store_true", help="ask anew for a name that is given twice")
    add_max_time(parser, "for each")
    add("--json", action="store_true", help="write one JSON object a line for each name, failures included")
    add_network_arguments(parser)
    parser.set_defaults(silent=False, show_error=True)
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command; gives the status of the first failure. Raises CommandError and KeyboardInterrupt."""
    parameters = ResolveParameters(
        family=family_from_value(options.family),
        cache_usage=CacheUsage.DISALLOWED if options.no_cache else CacheUsage.ALLOWED,
        source=ResolveSource.ANY if options.doh_url is None else ResolveSource.SECURE_DNS,
    )
    status = OK
    with open_session(options) as session:
        for host in options.hosts:
            try:
                resolution = resolve_on_network_thread(session.context, host, 0, parameters, options.max_time or None)
            except ValueError as error:
                _show_failure(host, {"error": "ERR_INVALID_ARGUMENT", "detail": str(error)}, options.json)
                status = status or USAGE
            except NetError as error:
                name, number = error.net_error
                reason = {"error": name, "net_error": number, "detail": error.detail}
                _show_failure(host, reason if options.json else {"detail": str(error)}, options.json)
                status = status or exit_status(error)
            else:
                _show(resolution, options.json)
    return status


def _show(resolution: Resolution, is_json: bool) -> None:
    if is_json:
        print(json.dumps(asdict(resolution)), flush=True)
        return
    facts = [resolution.source, f"{resolution.elapsed * 1000:.1f} ms"]
    if resolution.is_stale:
        facts.append("stale")
    elif resolution.ttl is not None:
        facts.append(f"to be kept for {resolution.ttl:.0f} s")
    print(f"{resolution.host} ({', '.join(facts)})")
    print("".join([f"  {address}\n" for address in resolution.addresses]), end="", flush=True)


def _show_failure(host: str, reason: dict[str, object], is_json: bool) -> None:
    if is_json:
        print(json.dumps({"host": host, **reason}), flush=True)
    else:
        print(f"netstack: {reason['detail']}", file=sys.stderr)
