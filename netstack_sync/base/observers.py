"""ObserverList: tells many about one event, and lets them come and go while it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ObserverList(Generic[T]):
    """Hashable observers in the order they were added; owned by one thread, does not own them.

    While a notification runs, who is removed is not called any more (it may be half torn down), and who is
    added waits for the next one.
    """

    __slots__ = ("_observers",)

    def __init__(self) -> None:
        self._observers: dict[T, None] = {}

    def add(self, observer: T) -> None:
        """From now on `observer` is told; it must not be in the list."""
        assert observer not in self._observers, f"observes already: {observer!r}"
        self._observers[observer] = None

    def remove(self, observer: T) -> None:
        """`observer` is not told any more; a stranger may be removed, which keeps tearing down simple."""
        self._observers.pop(observer, None)

    def notify(self, tell: Callable[[T], object]) -> None:
        """Calls `tell` with each observer; what it raises ends the round and is raised here."""
        for observer in tuple(self._observers):
            if observer in self._observers:
                tell(observer)

    def __len__(self) -> int:
        return len(self._observers)

    def __repr__(self) -> str:
        return f"<ObserverList {list(self._observers)!r}>"
