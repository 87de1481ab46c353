"""What the transfers of one command share: how failures are told, when bars are shown."""

from __future__ import annotations

import sys

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.fetch_request import plan_requests
from netstack_sync.cli.fetch_run import FetchRun, choose_board
from netstack_sync.cli.main import make_parser, parse
from netstack_sync.cli.progress import NoProgress
from netstack_sync.fetcher.session import Session
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack


def test_each_failure_is_told_with_its_url(netstack: Netstack, server: EmbeddedServer) -> None:
    """Without credentials; of one URL alone everybody knows which."""
    url = server.url("/status/404")
    with_password = url.replace("//", "//user:secret@")
    done = netstack("fetch", "-f", with_password, server.url("/hello"), "-w", "[%{url}]")
    assert done.status == 22 and done.out == f"[{url}]hello\n[{server.url('/hello')}]".encode()
    assert done.err == f"netstack: {url}: the server answered 404 Not Found\nnetstack: 1 of 2 URLs failed\n"
    assert netstack("fetch", "-f", url).err == "netstack: the server answered 404 Not Found\n"


def test_message_and_timing_come_before_what_is_written_out(netstack: Netstack, server: EmbeddedServer) -> None:
    """With -v."""
    done = netstack("fetch", "-vf", server.url("/status/404"), "-w", "%{stderr}end")
    lines = done.err.splitlines()
    assert [line[:9] for line in lines[-3:]] == ["* Timing ", "netstack:", "end"]


def test_nothing_is_told_of_what_was_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C needs no explanation."""
    options = parse(make_parser(), ["fetch", "h"])
    session = Session()
    run = FetchRun(session, options, plan_requests(options), "written", NoProgress(), None)
    facts = run.new_facts(0)
    run.check_running()
    run.stop()
    with pytest.raises(CommandError):
        run.check_running()
    assert run.finish(facts, None) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments, has_files, is_shown",
    [
        ((), True, True),
        ((), False, False),
        (("-T", "f"), False, True),
        (("-d", "x" * 100_000), False, True),
        (("-d", "x"), False, True),
        (("-F", "a=b"), False, True),
        (("-s",), True, False),
        (("-v",), True, False),
        (("-I",), True, False),
        (("--no-progress-meter",), True, False),
    ],
)
def test_bars_are_for_files_on_a_terminal(
    arguments: tuple[str, ...], has_files: bool, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And for uploads; not among the lines of -v."""
    options = parse(make_parser(), ["fetch", "h", *arguments])
    plan = plan_requests(options)
    assert isinstance(choose_board(options, plan, has_files), NoProgress)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(choose_board(options, plan, has_files), NoProgress) != is_shown


def test_terminal_is_for_readers(netstack: Netstack, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless -o - says that everything is welcome."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert netstack("fetch", server.url("/bytes/10")).status == 23
    assert netstack("fetch", server.url("/bytes/10"), "-o", "-").status == 0
