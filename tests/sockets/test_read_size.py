"""AdaptiveReadSize: a value that follows the sizes of messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.sockets.read_size import AdaptiveReadSize


def after(*sizes: int) -> int:
    """The read size after messages of these sizes."""
    read_size = AdaptiveReadSize()
    for size in sizes:
        read_size.note_message(size)
    return read_size.value


@pytest.mark.parametrize(
    "sizes, value",
    [
        ((), 4096),
        ((1,), 4096),
        ((256,), 4096),
        ((1000,), 16_000),
        ((1000, 2000), 17_600),
        ((2000, 1000), 30_400),
        ((1 << 20,), 524_288),
        ((0, 1000), 16_000),
    ],
)
def test_sixteen_average_messages_within_bounds(sizes: tuple[int, ...], value: int) -> None:
    """The first message is the average; each later one counts a tenth."""
    assert after(*sizes) == value


def test_it_follows_a_change() -> None:
    """Within some windows, in either direction."""
    assert after(*[100] * 50, *[20_000] * 50) > 300_000
    assert after(*[20_000] * 50, *[100] * 80) == 4096


@given(st.lists(st.integers(0, 1 << 31)))
def test_it_stays_within_its_bounds(sizes: list[int]) -> None:
    """Whatever comes, and never far from what came."""
    value = after(*sizes)
    assert 4096 <= value <= 524_288
    assert value <= max(4096, 16 * max(sizes, default=0))
