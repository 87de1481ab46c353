"""`netstack demo`: what a newcomer sees first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netstack_sync.cli import demo_command
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack
from tests.support.subprocesses import ROOT


def test_demo_shows_requests_sockets_and_promises(netstack: Netstack) -> None:
    """Both schemes, new and reused sockets, totals, a deadline and a cancel; no network, no extras."""
    done = netstack("demo", "--threads", "3", "--requests", "12")
    assert (done.status, done.err) == (0, "")
    lines = done.out.decode().splitlines()
    rows = [line.split() for line in lines if line.startswith("200 ")]
    assert len(rows) == 12 and {row[1] for row in rows} == {"http", "https"}
    assert {row[2] for row in rows} <= {"fetch-1", "fetch-2", "fetch-3"} and {row[3] for row in rows} == {
        "new",
        "reused",
    }
    text = "\n".join(lines)
    assert "Requests: 12 in " in text and " times reused" in text
    assert "with DeadlineExceeded, ERR_TIMED_OUT (-7)" in text and "its waiter was told after " in text


def test_demo_needs_no_proxy(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says: its server is this process."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert netstack("demo", "--threads", "1", "--requests", "2").status == 0


def test_demo_of_a_url_fetches_that_one(netstack: Netstack, server: EmbeddedServer) -> None:
    """The same table, without an embedded server; http:// may be left out."""
    done = netstack("demo", "--requests", "4", server.url("/hello").removeprefix("http://"))
    assert (done.status, done.err) == (0, "") and done.out.count(b"\n200 ") == 4
    assert [request.path for request in server.requests] == ["/hello"] * 4 and b"promises" not in done.out


@pytest.mark.parametrize(
    "url, status, why",
    [("http://127.0.0.1:1/", 7, "ERR_CONNECTION_REFUSED"), ("ftp://h/", 3, "ftp"), ("http://h.invalid", 6, "ERR_NAME")],
)
def test_demo_of_a_bad_url_says_so(netstack: Netstack, url: str, status: int, why: str) -> None:
    """The exit status is that of fetch."""
    done = netstack("demo", "--requests", "2", url)
    assert done.status == status and done.err.startswith("netstack: ") and why in done.err


def test_numbers_are_checked(netstack: Netstack) -> None:
    """At least one thread and one request."""
    assert "at least 1" in netstack("demo", "--threads", "0").err
    assert netstack("demo", "--requests", "x").status == 2


def test_wrong_body_is_a_failure(netstack: Netstack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo compares what comes with what was sent."""
    monkeypatch.setattr(demo_command, "pattern_bytes", lambda size: b"other")
    done = netstack("demo", "--requests", "3")
    assert done.status == 1 and done.err == "netstack: 3 bodies were not what the server sent\n"
    assert done.out.count(b"not what the server sent") == 3


def test_nobody_else_pays_for_its_servers() -> None:
    """Their certificates take a fifth of a command's start."""
    look = "import sys, netstack_sync.cli.main; sys.exit('netstack_sync.testing.embedded_server' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=False).returncode == 0
