"""How much to ask a socket for."""

from __future__ import annotations

import platform

import pytest

from netstack_sync.sockets.read_size import (
    LARGE_READ_BYTES,
    SMALL_READ_BYTES,
    first_read_size,
    keep_read_memory,
    next_read_size,
)
from tests.support.subprocesses import run_python


@pytest.mark.parametrize(
    "asked, received, expected",
    [
        (SMALL_READ_BYTES, 10, SMALL_READ_BYTES),
        (SMALL_READ_BYTES, SMALL_READ_BYTES - 1, SMALL_READ_BYTES),
        (SMALL_READ_BYTES, SMALL_READ_BYTES, LARGE_READ_BYTES),
        (LARGE_READ_BYTES, LARGE_READ_BYTES, LARGE_READ_BYTES),
        (LARGE_READ_BYTES, SMALL_READ_BYTES, LARGE_READ_BYTES),
        (LARGE_READ_BYTES, SMALL_READ_BYTES - 1, SMALL_READ_BYTES),
    ],
)
def test_it_follows_the_peer(asked: int, received: int, expected: int) -> None:
    """More is there than was asked for: ask for more; a trickle is not worth a large buffer."""
    assert next_read_size(asked, received) == expected


def test_it_begins_with_what_is_known_of_the_body() -> None:
    """A small one needs no large buffer, and one of unknown length may be small."""
    sizes = [first_read_size(length) for length in (None, 0, SMALL_READ_BYTES - 1, SMALL_READ_BYTES)]
    assert sizes == [SMALL_READ_BYTES] * 3 + [LARGE_READ_BYTES]


_FAULTS = """
import resource
from netstack_sync.sockets.read_size import LARGE_READ_BYTES, keep_read_memory

keep_read_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    buffers = [bytearray(LARGE_READ_BYTES) for _ in range(3)]
    del buffers
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults * resource.getpagesize() // LARGE_READ_BYTES)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators keep what they like")
def test_large_reads_get_the_memory_of_those_before_them() -> None:
    """Three at a time are on their way; the system gives their pages once and not for each of the 150."""
    keep_read_memory()
    assert int(run_python(_FAULTS)) < 30
