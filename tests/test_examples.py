"""Every example runs as a program, against a server of its own and against a URL that it is given."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from netstack_sync.testing.embedded_server import EmbeddedServer

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"

PRECONNECTED = [
    "in advance: 3 idle, 3 opened, 0 times reused",
    *["200 on a connection that was there: True"] * 3,
    "afterwards: 3 idle, 3 opened, 3 times reused",
    "closed: 0 idle, 3 opened, 3 times reused",
]

# What each prints, line by line: by itself, and with the URL of a small body.
EXPECTED: dict[str, tuple[list[str], list[str]]] = {
    "blocking_wrapper": (["3000 bytes"], ["6 bytes"]),
    "cancel_and_deadline": (
        [
            r"deadline: DeadlineExceeded ERR_TIMED_OUT \(-7\)",
            "may have been sent: True",
            r"cancelled: ERR_ABORTED \(-3\)",
        ],
        [r"faster than its deadline: <Response \[200 OK\] .*", r"faster than the cancel: <Response \[200 OK\] .*"],
    ),
    "custom_scheme": (
        ["200 bread, milk", "200 call back", "404 no such note", "503 we are offline"],
        ["503 we are offline"],
    ),
    "download": (
        [
            r"broken off: ERR_CONTENT_LENGTH_MISMATCH .*; 1000000 bytes are kept in .*/file\.part, .*",
            "3000000 bytes, resumed, sha256:[0-9a-f]{64}",
        ],
        ["6 bytes, in one go, None"],
    ),
    "fetch": (
        [r"200 application/json \d+ bytes", "<LoadTiming new socket .*>"],
        ["200 text/plain 6 bytes", "<LoadTiming new socket .*>"],
    ),
    "io_thread_application": (
        [
            "MainThread: 200, error 0, 5000 bytes, http://.*/bytes/5000",
            "MainThread: 200, error 0, 6 bytes, http://.*/hello",
            "MainThread: no answer, error -102, 0 bytes, http://127.0.0.1:1/",
        ],
        ["MainThread: 200, error 0, 6 bytes, http://.*/hello"],
    ),
    "many_threads": (
        ["200 requests from 16 threads: 200 good answers", r"at most 6 sockets: [1-6] opened, \d+ times reused"],
        ["200 requests from 16 threads: 200 good answers", r"at most 6 sockets: [1-6] opened, \d+ times reused"],
    ),
    "preconnect": (PRECONNECTED, PRECONNECTED),
    "proxies": (
        [
            *[rf"{name}: 200 through http://127\.0\.0\.1:\d+" for name in ("list", "script")],
            "none: 200 through nobody",
            r"http://127\.0\.0\.1:1 is skipped: ERR_PROXY_CONNECTION_FAILED \(-130\)",
        ],
        [f"{name}: 200 through nobody" for name in ("list", "script", "none")],
    ),
    "ssrf_filter": (
        [
            "200 http://partner.example:.*/hello",
            *["no answer: .*: PermissionError: localhost is not public"] * 2,
            *[r"no answer: .*: PermissionError: 127\.0\.0\.1 is not public"] * 2,
        ],
        [r"no answer: ERR_NAME_NOT_RESOLVED \(-105\): .*: PermissionError: 127\.0\.0\.1 is not public"],
    ),
    "stream_to_disk": (["20000000 bytes in several pieces, .*"], ["6 bytes in one piece, .*"]),
    "update_client": (
        ["UPDATED: .*; version 3, 2 entries", "UP_TO_DATE: .*; version 3, 2 entries"],
        ["BAD_LIST: what came is no list; version 0, 0 entries"] * 2,
    ),
    "submit_futures": (
        ["200 http://.*/delay/0.3", "200 http://.*/hello", r"ERR_CONNECTION_REFUSED \(-102\): .*127.0.0.1:1"],
        ["200 http://.*/hello"],
    ),
}

INTERNAL = [
    *("0.0.0.0", "10.1.2.3", "100.100.100.200", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.192"),
    *("192.0.2.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2001:0:7f00:1::", "2001:db8::1"),
    *("2002:7f00:1::", "fd00:ec2::254", "fe80::1%2", "fec0::1", "ff02::1"),
]
PUBLIC = ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00::1"]


def output_of(name: str, *arguments: str) -> list[str]:
    """What the example prints; it must end well and say nothing on stderr."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def assert_matches(lines: list[str], patterns: list[str]) -> None:
    """Each line fits its pattern; those of requests side by side come in any order."""
    assert len(lines) == len(patterns), lines
    for pattern in patterns:
        assert any(re.fullmatch(pattern, line) for line in lines), (pattern, lines)


@pytest.mark.parametrize("name", EXPECTED)
def test_example_runs_by_itself(name: str) -> None:
    """`python examples/x.py` needs nothing and no network."""
    assert_matches(output_of(name), EXPECTED[name][0])


@pytest.mark.parametrize("name", EXPECTED)
def test_example_takes_a_url(name: str) -> None:
    """`python examples/x.py URL`."""
    with EmbeddedServer() as server:
        assert_matches(output_of(name, server.url("/hello")), EXPECTED[name][1])


def test_every_example_is_here_and_short() -> None:
    """A new one is tested too; forty lines of code at most, but for the one that is a whole application."""
    paths = sorted(EXAMPLES.glob("*.py"))
    assert [path.stem for path in paths] == sorted(EXPECTED)
    for path in paths:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert 10 <= len(lines) <= (180 if path.stem == "update_client" else 40) and lines[0].startswith('"""'), (
            path.name
        )


def test_missing_answers_and_bad_ones_end_the_first_example_with_a_message() -> None:
    """An example of handling errors must handle them."""
    with EmbeddedServer() as server:
        for url, said in (
            (server.url("/status/500"), "an answer, but not a good one: 500 "),
            ("http://127.0.0.1:1/", "no answer: ERR_CONNECTION_REFUSED (-102)"),
        ):
            done = subprocess.run(
                [sys.executable, str(EXAMPLES / "fetch.py"), url],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert done.returncode == 1 and done.stderr.startswith(said)


def test_the_filter_knows_what_is_public() -> None:
    """In every spelling, and where an IPv4 address is inside an IPv6 one; on every Python alike."""
    is_public = runpy.run_path(str(EXAMPLES / "ssrf_filter.py"))["is_public"]
    assert [address for address in INTERNAL if is_public(address)] == []
    assert [address for address in PUBLIC if not is_public(address)] == []
