"""PriorityQueue: first come, first served within a priority, and any value can leave at any time in O(1).

Each priority has a doubly linked list of the pointers it gave out (net/base/priority_queue.h): a request that
is cancelled or changes its priority in a long queue costs no search. Bigger priorities are more urgent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from netstack_sync.base.priority import NUM_PRIORITIES

T = TypeVar("T")


class Pointer(Generic[T]):
    """The place of one value in its queue; made by `insert`, worthless after `erase`."""

    __slots__ = ("_next", "_previous", "_queue", "priority", "value")

    def __init__(self, queue: PriorityQueue[T], value: T, priority: int) -> None:
        self.value = value
        self.priority = priority
        self._queue: PriorityQueue[T] | None = queue
        self._previous: Pointer[T] | None = None
        self._next: Pointer[T] | None = None

    @property
    def queued(self) -> bool:
        """Whether the value is still in the queue."""
        return self._queue is not None

    def __repr__(self) -> str:
        state = "queued" if self.queued else "erased"
        return f"<Pointer {state} priority={int(self.priority)} {self.value!r}>"


class PriorityQueue(Generic[T]):
    """Values by priority; owned by one thread. Not to be changed while it is iterated over: copy it first."""

    __slots__ = ("_heads", "_size", "_tails")

    def __init__(self, num_priorities: int = NUM_PRIORITIES) -> None:
        self._heads: list[Pointer[T] | None] = [None] * num_priorities
        self._tails: list[Pointer[T] | None] = [None] * num_priorities
        self._size = 0

    def insert(self, value: T, priority: int) -> Pointer[T]:
        """Puts a value behind all others of its priority; keep the pointer to erase it."""
        pointer = Pointer(self, value, priority)
        self._link(pointer, self._tails[priority], None)
        return pointer

    def insert_at_front(self, value: T, priority: int) -> Pointer[T]:
        """Puts a value before all others of its priority, such as one that had its turn and lost it."""
        pointer = Pointer(self, value, priority)
        self._link(pointer, None, self._heads[priority])
        return pointer

    def erase(self, pointer: Pointer[T]) -> T:
        """Takes a value out, in O(1), and returns it; each pointer can be erased once."""
        assert pointer._queue is self, f"not in this queue: {pointer!r}"
        previous, following = pointer._previous, pointer._next
        if previous is None:
            self._heads[pointer.priority] = following
        else:
            previous._next = following
        if following is None:
            self._tails[pointer.priority] = previous
        else:
            following._previous = previous
        pointer._queue = pointer._previous = pointer._next = None
        self._size -= 1
        return pointer.value

    def first_max(self) -> Pointer[T] | None:
        """The oldest value of the highest priority: whose turn it is."""
        return next((head for head in reversed(self._heads) if head is not None), None)

    def first_min(self) -> Pointer[T] | None:
        """The oldest value of the lowest priority: whom a full queue gives up."""
        return next((head for head in self._heads if head is not None), None)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        """The values in the order of their turns."""
        for head in reversed(self._heads):
            pointer = head
            while pointer is not None:
                yield pointer.value
                pointer = pointer._next

    def __repr__(self) -> str:
        return f"<PriorityQueue {list(self)!r}>"

    def _link(self, pointer: Pointer[T], previous: Pointer[T] | None, following: Pointer[T] | None) -> None:
        """Hangs a new pointer between two neighbours, of which None means the end of the list."""
        pointer._previous, pointer._next = previous, following
        if previous is None:
            self._heads[pointer.priority] = pointer
        else:
            previous._next = pointer
        if following is None:
            self._tails[pointer.priority] = pointer
        else:
            following._previous = pointer
        self._size += 1
