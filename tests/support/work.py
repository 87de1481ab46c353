"""Counts what a parser does, so that a test can tell linear from quadratic without a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable

_SIZED = (bytes, bytearray, str)
_ARE_TOLD_WHERE = frozenset({"find", "startswith", "endswith"})  # to look, as this package uses them


def work_of(function: Callable[[], object]) -> int:
    """Calls, of Python and of C, with the size of what a C method was called on: as much as it may look at or copy."""
    work = 0

    def on_event(_frame: object, event: str, called: object) -> None:
        nonlocal work
        if event == "call":
            work += 1
        elif event == "c_call":
            owner = getattr(called, "__self__", None)
            work += 1
            if isinstance(owner, _SIZED) and getattr(called, "__name__", "") not in _ARE_TOLD_WHERE:
                work += len(owner)

    previous = sys.getprofile()
    sys.setprofile(on_event)
    try:
        function()
    finally:
        sys.setprofile(previous)
    return work
