"""Text of servers on a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cli.terminal_text import field_text, is_encodable, printable, write_text


@given(st.text())
def test_nothing_that_comes_out_moves_a_terminal(text: str) -> None:
    """But for lines and tabs."""
    assert all(c.isprintable() or c in "\n\t" for c in printable(text))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain ü", "plain ü"),
        ("a\r\nb\tc\n", "a\nb\tc\n"),
        ("a\rb\x1b[2J\x07\x9b", r"a\rb\x1b[2J\x07\x9b"),
        ("\u202eabc", r"\u202eabc"),
    ],
)
def test_what_does_not_print_is_escaped(text: str, shown: str) -> None:
    """As in a string of Python's."""
    assert printable(text) == shown


@pytest.mark.parametrize("value, text", [("abc", "abc"), ("\xc3\xbc", "ü"), ("\xfc", "ü")])
def test_header_values_are_utf8_or_latin1(value: str, text: str) -> None:
    """Whatever the server meant."""
    assert field_text(value) == text


@pytest.mark.parametrize(
    "encoding, is_terminal, out",
    [("utf-8", False, "ü\x1b".encode()), ("utf-8", True, "ü\\x1b".encode()), ("ascii", False, b"\\xfc\x1b")],
)
def test_streams_get_what_they_can_show(
    encoding: str, is_terminal: bool, out: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal nothing raw, and no stream what its encoding does not know."""
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding)
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    write_text(stream, "ü\x1b")
    stream.flush()
    assert buffer.getvalue() == out


def test_stream_in_memory_has_no_encoding() -> None:
    """And takes everything."""
    stream = io.StringIO()
    write_text(stream, "ü")
    assert stream.getvalue() == "ü"


@pytest.mark.parametrize("encoding, has_all", [("ascii", False), ("latin-1", True), ("utf-8", True)])
def test_what_an_encoding_has(encoding: str, has_all: bool) -> None:
    """All characters, or not."""
    assert is_encodable("aü", encoding) == has_all
