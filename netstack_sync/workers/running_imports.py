"""Modules that other threads are just reading."""

from __future__ import annotations

import logging  # noqa: F401  # its lock is taken before a fork, too: after the wait, if its hook was there first
import sys
import time
from typing import Final

_LOOK_AGAIN_S: Final = 0.002
_LIMIT_S: Final = 5.0  # what a disk may take; whoever reads may also wait for something that the forking thread holds


def finish_running_imports(packages: tuple[str, ...] = ("netstack_sync", "cryptography")) -> None:
    """Waits until no thread is in the middle of reading a module of ours, or of what is read as late.

    For who is about to fork: a child has the locks of half-read modules, but not the threads that would release them,
    so that whoever needs one there waits for ever.
    """
    for _ in range(int(_LIMIT_S / _LOOK_AGAIN_S)):
        if not any([_is_being_read(name) for name in list(sys.modules) if name.partition(".")[0] in packages]):
            return
        time.sleep(_LOOK_AGAIN_S)


def _is_being_read(name: str) -> bool:
    # So the import system itself knows whom to let wait (importlib._bootstrap._find_and_load).
    return getattr(getattr(sys.modules.get(name), "__spec__", None), "_initializing", False) is True
