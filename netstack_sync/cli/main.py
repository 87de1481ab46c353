"""`netstack`: finds the command that is asked for, runs it, and turns what happened into an exit status."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from netstack_sync._version import __version__
from netstack_sync.base.exceptions import NetError
from netstack_sync.base.tls_warnings import InsecureTlsWarning
from netstack_sync.cli import (
    cert_command,
    demo_command,
    doctor,
    fetch_command,
    net_watcher,
    proxy_command,
    resolve_command,
)
from netstack_sync.cli.exit_status import INTERRUPTED, OTHER, USAGE, WRITE_ERROR, CommandError, exit_status
from netstack_sync.cli.fetch_arguments import add_fetch_parser
from netstack_sync.cli.messages import complain
from netstack_sync.cli.missing_options import instead_of
from netstack_sync.cli.tls_text import error_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line, by default the process's; gives the exit status."""
    _replace_closed_streams()
    if sys.stdout is None:
        print("netstack: standard output is closed", file=sys.stderr)
        return WRITE_ERROR
    parser = make_parser()
    try:
        status = _run(parser, parse(parser, arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        status = WRITE_ERROR
    except OSError as error:  # a full disk under standard output, no socket to listen on
        print(f"netstack: {error}", file=sys.stderr)
        _forget_stdout()
        status = OTHER
    return status


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="netstack", description="A network stack after Chromium's, on the command line.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"netstack {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="fetch | resolve | proxy | cert | net-watcher | doctor | demo"
    )
    add_fetch_parser(commands).set_defaults(run=fetch_command.run)
    resolve_command.add_resolve_parser(commands).set_defaults(run=resolve_command.run)
    proxy_command.add_proxy_parser(commands).set_defaults(run=proxy_command.run)
    cert_command.add_cert_parser(commands).set_defaults(run=cert_command.run)
    net_watcher.add_net_watcher_parser(commands).set_defaults(run=net_watcher.run)
    doctor.add_doctor_parser(commands).set_defaults(run=doctor.run)
    demo_command.add_demo_parser(commands).set_defaults(run=demo_command.run)
    return parser


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses a command line; the words of a fetch may stand between its options, which argparse does not know of."""
    options, rest = parser.parse_known_args(arguments)
    if rest and (options.command != "fetch" or any([word.startswith("-") for word in rest])):
        unknown = [word for word in rest if word.startswith("-")] or rest
        words = f"unrecognized arguments: {' '.join(unknown)}{instead_of(unknown)}"
        parser.error(f"{words}; see netstack {options.command or ''} --help")
    if rest:
        options.words += rest
    return options


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureTlsWarning)  # -k is an answer; and a line of Python's helps nobody
            status: int = options.run(options)
        return status
    except CommandError as error:
        complain(options, str(error))
        return error.status
    except NetError as error:
        complain(options, error_text(error))
        return exit_status(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _replace_closed_streams() -> None:
    """print() to a stderr that is closed would write to standard output, in the middle of a body."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open until the process ends
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _forget_stdout() -> None:
    """Nothing more can be written to it; without this the interpreter would complain about the rest at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
