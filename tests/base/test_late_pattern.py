"""A pattern that is compiled late."""

from __future__ import annotations

import re

import pytest

from netstack_sync.base.late_pattern import late_pattern


def test_it_is_compiled_once_and_only_when_it_is_needed() -> None:
    """A wrong one is not noticed before; a right one stays, whatever else the program compiles."""
    wrong, word = late_pattern("("), late_pattern("[a-z]+")
    with pytest.raises(re.error):
        wrong()
    first = word()
    re.purge()
    assert word() is first and first.fullmatch("word") is not None


def test_text_and_bytes() -> None:
    """Each matches its own kind."""
    text, octets = late_pattern("a+")().fullmatch("aa"), late_pattern(b"a+")().fullmatch(b"aa")
    assert text is not None and text[0] == "aa" and octets is not None and octets[0] == b"aa"
