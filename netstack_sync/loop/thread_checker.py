"""Asserts that an object is used only on the thread that owns it."""

from __future__ import annotations

from threading import get_ident


class ThreadChecker:
    """Remembers one thread; `assert checker.is_current()` vanishes under `python -O`.

    Bound to the creating thread unless `detach()`ed; a detached checker binds to the next thread that asks.
    """

    __slots__ = ("_thread_id",)

    def __init__(self) -> None:
        self._thread_id: int | None = get_ident()

    def is_current(self) -> bool:
        """True on the owning thread."""
        if self._thread_id is None:
            self._thread_id = get_ident()
        return self._thread_id == get_ident()

    def detach(self) -> None:
        """Forgets the owner, so that the object may be handed to another thread before its first use there."""
        self._thread_id = None
