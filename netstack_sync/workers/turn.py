"""Turn: one piece of work at a time at something that can bear no two. For worker threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Turn:
    """Whoever comes while somebody works waits, without an order. What has hung up keeps the others out."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def run(self, work: Callable[[], T]) -> T:
        """Does it as soon as nobody else is at it; what it raises is raised."""
        with self._lock:
            return work()
