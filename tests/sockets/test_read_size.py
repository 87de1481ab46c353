"""How much to ask a socket for."""

from __future__ import annotations

import pytest

from netstack_sync.sockets.read_size import LARGE_READ_BYTES, SMALL_READ_BYTES, next_read_size


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
