"""What of a file is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.workers.gaps import Gap, divided, filled, missing_bytes


def test_gaps_are_filled_from_their_beginnings() -> None:
    gaps: tuple[Gap, ...] = (Gap(0, 4), Gap(6, 9))
    gaps = filled(gaps, 6, 1)
    assert (gaps, missing_bytes(gaps)) == ((Gap(0, 4), Gap(7, 9)), 6)
    gaps = filled(gaps, 0, 4)
    assert gaps == (Gap(7, 9),)
    assert filled(gaps, 7, 2) == () and missing_bytes(()) == 0


@pytest.mark.parametrize(("position", "count"), [(1, 1), (0, 5), (4, 1)])
def test_nothing_else_is_filled(position: int, count: int) -> None:
    """A byte in the wrong place must not count."""
    with pytest.raises((ValueError, AssertionError)):
        filled((Gap(0, 4),), position, count)


def test_one_gap_is_divided_evenly() -> None:
    assert divided([Gap(0, 10)], 3, 1) == (Gap(0, 3), Gap(3, 6), Gap(6, 10))
    assert divided([Gap(5, 15)], 4, 5) == (Gap(5, 10), Gap(10, 15))
    assert divided([Gap(0, 9)], 4, 5) == (Gap(0, 9),)
    assert divided([Gap(0, 9)], 1, 1) == (Gap(0, 9),)


def test_of_several_the_widest_is_halved() -> None:
    assert divided([Gap(0, 2), Gap(10, 18)], 3, 1) == (Gap(0, 2), Gap(10, 14), Gap(14, 18))
    assert divided([Gap(0, 2), Gap(10, 18)], 4, 3) == (Gap(0, 2), Gap(10, 14), Gap(14, 18))


@given(
    lengths=st.lists(st.integers(1, 1000), min_size=1, max_size=5),
    count=st.integers(1, 20),
    least_bytes=st.integers(1, 100),
)
def test_the_bytes_stay_the_same(lengths: list[int], count: int, least_bytes: int) -> None:
    """However they are divided, and in whatever order they are filled afterwards."""
    gaps, position = [], 0
    for length in lengths:
        gaps.append(Gap(position, position + length))
        position += length + 1
    parts = divided(gaps, count, least_bytes)
    covered = [byte for part in parts for byte in range(part.first, part.end)]
    assert covered == [byte for gap in gaps for byte in range(gap.first, gap.end)]
    assert len(parts) <= max(count, len(gaps))
    assert all(part in gaps or part.length >= least_bytes for part in parts)
    for part in parts[::-1]:
        parts = filled(parts, part.first, part.length)
    assert parts == ()
