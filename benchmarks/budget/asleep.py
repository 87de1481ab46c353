"""Whether the threads of a process sleep, as the kernel (Linux) tells it."""

from __future__ import annotations

import os
import time

_STEP_S = 0.001
_LOOKS = 3  # in a row; who only waits for the interpreter's lock sleeps as well, but not for long


def are_asleep(process_id: int) -> bool:
    """All but the first one, which is the one that looks, or that waits for the others."""
    folder = f"/proc/{process_id}/task"
    return all(
        _state(f"{folder}/{thread}/stat") in "SDZX" for thread in os.listdir(folder) if int(thread) != process_id
    )


def wait_until_asleep(process_id: int) -> None:
    """For a server whose client is to be waiting when the answer comes."""
    looks = 0
    while looks < _LOOKS:
        time.sleep(_STEP_S)
        looks = looks + 1 if are_asleep(process_id) else 0


def _state(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"  # it has ended
