"""Bytes to text to lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.fetcher.text import (
    decoded_text,
    guessed_encoding,
    is_text_codec,
    rechunked,
    sniffed_encoding,
    split_lines,
    without_mark,
)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"\xef\xbb\xbfa", None, "a"),
        ("a\u20ac".encode("utf-16"), None, "a\u20ac"),
        (b"\xfe\xff\0a", None, "a"),
        (b"ab", None, "ab"),
        (b"", None, ""),
        (b"\xef\xbb\xbfa", "UTF-8", "a"),
        (b"a\xff\xe2\x82", "utf8", "a\ufffd\ufffd"),
        (b"\xe4", "latin-1", "\xe4"),
    ],
)
def test_text_is_the_same_however_it_is_cut(data: bytes, encoding: str | None, text: str) -> None:
    """A character or mark that a piece cuts comes with the next."""
    bytewise = [data[i : i + 1] for i in range(len(data))]
    assert "".join(decoded_text([data] if data else [], encoding)) == text
    assert "".join(decoded_text(bytewise, encoding)) == text


def test_only_text_codecs_count() -> None:
    """A charset=hex that a server sends must not become an exception later."""
    assert all(map(is_text_codec, ["utf-8", "UTF8", "latin1", "utf-16-be", "shift_jis"]))
    assert not any(map(is_text_codec, ["hex", "rot13", "zlib", "idna", "undefined", "no-such", ""]))


def test_the_mark_is_no_part_of_utf_8_text() -> None:
    assert (without_mark("UTF8"), without_mark("latin-1")) == ("utf-8-sig", "latin-1")
    assert sniffed_encoding(b"\xef\xbb\xbf") == "utf-8-sig"


@given(st.lists(st.text(alphabet="ab\r\n\x0b\u2028", max_size=6)))
def test_lines_are_the_same_however_the_text_is_cut(texts: list[str]) -> None:
    """A CRLF that is cut is one end; VT and U+2028 are no ends, unlike in str.splitlines()."""
    whole = "".join(texts).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if whole[-1] == "":
        whole.pop()
    assert list(split_lines(texts)) == whole


def test_a_line_is_given_as_soon_as_it_is_complete() -> None:
    """A server-sent event must not wait for the next one."""
    texts = iter(["one\r", "\ntwo", " halves\n"])
    lines = split_lines(texts)
    assert next(lines) == "one"
    assert next(texts) == "\ntwo"
    assert list(lines) == [" halves"]


@given(st.lists(st.binary(min_size=1, max_size=7)), st.integers(1, 9))
def test_pieces_get_the_size_that_is_asked_for(pieces: list[bytes], size: int) -> None:
    chunks = list(rechunked(pieces, size))
    assert b"".join(chunks) == b"".join(pieces)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks)


@pytest.mark.parametrize("size", [0, -1, True, 1.5, None])
def test_a_bad_size_is_refused_at_once(size: Any) -> None:
    """Not at the first next()."""
    with pytest.raises(ValueError, match="chunk_size: must be a positive number"):
        rechunked([], size)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", "utf-8"),
        ("gr\u00fcn".encode(), "utf-8"),
        ("gr\u00fcn".encode("cp1252"), "windows-1252"),
        ("gr\u00fcn".encode("utf-16"), "utf-16"),
        ("\ufeffgr\u00fcn".encode(), "utf-8-sig"),
        ("gr\u00fcn, gr\u00fcn".encode() + b" \xff", "utf-8"),
        ("gr\u00fcn".encode()[:-2], "windows-1252"),
        ("gr\u00fcn gr\u00fcn".encode()[:-2], "utf-8"),
        (b"\x00\xff\xfe", "utf-8"),
        (b"\x89PNG\r\n\x1a\n", "utf-8"),
    ],
)
def test_a_body_that_says_nothing_of_its_charset(body: bytes, encoding: str) -> None:
    """A few broken characters do not make it something else, and what is no text is not taken for any."""
    assert guessed_encoding(body) == encoding


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "utf-7", "hex", "no such"])
def test_a_server_cannot_choose_a_codec_that_is_no_charset(name: str) -> None:
    """Some of Python's take time that grows with the square of the body."""
    assert not is_text_codec(name)
    assert is_text_codec("latin-1")
