"""output_of(): what a tool of the system prints. May block; for worker threads."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Final

# They read a file or ask a daemon, which takes milliseconds; beside a login that loads the machine, a second.
_LIMIT_S: Final = 3.0
_MAX_REASON: Final = 200


def output_of(command: Sequence[str], limit_s: float = _LIMIT_S) -> str:
    """Standard output of a command that succeeds within the limit.

    FileNotFoundError when there is no such command; any other OSError tells what was wrong with it.
    """
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} has not answered within {limit_s:g} s") from None
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip()[:_MAX_REASON]
        raise OSError(f"{command[0]} failed with status {done.returncode}: {reason or 'it does not say why'}")
    return done.stdout.decode("utf-8", "replace")
