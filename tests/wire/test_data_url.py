"""Answers inside a URL."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.net_errors import ERR_INVALID_URL
from netstack_sync.wire.data_url import parse_data_url
from netstack_sync.wire.errors import WireError

PLAIN = "text/plain;charset=US-ASCII"


# After web-platform-tests, fetch/data-urls/resources/data-urls.json.
@pytest.mark.parametrize(
    "url, media_type, body",
    [
        ("data:,X", PLAIN, b"X"),
        ("data:,", PLAIN, b""),
        ("data:,X#fragment", PLAIN, b"X"),
        ("data:,a?b", PLAIN, b"a?b"),
        ("data:,a,b", PLAIN, b"a,b"),
        ("data:,X%20%3A%FF%zz%", PLAIN, b"X :\xff%zz%"),
        ("data:text/html,<b>", "text/html", b"<b>"),
        ("data:text/plain;charset=UTF-8,x", "text/plain;charset=UTF-8", b"x"),
        ("data: text/plain ,x", "text/plain", b"x"),
        ("data:;charset=x,y", "text/plain;charset=x", b"y"),
        ("data:;x;x,y", "text/plain;x;x", b"y"),
        ("data:text/plain;Charset=UTF-8;base64,WA", "text/plain;Charset=UTF-8", b"X"),
        ("data:image/png;a=b; BASE64,WA==", "image/png;a=b", b"X"),
        ("data:;base64,WA", PLAIN, b"X"),
        ("data:;base64 ,WA", PLAIN, b"X"),
        ("data:;base64;base64,WA", "text/plain;base64", b"X"),
        ("data:base64,WA", PLAIN, b"WA"),
        ("data:x;base64;y,WA", PLAIN, b"WA"),
        ("data:text/,x", PLAIN, b"x"),
        ("data:text,x", PLAIN, b"x"),
        ("data:text/plain\u00e9,x", PLAIN, b"x"),
        ("data:text/plain;a=%0A,x", "text/plain;a=%0A", b"x"),
    ],
)
def test_media_type_and_body(url: str, media_type: str, body: bytes) -> None:
    """What makes no sense before the comma counts as nothing."""
    assert parse_data_url(url) == (media_type, body)


@pytest.mark.parametrize(
    "data, body",
    [
        ("", b""),
        ("YWI=", b"ab"),
        ("YWI", b"ab"),
        ("YWJj", b"abc"),
        ("YR==", b"a"),  # bits that count for nothing
        ("%20Y%0AW%09Jj%0D%0C", b"abc"),
        ("+/%2B%2f", b"\xfb\xff\xbf"),
    ],
)
def test_forgiving_base64(data: str, body: bytes) -> None:
    """Blanks and missing padding are put up with."""
    assert parse_data_url(f"data:;base64,{data}").body == body


@pytest.mark.parametrize(
    "url",
    [
        *("data:", "data:text/plain", "data:;base64", "data:x#,y"),
        *[
            f"data:;base64,{data}"
            for data in ("Y", "YWJjZ", "YW=", "Y===", "YW=I", "=", "YW_-", "YW%C3%A9", "YQ==YQ==")
        ],
    ],
)
def test_no_data(url: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(WireError, match=re.escape("data: URL")) as caught:
        parse_data_url(url)
    assert caught.value.net_error == ERR_INVALID_URL


@given(st.binary(max_size=100))
def test_what_is_encoded_comes_back(data: bytes) -> None:
    """In both codings."""
    escaped = "".join(f"%{byte:02x}" for byte in data)
    assert parse_data_url(f"data:,{escaped}").body == data
    assert parse_data_url(f"data:a/b;base64,{base64.b64encode(data).decode()}") == ("a/b", data)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40))
def test_the_media_type_can_be_sent(head: str) -> None:
    """Whatever a URL says, nothing but printable characters comes out."""
    try:
        media_type = parse_data_url(f"data:{head},").media_type
    except WireError:
        return
    assert re.fullmatch(r"[!-~]+/[!-~]+( *;[ -~]*)?", media_type)
