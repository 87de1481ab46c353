"""The arguments of `netstack fetch`: what is refused, and that the documentation knows all of them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from netstack_sync.cli.exit_status import MEANINGS
from netstack_sync.cli.main import make_parser
from tests.support.command_line import Netstack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.rst"


@pytest.mark.parametrize(
    "arguments, why",
    [
        (("-I", "-d", "x"), "-I asks with HEAD"),
        (("-d", "x", "-F", "a=b"), "two bodies"),
        (("-O", "-o", "x"), "-o and -O name 2 files for 1 URL"),
        (("-T", "x", "-d", "y"), "-d and -T are two bodies"),
        (("-G",), "there is no -d"),
        (("--digest",), "--digest needs somebody"),
        (("-u", "a:b", "--oauth2-bearer", "t"), "two ways to say who"),
        (("-J",), "-J changes the name of -O"),
        (("-f", "--fail-with-body"), "pass one"),
        (("-C", "100", "-O"), "only - is understood"),
        (("-C", "-"), "pass -o FILE or -O"),
        (("-C", "-", "-O", "-d", "x"), "-d cannot go with it"),
        (("--xproxy", "http://proxy/"), "unrecognized arguments: --xproxy; see netstack fetch --help"),
        (("--key", "x"), "--key belongs to"),
        (("--pass", "x"), "--pass belongs to"),
        (("--tls-max", "1.1"), "invalid choice: '1.1'"),
        (("-m", "soon"), "'soon' is not a number of seconds"),
        (("-m", "-1"), "'-1' is not a number of seconds"),
        (("--connect-timeout", "inf"), "'inf' is not a number of seconds"),
        (("--max-redirs", "-1"), "'-1' is not a whole number"),
        (("--header-typo",), "unrecognized arguments"),
    ],
)
def test_contradictions_and_nonsense_are_usage_errors(netstack: Netstack, arguments: tuple[str, ...], why: str) -> None:
    """Exit status 2 and one line that says which argument, before anything is sent."""
    done = netstack("fetch", "http://127.0.0.1:1/", *arguments)
    assert done.status == 2 and why in done.err.splitlines()[-1]


def test_help_says_that_redirects_are_not_followed(netstack: Netstack) -> None:
    """The default that differs from fetch() is the first thing that the help tells."""
    done = netstack("fetch", "--help")
    assert done.status == 0
    assert b"Redirects are followed only with -L" in done.out and b"exit status:" in done.out


def test_documentation_names_every_option_and_every_exit_status() -> None:
    """The page is kept true by this."""
    page = PAGE.read_text(encoding="utf-8")
    for command in ("fetch", "demo"):
        options = {name for line in _usage(command) for name in re.findall(r"(?<![\w-])--?[a-zA-Z][\w.-]*", line)}
        assert [name for name in sorted(options) if not re.search(rf"``{name}[`,= ]|, {name}[`,= ]", page)] == []
    assert [status for status in MEANINGS if f"* - {status}\n     - {MEANINGS[status]}\n" not in page] == []


def _usage(command: str) -> list[str]:
    """The option strings of a command, without -h."""
    [commands] = [a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return [" ".join(action.option_strings) for action in commands.choices[command]._actions if action.dest != "help"]
