"""Content-Range: which part an answer holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.wire.content_range import ContentRange, parse_content_range, parse_unsatisfied_range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 0-0/1", ContentRange(0, 0, 1)),
        ("bytes 5-9/10", ContentRange(5, 9, 10)),
        ("BYTES 5-9/*", ContentRange(5, 9, None)),
    ],
)
def test_ranges_of_answers(value: str, expected: ContentRange) -> None:
    assert parse_content_range(value) == expected
    assert expected.length == expected.last - expected.first + 1


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "bytes", "bytes 5-9", "bytes 9-5/10", "bytes 5-10/10", "bytes 5-9/4", "bytes */10", "items 5-9/10"),
        *(
            "bytes -5-9/10",
            "bytes 5 - 9/10",
            "bytes 5-9/10, bytes 5-9/10",
            "bytes \u0665-9/10",
            f"bytes 0-9/{'9' * 5000}",
        ),
    ],
)
def test_what_makes_no_sense_is_no_range(value: str | None) -> None:
    """Nobody may guess which bytes an answer holds (RFC 9110 §14.4)."""
    assert parse_content_range(value) is None


def test_the_size_that_a_416_tells() -> None:
    assert parse_unsatisfied_range("bytes */0") == 0
    assert parse_unsatisfied_range("Bytes */47022") == 47022
    for value in (None, "", "bytes */*", "bytes 0-1/2", "bytes */-1", "*/5"):
        assert parse_unsatisfied_range(value) is None


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.one_of(st.none(), st.integers(0, 10**12)))
def test_what_is_read_is_what_was_written(first: int, last: int, size: int | None) -> None:
    """Or nothing, when the parts contradict each other."""
    expected = ContentRange(first, last, size)
    is_possible = first <= last and (size is None or last < size)
    text = f"bytes {first}-{last}/{'*' if size is None else size}"
    assert parse_content_range(text) == (expected if is_possible else None)
