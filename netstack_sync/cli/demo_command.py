"""`netstack demo [URL]`: many threads on one session, with what happened to each request; needs no network."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.cli.arguments import positive_count
from netstack_sync.cli.demo_report import report_totals, row_text, table_head
from netstack_sync.cli.demo_run import DemoRun, Target
from netstack_sync.cli.exit_status import BAD_URL, OK, CommandError
from netstack_sync.fetcher.session import Session
from netstack_sync.testing.default_routes import pattern_bytes

if TYPE_CHECKING:
    from netstack_sync.testing.embedded_server import EmbeddedServer

    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_TIMEOUT_S = 30.0
_DESCRIPTION = """\
Start the embedded server on the loopback interface, fetch from it over http and https from several threads on one
session, and print what happened; then show two promises at work. With a URL, fetch that one instead."""


def add_demo_parser(commands: Commands) -> argparse.ArgumentParser:
    """Adds the command; gives its parser."""
    parser = commands.add_parser(
        "demo",
        help="fetch over http and https from several threads and show it",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="fetch this instead of the embedded server")
    parser.add_argument("--threads", metavar="N", type=positive_count, default=4, help="%(default)s unless given")
    parser.add_argument("--requests", metavar="N", type=positive_count, default=24, help="%(default)s unless given")
    parser.set_defaults(silent=False, show_error=True)
    return parser


def run(options: argparse.Namespace) -> int:
    """Runs the command; raises CommandError when anything is not as it should be."""
    if options.url is not None:
        url = options.url if "://" in options.url else f"http://{options.url}"
        with Session(timeout=_TIMEOUT_S) as session:
            _fetch_all(session, [Target(url)], options)
        return OK
    from netstack_sync.cli.demo_promises import show_promises  # with its certificates slow to import
    from netstack_sync.testing.embedded_server import EmbeddedServer

    with (
        EmbeddedServer() as plain,
        EmbeddedServer(tls=True) as secure,
        Session(verify=secure.ca_file, timeout=_TIMEOUT_S, proxy="direct") as session,
    ):
        print(f"The embedded server listens at {plain.url()} and {secure.url(host='localhost')}")
        _fetch_all(session, _targets(plain, secure), options)
        show_promises(session, plain)
    return OK


def _targets(plain: EmbeddedServer, secure: EmbeddedServer) -> list[Target]:
    """Small and larger bodies, with a length, in chunks and compressed, by turns over http and https."""
    paths = (("/bytes/200", 200), ("/bytes/20000", 20_000), ("/gzip?size=50000", 50_000))
    return [
        Target(server.url(path, "localhost"), pattern_bytes(size)) for path, size in paths for server in (plain, secure)
    ]


def _fetch_all(session: Session, targets: list[Target], options: argparse.Namespace) -> None:
    print(f"{options.requests} requests from {options.threads} threads on one session; times in milliseconds\n")
    demo = DemoRun(session, targets, options.threads, options.requests)
    try:
        print(table_head())
        for outcome in demo.outcomes():
            print(row_text(outcome))
    except InvalidURL as error:
        raise CommandError(BAD_URL, str(error)) from error
    print("\n" + report_totals(demo, session.stats()))
    demo.raise_failure()
