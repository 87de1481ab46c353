"""The bytes of a script as text: the mark, then the charset, then what makes sense."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.proxy.pac_text import charset_of, script_text


@pytest.mark.parametrize(
    "data, charset, text",
    [
        (b"abc", "", "abc"),
        ("é".encode(), "", "é"),
        (b"\xe9", "", "é"),  # what is no UTF-8 is Latin-1
        (b"\xe9", "utf-8", "\ufffd"),
        ("é".encode(), "ISO-8859-1", "Ã©"),
        (b"\x80", "windows-1252", "€"),
        ("é".encode("utf-16-le"), "utf-16", "é"),
        ("é".encode("utf-16-be"), "UTF-16BE", "é"),
        ("é".encode(), "no-such-charset", "é"),
        ("é".encode(), " utf8 ", "é"),
        (codecs.BOM_UTF8 + "é".encode(), "iso-8859-1", "é"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "utf-8", "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "", "é"),
        (codecs.BOM_UTF32_LE + "é".encode("utf-32-le"), "", "é"),
        (codecs.BOM_UTF32_BE + "é".encode("utf-32-be"), "", "é"),
    ],
)
def test_bytes_as_text(data: bytes, charset: str, text: str) -> None:
    """The byte order mark counts for more than the charset, and is no part of the text."""
    assert script_text(data, charset) == text


@given(st.binary(), st.sampled_from(["", "utf-8", "utf-16", "utf-16be", "windows-1252", "hex", "idna", "\0"]))
def test_any_bytes(data: bytes, charset: str) -> None:
    """There is always a text."""
    assert isinstance(script_text(data, charset), str)


@pytest.mark.parametrize(
    "content_type, charset",
    [
        ("", ""),
        ("text/plain", ""),
        ("text/plain; charset=utf-8", "utf-8"),
        ('application/x-ns-proxy-autoconfig; a=b; Charset = "UTF-16" ', "UTF-16"),
        ("text/plain; charset", ""),
        ("charset=utf-8", ""),
    ],
)
def test_the_charset_of_a_content_type(content_type: str, charset: str) -> None:
    """A parameter in any spelling; without one there is none."""
    assert charset_of(content_type) == charset
