"""`netstack`: finds the command, and ends well whatever happens."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from typing import Literal

import pytest

import netstack_sync
from netstack_sync.cli.exit_status import WRITE_ERROR
from netstack_sync.cli.main import main, make_parser, parse
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_in_body
from netstack_sync.testing.server_tls import TlsRecipe
from tests.support.command_line import Netstack
from tests.support.subprocesses import ROOT

COMMAND = [sys.executable, "-W", "error", "-m", "netstack_sync"]


def started(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """The command as a process of its own."""
    return subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE)


def test_without_a_command_the_help_is_shown(netstack: Netstack) -> None:
    """On stderr, as a usage error."""
    done = netstack()
    assert done.status == 2 and done.out == b""
    assert "fetch | resolve | proxy | cert | net-watcher | doctor | demo" in done.err


def test_version(netstack: Netstack) -> None:
    """The package's."""
    assert netstack("--version").out == f"netstack {netstack_sync.__version__}\n".encode()


def test_module_is_the_command(server: EmbeddedServer) -> None:
    """python -m netstack_sync."""
    out, err = (process := started("fetch", server.url("/hello"))).communicate(timeout=30)
    assert (process.returncode, out, err) == (0, b"hello\n", b"")


@pytest.mark.parametrize("leaf, words", [("good", "--cacert ca.pem"), ("self_signed", "--cacert server.pem")])
def test_advice_names_flags(netstack: Netstack, leaf: Literal["good", "self_signed"], words: str) -> None:
    """Whoever types commands cannot pass arguments of Python's."""
    with EmbeddedServer(tls=TlsRecipe(leaf)) as server:
        done = netstack("fetch", server.url("/"))
    assert done.status == 60 and done.err.count("\n") == 1
    assert words in done.err and "verify=" not in done.err


@pytest.mark.parametrize("flags, words", [(("--tlsv1.3",), "--tlsv1.3"), (("--tls-max", "1.2"), "--tls-max 1.2")])
def test_a_limit_of_the_users_own_is_named(netstack: Netstack, flags: tuple[str, ...], words: str) -> None:
    """From the flag to the message."""
    version = ssl.TLSVersion.TLSv1_2 if flags[0] == "--tlsv1.3" else ssl.TLSVersion.TLSv1_3
    with EmbeddedServer(tls=TlsRecipe(min_version=version, max_version=version)) as server:
        for command, target in (("fetch", server.url("/")), ("cert", f"127.0.0.1:{server.port}")):
            done = netstack(command, *flags, target)
            assert done.status == 35 and f"That is a limit of your own: {words}" in done.err


def test_reader_that_goes_away_ends_it_quietly(server: EmbeddedServer) -> None:
    """`netstack fetch URL | head` says nothing and does not read the rest."""
    with started("fetch", server.url("/bytes/20000000")) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(10) == bytes(range(10))
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(30) == 23


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("arguments, status", [(("fetch", "URL"), 23), (("demo", "--requests", "1", "URL"), 1)])
def test_full_disk_under_standard_output_is_said(
    server: EmbeddedServer, arguments: tuple[str, ...], status: int
) -> None:
    """One line, no traceback, also when only the last flush finds out."""
    with open("/dev/full", "wb") as full:
        url = server.url("/hello")
        process = started(*[url if word == "URL" else word for word in arguments], stdout=full.fileno())
        _, err = process.communicate(timeout=30)
    assert process.returncode == status and err.startswith(b"netstack: ") and err.count(b"\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_ends_it_with_130(server: EmbeddedServer) -> None:
    """At once, in the middle of a body, without a traceback."""
    server.route("/stall", Answer(body=b"half of it", fault=stall_in_body(5)))
    with started("fetch", server.url("/stall")) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(5) == b"half "
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130 and process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_does_not_wait_for_what_is_paced(server: EmbeddedServer) -> None:
    """What has come already would take --limit-rate a quarter of an hour, on each of the threads."""
    url = server.url("/bytes/900000")
    with started("fetch", "-Z", "--limit-rate", "1k", url, url) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130 and process.stderr.read() == b""


def test_ctrl_c_status_within_the_process(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number that shells give."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("netstack_sync.cli.fetch_command.run", interrupted)
    assert netstack("fetch", "h") == (130, b"", "")


@pytest.mark.parametrize("error, status, said", [(BrokenPipeError(), 23, ""), (OSError("why"), 1, "netstack: why\n")])
def test_lost_standard_output_within_the_process(
    netstack: Netstack, monkeypatch: pytest.MonkeyPatch, error: OSError, status: int, said: str
) -> None:
    """What follows goes nowhere, so that the interpreter's end is quiet."""
    saved = os.dup(1)

    def lost(_: object) -> int:
        raise error

    monkeypatch.setattr("netstack_sync.cli.fetch_command.run", lost)
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)
    try:
        assert netstack("fetch", "h") == (status, b"", said)
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def test_closed_streams_do_no_harm(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What is said to a closed stderr does not come out among the body; from a closed stdin nothing comes."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stderr", None)
    try:
        assert main(["fetch", "-kv", "-T", "-", server.url("/echo"), "-so", os.devnull, "-w", "%{http_code}"]) == 0
    finally:
        for stream in (sys.stdin, sys.stderr):
            stream.close()
    assert capfdbinary.readouterr() == (b"200", b"")
    assert server.requests[-1].body == b""


def test_unknown_option_is_told_alone(netstack: Netstack) -> None:
    """Without the words that stand beside it."""
    done = netstack("fetch", "h", "--bogus", "other")
    assert done.status == 2 and done.err.endswith("unrecognized arguments: --bogus; see netstack fetch --help\n")


def test_closed_standard_output_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with `>&-` in a shell; Python then has none."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["demo"]) == WRITE_ERROR
    assert "standard output is closed" in capsys.readouterr().err


def test_failure_of_the_network_is_told_in_one_line(netstack: Netstack) -> None:
    """With the status of its kind."""
    done = netstack("cert", "127.0.0.1:1")
    assert done.status == 7 and done.err.startswith("netstack: ERR_CONNECTION_REFUSED (-102): ")


def test_what_makes_no_sense_is_told_in_one_line(netstack: Netstack) -> None:
    """Before anything is sent."""
    done = netstack("fetch", "h", "a:=b")
    assert done.status == 2 and done.err.startswith("netstack: a:=b: ") and done.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("fetch", "h", "-v", "a=b", "--no-such"),
        ("fetch", "h", "--no-such", "a=b"),
        ("resolve", "-m", "5", "h", "-m", "5", "g"),
        ("doctor", "x"),
    ],
)
def test_what_is_left_over_is_refused(netstack: Netstack, arguments: tuple[str, ...]) -> None:
    """Only the words of a fetch may stand anywhere."""
    done = netstack(*arguments)
    assert done.status == 2 and "netstack: error: unrecognized arguments: " in done.err


def test_words_of_a_fetch_keep_their_order() -> None:
    """Wherever they stand."""
    options = parse(make_parser(), ["fetch", "-s", "PUT", "h", "-A", "x", "a=b", "-v", "c=d"])
    assert options.words == ["PUT", "h", "a=b", "c=d"] and options.verbose
