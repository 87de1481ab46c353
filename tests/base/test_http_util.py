"""What is a token, a list, a media type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.http_util import charset_of, is_token, parse_list, parse_media_type


@pytest.mark.parametrize("text", ["GET", "x-a", "!#$%&'*+-.^_`|~09"])
def test_a_token_is_letters_digits_and_fifteen_signs(text: str) -> None:
    """RFC 9110 §5.6.2."""
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "a\n", "ä", '"a"', "a/b", "\x00"])
def test_anything_else_is_no_token(text: str) -> None:
    """Not even with a newline at the end."""
    assert not is_token(text)


@pytest.mark.parametrize(
    "value, elements",
    [
        ("", []),
        (" , ,", []),
        ("a", ["a"]),
        ("a, b ,\tc", ["a", "b", "c"]),
        ('a, "b, c"; d="\\",", e', ["a", '"b, c"; d="\\","', "e"]),
        ('"never closed, a', ['"never closed, a']),
        ('a"\\', ['a"\\']),
    ],
)
def test_commas_split_a_list_except_in_quotes(value: str, elements: list[str]) -> None:
    """Empty elements and blanks around elements vanish; an unclosed quote reaches to the end."""
    assert parse_list(value) == elements


@pytest.mark.parametrize(
    "content_type, essence, parameters",
    [
        ("text/html", "text/html", {}),
        (" Text/HTML ; Charset=UTF-8 ", "text/html", {"charset": "UTF-8"}),
        ('a/b;c="d;e\\"f";g=h', "a/b", {"c": 'd;e"f', "g": "h"}),
        ("a/b;;c=1;C=2", "a/b", {"c": "1"}),
        ('a/b;c="never closed', "a/b", {"c": "never closed"}),
        ('a/b; "c=no;d=no"; e=1', "a/b", {"e": "1"}),
        ("a/b;c", "a/b", {}),
        ("a/b;c=", "a/b", {"c": ""}),
        ("", "", {}),
        ("text", "", {}),
        ("text/html, text/plain", "", {}),
    ],
)
def test_a_media_type_is_an_essence_and_parameters(content_type: str, essence: str, parameters: dict[str, str]) -> None:
    """RFC 9110 §8.3.1; the first of equal parameters counts, and junk is skipped."""
    assert parse_media_type(content_type) == (essence, parameters)


@pytest.mark.parametrize(
    "content_type, charset",
    [
        ("text/html; charset=UTF-8", "utf-8"),
        ('text/html; charset="Latin-1"', "latin-1"),
        ("text/html; charset=", None),
        ("text/html", None),
        ("charset=utf-8", None),
    ],
)
def test_the_charset_is_the_parameter_in_lower_case(content_type: str, charset: str | None) -> None:
    """An empty one is none."""
    assert charset_of(content_type) == charset


@given(st.text(alphabet=st.sampled_from('ab/;="\\, \t\n€')))
def test_no_value_makes_the_readers_raise(value: str) -> None:
    """They are lenient by contract: servers send anything."""
    assert all(element in value for element in parse_list(value))
    essence, parameters = parse_media_type(value)
    assert essence or not parameters
