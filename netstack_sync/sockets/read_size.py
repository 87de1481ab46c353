"""How much to ask a socket for, as the peer's pace suggests.

A buffer is allocated before the system fills it. Up to 64 KiB that costs next to nothing, beyond it is mapped and
unmapped each time: 10 to 20 microseconds, which only a read that brings much is worth. Then it is worth most if it
brings very much: 1 MiB at a time of a fast peer's bytes cost a fifth less CPU than 256 KiB, and 2 MiB another sixth
less, but 4 MiB more again: the processor's cache does not keep them until they are used. brpc takes 16 average messages
between 4 and 512 KiB (src/brpc/input_messenger.cpp); in Python the small sizes gain nothing.
"""

from __future__ import annotations

from typing import Final

SMALL_READ_BYTES: Final = 64 * 1024
LARGE_READ_BYTES: Final = 2 * 1024 * 1024

_LARGE_BODY_BYTES: Final = 64 * 1024  # from here on fewer, larger reads pay

_KEPT_BYTES: Final = 4 * LARGE_READ_BYTES  # what may be on its way through a pipe or to a disk, and the next read


def keep_read_memory() -> None:
    """Lets large reads have the memory of those before them; once in a process is enough.

    glibc maps every block above a threshold anew, and the system gives it page by page, which costs more than to
    receive into it. Freeing a larger block raises the threshold (M_MMAP_THRESHOLD in mallopt(3)). This one is never
    touched; with another C library it does nothing.
    """
    bytes(_KEPT_BYTES)


def first_read_size(content_length: int | None) -> int:
    """For a body of so many bytes; None if nobody has said how many."""
    return LARGE_READ_BYTES if content_length is not None and content_length >= _LARGE_BODY_BYTES else SMALL_READ_BYTES


def next_read_size(asked_bytes: int, received_bytes: int) -> int:
    """Large after a read that filled its buffer, small again after one that brought less than a small one holds."""
    if received_bytes == asked_bytes:
        return LARGE_READ_BYTES
    return SMALL_READ_BYTES if received_bytes < SMALL_READ_BYTES else asked_bytes
