"""A part of a file as a body."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync import FileRange


@pytest.mark.parametrize(
    ("offset", "length", "size"), [(0, None, 10), (4, None, 6), (4, 3, 3), (4, 6, 6), (10, None, 0), (10, 0, 0)]
)
def test_its_size(offset: int, length: int | None, size: int) -> None:
    """In a file of ten bytes."""
    assert FileRange("f", offset, length).size_in(10) == size


@pytest.mark.parametrize(("offset", "length"), [(11, None), (4, 7), (11, 0)])
def test_more_than_there_is(offset: int, length: int | None) -> None:
    with pytest.raises(ValueError, match="'f' has 10 bytes, and no"):
        FileRange("f", offset, length).size_in(10)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("f", -1), "offset must be a number of bytes"),
        (("f", True), "offset"),
        (("f", "4"), "offset"),
        (("f", 0, -1), "length"),
        (("f", 0, 1.5), "length"),
    ],
)
def test_bad_values_are_refused(arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        FileRange(*arguments)


def test_what_is_no_path_is_refused() -> None:
    path: Any = 5
    with pytest.raises(TypeError, match="path must be"):
        FileRange(path)
