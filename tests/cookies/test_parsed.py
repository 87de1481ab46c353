"""A Set-Cookie line as its parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cookies.parsed import (
    MAX_ATTRIBUTE_LENGTH,
    MAX_PAIR_LENGTH,
    ParsedCookie,
    is_valid_pair,
    parse_set_cookie,
)


@pytest.mark.parametrize(
    "line, expected",
    [
        ("a=b", ("a", "b")),
        ("a=b; b", ("a", "b")),
        ('a="zzz "; path=/', ("a", '"zzz "')),
        ('a="z;zz";', ("a", '"z')),
        ('a="B', ("a", '"B')),
        ("a=", ("a", "")),
        ("a= ; path=/", ("a", "")),
        (" \t a\t = \tb c\t ;", ("a", "b c")),
        ("a=b=c==", ("a", "b=c==")),
        ("a\tb=c\td", ("a\tb", "c\td")),
        ('a="b"  ; ', ("a", '"b"')),
        ("value", ("", "value")),
        ("=value; path=/", ("", "value")),
        ("a=\xe4\xff", ("a", "\xe4\xff")),
        ("{a}[b]=@(,)", ("{a}[b]", "@(,)")),
        ("a=b\r\nSet-Cookie: evil=1", ("a", "b")),
        ("a=b\0c; secure", ("a", "b")),
    ],
)
def test_pairs(line: str, expected: tuple[str, str]) -> None:
    """Rows 210 and 211, TestBasic, TestQuoted, TestNameless, QuoteOffTheEnd, MissingName, MissingValue, Whitespace,
    MultipleEquals, QuotedTrailingWhitespace, InvalidNonAlphanumericChars, EmbeddedTerminator, HtabInNameOrValue.
    """
    parsed = parse_set_cookie(line)
    assert parsed is not None and parsed[:2] == expected and not parsed.secure


@pytest.mark.parametrize(
    "line",
    [
        "",
        ";",
        "=",
        " = ; path=/",
        "; a=b",
        "a\x01=b",
        "a=b\x7f",
        "a=\x1b[31m",
        "=a=b",
        "==",
        "__Host-a",
        "=__SECURE-a",
        "\na=b",
    ],
)
def test_what_is_no_cookie(line: str) -> None:
    """Row 211: empty, with control characters, or a value that would pass for a name and value once it is sent."""
    assert parse_set_cookie(line) is None


def test_attributes() -> None:
    """Row 210, TestAttributeCase: in any order and any case of letters; what is unknown is passed over."""
    line = "a=b; PATH = /x ;domain= .A.test; MAX-age=5;eXpires=Wed, 21 Oct 2015 07:28:00 GMT ; SECURE; httpOnly=no"
    assert parse_set_cookie(line + "; SameSite=lAx; Priority=High; Partitioned; ;=") == ParsedCookie(
        "a", "b", ".A.test", "/x", "Wed, 21 Oct 2015 07:28:00 GMT", "5", "lAx", True, True
    )


def test_of_equal_attributes_the_last_counts() -> None:
    """Row 211, MultipleDomainAttributes, EmptyDomainAttributeValid: also when it is empty."""
    parsed = parse_set_cookie("a=b; domain=x.test; domain=; path=/1; path=/2")
    assert parsed is not None and (parsed.domain, parsed.path) == ("", "/2")


def test_sizes() -> None:
    """Row 211, EnforceSizeConstraints: a pair that is too long is no cookie, an attribute is not there."""
    name = "n" * 96
    value = "v" * (MAX_PAIR_LENGTH - 96)
    assert parse_set_cookie(f"{name}={value}") is not None
    assert parse_set_cookie(f"{name}={value}v") is None and parse_set_cookie("v" * (MAX_PAIR_LENGTH + 1)) is None
    longest = "/" + "p" * (MAX_ATTRIBUTE_LENGTH - 1)
    parsed = parse_set_cookie(f"a=b; path={longest}; path={longest}p; domain=x\x01.test")
    assert parsed is not None and parsed.path == longest and parsed.domain is None


def test_lots_of_pairs() -> None:
    """Row 210, LotsOfPairs: one after the other."""
    parsed = parse_set_cookie("a=b;" + "b;" * 100_000 + "secure")
    assert parsed is not None and parsed.secure


@given(st.text(st.characters(max_codepoint=255)))
def test_what_comes_out_can_go_out(line: str) -> None:
    """Whatever a server sends, it cannot write a header line of its own into a request."""
    parsed = parse_set_cookie(line)
    if parsed is not None:
        assert is_valid_pair(parsed.name, parsed.value)
        assert not set(parsed.name + parsed.value) & set("\r\n\0;")
