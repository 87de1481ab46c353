"""Which part is asked for."""

from __future__ import annotations

import pytest

from netstack_sync.wire.range_header import ByteRange, parse_range


@pytest.mark.parametrize(
    "value, found",
    [
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=5-", ByteRange(5, None)),
        ("bytes=-7", ByteRange(None, 7)),
        ("Bytes= 1-2 ", ByteRange(1, 2)),
        ("bytes=-0", ByteRange(None, 0)),
    ],
)
def test_one_part(value: str, found: ByteRange) -> None:
    """From, to, and from the end."""
    assert parse_range(value) == found


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "bytes=", "bytes=-", "bytes=2-1", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "bytes=1"),
        *("bytes=--1", "bytes=1-2-3", "bytes=" + "9" * 30 + "-", "bytes=\u0661-\u0662"),
    ],
)
def test_the_whole(value: str | None) -> None:
    """What makes no sense, and several parts, mean that nothing was asked for."""
    assert parse_range(value) is None
