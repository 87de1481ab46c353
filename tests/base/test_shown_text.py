"""shown(): text of strangers cannot do anything to whoever reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.shown_text import shown


@pytest.mark.parametrize("text", ["", "a.test", "CN=Müller, O=日本", 'back\\slash "quotes"', "x" * 200])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """All scripts of the world, and backslashes, which stand in the notation of names."""
    assert shown(text) == text


@pytest.mark.parametrize(
    "text, escaped",
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\r\nINFO forged", r"a\r\nINFO forged"),
        ("\0\a\t\x7f", r"\x00\x07\t\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("\u202eexe.txt\u2066\u200f", r"\u202eexe.txt\u2066\u200f"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\ud800 alone", r"\ud800 alone"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, escaped: str) -> None:
    """Controls old and new, line ends of every kind, directions of writing, and halves of characters."""
    assert shown(text) == escaped


def test_long_text_is_cut() -> None:
    """And says so; an escape is there as a whole or not at all."""
    assert shown("x" * 201) == "x" * 199 + "…"
    assert shown("abcdef", 4) == "abc…"
    assert shown("ab\x1bcd", 6) == "ab…" and shown("ab\x1bcd", 7) == "ab\\x1b…" and shown("ab\x1bcd", 8) == "ab\\x1bcd"
    assert shown("\x1b" * 50, 100) == "\\x1b" * 24 + "…"
    assert len(shown("\x1b" * 10_000_000)) <= 200


@given(st.text(st.characters()), st.integers(1, 300))
def test_it_is_always_one_line_that_prints_within_the_limit(text: str, limit: int) -> None:
    """Whatever comes; and every encoding of a terminal can at least refuse it character by character."""
    result = shown(text, limit)
    assert result.isprintable() and len(result) <= limit
    assert result.encode().decode() == result
    if text.isprintable() and len(text) <= limit:
        assert result == text
