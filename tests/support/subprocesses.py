"""Runs a Python program in a process of its own, for what would end, interrupt or fork the test's process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_python(program: str, *arguments: str, timeout_s: float = 30.0) -> str:
    """Runs the program at the repository's root; answers what it printed. A failure or a hang is an error."""
    with running_python(program, *arguments) as process:
        return finished_output(process, timeout_s)


@contextmanager
def running_python(program: str, *arguments: str, wrapper: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the program with its output in pipes; killed at the end if it still lives.

    `wrapper` is a command that starts what follows it.
    """
    command = [*wrapper, sys.executable, "-W", "error", "-c", textwrap.dedent(program), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def finished_output(process: subprocess.Popen[str], timeout_s: float = 30.0) -> str:
    """What the process printed until it ended well: exit status 0 and nothing on stderr, within the time."""
    printed, complained = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, f"exit {process.returncode}\n{printed}\n{complained}"
    assert not complained, complained
    return printed


def expect_line(process: subprocess.Popen[str], wanted: str) -> str:
    """Reads lines until one that begins with `wanted`, and answers what follows it there."""
    assert process.stdout is not None and process.stderr is not None
    for line in process.stdout:
        if line.startswith(wanted):
            return line[len(wanted) :].strip()
    raise AssertionError(f"the process ended without {wanted!r}: {process.stderr.read()}")


def wait_for_exit(process: subprocess.Popen[str], timeout_s: float = 30.0) -> float:
    """Seconds until the process has ended well, from now."""
    begin = time.monotonic()
    finished_output(process, timeout_s)
    return time.monotonic() - begin
