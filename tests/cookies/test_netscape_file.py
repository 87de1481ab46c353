"""The cookie file of Netscape, curl and wget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.cookies.canonical import CanonicalCookie
from netstack_sync.cookies.netscape_file import format_netscape_file, parse_netscape_file

NOW = 1_700_000_000.0

WRITTEN_BY_CURL = """\
# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html

#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tb\t2
.example.org\tTRUE\t/x\tTRUE\t1795285281\ta\t1=2
"""


def test_what_curl_writes_is_read() -> None:
    """#HttpOnly_ is no comment, 0 is a session cookie, a domain with a tail is marked by a dot."""
    assert parse_netscape_file(WRITTEN_BY_CURL, NOW).cookies == (
        CanonicalCookie("b", "2", "127.0.0.1", "/", http_only=True, created=NOW),
        CanonicalCookie("a", "1=2", ".example.org", "/x", secure=True, created=NOW, expires=1795285281.0),
    )


@pytest.mark.parametrize(
    "line, cookie",
    [
        ("h\tTRUE\t/\tFALSE\t0\tn\tv\r", CanonicalCookie("n", "v", ".h", "/")),
        (".h\tfalse\t/\tfalse\t0\tn\tv", CanonicalCookie("n", "v", "h", "/")),
        ("h\tFALSE\t/\tFALSE\t0\tn", CanonicalCookie("n", "", "h", "/")),
        ("h\tFALSE\t/\tFALSE\t0\t\tv", CanonicalCookie("", "v", "h", "/")),
    ],
)
def test_variants(line: str, cookie: CanonicalCookie) -> None:
    """Other programs' ways to write the same."""
    assert parse_netscape_file(line, 0.0) == ((cookie,), ())


@pytest.mark.parametrize(
    "line",
    [
        "no tabs",
        "h\tFALSE\t/\tFALSE\t0\tn\tv\tmore",
        ".\tFALSE\t/\tFALSE\t0\tn\tv",
        "h\tMAYBE\t/\tFALSE\t0\tn\tv",
        "h\tFALSE\tx\tFALSE\t0\tn\tv",
        "h\tFALSE\t/\t1\t0\tn\tv",
        "h\tFALSE\t/\tFALSE\tsoon\tn\tv",
        "h\tFALSE\t/\tFALSE\t9999999999999999\tn\tv",
    ],
)
def test_bad_lines_are_counted_and_left_out(line: str) -> None:
    """The others count."""
    text = f"# comment\n{line}\n\n  \nh\tFALSE\t/\tFALSE\t0\tn\tv"
    found = parse_netscape_file(text, 0.0)
    assert found.bad_lines == (2,) and [cookie.name for cookie in found.cookies] == ["n"]


@pytest.mark.parametrize("bad", ["a\tb", "a\nh\tFALSE\t/\tFALSE\t0\tevil\t1", "a\rb", "a\0b"])
def test_cookie_that_would_make_another_one_is_not_written(bad: str) -> None:
    """A server's words write no lines of their own."""
    good = CanonicalCookie("n", "v", "h", "/")
    text = format_netscape_file([CanonicalCookie("n", bad, "h", "/"), CanonicalCookie(bad, "", "h", "/"), good])
    assert parse_netscape_file(text, 0.0) == ((good,), ())


_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=8)


@given(
    st.builds(
        CanonicalCookie,
        _text,
        _text,
        st.sampled_from(["h", ".h.test", "::1"]),
        _text.map("/".__add__),
        st.booleans(),
        st.booleans(),
        expires=st.none() | st.integers(1, 10**12).map(float),
    )
)
def test_what_is_written_is_read_again(cookie: CanonicalCookie) -> None:
    """R9 (CVE-2026-54279): all that the format has a place for; a host-only cookie stays one."""
    assert parse_netscape_file(format_netscape_file([cookie]), 0.0) == ((cookie,), ())
