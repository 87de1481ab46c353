"""Gate: lets tasks wait for something that happens once, such as the end of a load."""

from __future__ import annotations

import traceback

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.loop.completion import Task


class Gate:
    """Closed until open() is called. Loop's thread only."""

    __slots__ = ("_waiting", "is_open")

    def __init__(self, is_open: bool = False) -> None:
        self._waiting: list[Task] = []
        self.is_open = is_open

    def wait(self, on_open: Task) -> int:
        """OK when it is open; else ERR_IO_PENDING, and one call when it opens."""
        if self.is_open:
            return OK
        self._waiting.append(on_open)
        return ERR_IO_PENDING

    def stop_waiting(self, on_open: Task) -> None:
        """The call never comes; idempotent."""
        if on_open in self._waiting:
            self._waiting.remove(on_open)

    def open(self) -> None:
        """Ends all waits; idempotent."""
        self.is_open = True
        while self._waiting:  # one that is called may stop another
            on_open = self._waiting.pop(0)
            try:
                on_open()
            except BaseException:
                traceback.print_exc()  # the bug of one must not leave the others waiting

    def drop(self) -> None:
        """Nobody waits any more, and nobody is called."""
        self._waiting.clear()

    def __repr__(self) -> str:
        return f"<Gate {'open' if self.is_open else 'closed'} {len(self._waiting)} waiting>"
