"""JSON for reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cli.json_text import json_tokens

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def pretty(text: str) -> str | None:
    """The tokens, joined."""
    tokens = json_tokens(text)
    return None if tokens is None else "".join([part for _, part in tokens])


@given(st.lists(_values, max_size=4) | st.dictionaries(st.text(), _values, max_size=4), st.booleans())
def test_layout_is_that_of_python(value: object, is_ascii: bool) -> None:
    """Four spaces; nothing is lost."""
    expected = json.dumps(value, indent=4, ensure_ascii=is_ascii)
    assert pretty(json.dumps(value, ensure_ascii=is_ascii)) == expected == pretty(expected)


def test_what_python_would_change_stays() -> None:
    """Digits, order, repeated names, escapes."""
    text = '{"b": 1.50, "a": 1000000000000000000000.0, "a": "\\u00e9\\/", "c": [], "d": {}}'
    assert pretty(text) == (
        '{\n    "b": 1.50,\n    "a": 1000000000000000000000.0,\n    "a": "\\u00e9\\/",\n    "c": [],\n    "d": {}\n}'
    )


def test_kinds() -> None:
    """What is coloured."""
    tokens = json_tokens('{"a": ["b", -1, true]}')
    assert tokens is not None
    assert [token for token in tokens if token[0] not in ("space", "mark")] == [
        ("key", '"a"'),
        ("string", '"b"'),
        ("number", "-1"),
        ("word", "true"),
    ]


@pytest.mark.parametrize("text", ["", "text", "1", '"a"', "{", '{"a": 1}\n{"a": 2}', "[" * 100_000 + "]" * 100_000])
def test_what_is_no_json_object_stays_text(text: str) -> None:
    """Lines of JSON too, and what is nested without end."""
    assert json_tokens(text) is None
