"""What the values of arguments may be."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from netstack_sync.cli.arguments import byte_range, count, positive_count, request_rate, seconds, size_bytes, typed_text
from netstack_sync.url_request.rate_limit import RateLimit


@pytest.mark.parametrize(
    "read, text, value",
    [
        (seconds, "0", 0.0),
        (seconds, "2.5", 2.5),
        (count, "0", 0),
        (positive_count, "7", 7),
        (size_bytes, "500", 500),
        (size_bytes, "10B", 10),
        (size_bytes, "200k", 200 * 1024),
        (size_bytes, "1.5M", 1536 * 1024),
        (size_bytes, "1g", 1 << 30),
        (request_rate, "2/s", RateLimit(2.0)),
        (request_rate, "30/m", RateLimit(0.5)),
        (request_rate, "7200", RateLimit(2.0)),
        (byte_range, "0-499", "0-499"),
        (byte_range, "-500", "-500"),
        (byte_range, "500-,0-1", "500-,0-1"),
    ],
)
def test_values(read: Callable[[str], object], text: str, value: object) -> None:
    """As curl reads them."""
    assert read(text) == value


@pytest.mark.parametrize(
    "read, text, why",
    [
        (seconds, "soon", "'soon' is not a number of seconds"),
        (seconds, "-1", "'-1' is not"),
        (seconds, "nan", "'nan' is not"),
        (count, "-1", "'-1' is not a whole number"),
        (count, "\u0663", "is not a whole number"),
        (positive_count, "0", "at least 1"),
        (size_bytes, "0", "'0' is not a number of bytes"),
        (size_bytes, "0.0001k", "is not a number of bytes"),
        (size_bytes, "1x", "200k"),
        (request_rate, "0/s", "2/s"),
        (request_rate, "2/w", "2/s"),
        (byte_range, "5", "0-499"),
        (byte_range, "0-1\n", "0-499"),
        (byte_range, "-", "0-499"),
    ],
)
def test_nonsense_is_named(read: Callable[[str], object], text: str, why: str) -> None:
    """With an example of what would do."""
    with pytest.raises(argparse.ArgumentTypeError, match=why):
        read(text)


@pytest.mark.parametrize("text, typed", [("a", "a"), ("ñ", "ñ"), ("\udcc3\udcb1", "ñ"), ("\udcff", "\udcff")])
def test_text_is_utf8_as_it_was_typed(text: str, typed: str) -> None:
    """In a locale without such characters too."""
    assert typed_text(text) == typed
