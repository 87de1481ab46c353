"""How URL text is cut and cleaned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.url_parts import MAX_URL_LENGTH, UrlParts, cleaned, parse_parts, shown_url, with_slashes


def test_a_full_url_has_all_parts() -> None:
    """In their canonical spelling."""
    assert parse_parts("HTTPS://U%6e:p%3a@Host.:8443/a/../b c?d=é#f g") == UrlParts(
        scheme="https",
        has_authority=True,
        username="U%6E",
        password="p%3A",
        host="host",
        port=8443,
        path="/b%20c",
        query="d=%C3%A9",
        fragment="f%20g",
    )


@pytest.mark.parametrize("scheme, port", [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)])
def test_what_is_missing_has_its_default(scheme: str, port: int) -> None:
    """Scheme by scheme."""
    assert parse_parts(f"{scheme}://h") == UrlParts(scheme, True, "", "", "h", port, "/", None, None)
    assert parse_parts(f"{scheme}://h:{port}/").port == parse_parts(f"{scheme}://h:/").port == port


def test_empty_query_and_fragment_are_not_missing_ones() -> None:
    """They are part of the spelling."""
    parts = parse_parts("http://h/?#")
    assert (parts.query, parts.fragment) == ("", "")


@pytest.mark.parametrize(
    "text, path",
    [
        ("http://h/./a/./b/.", "/a/b/"),
        ("http://h/a/b/../../c", "/c"),
        ("http://h/../../c", "/c"),
        ("http://h/a/%2e%2E/b", "/b"),
        ("http://h/a/.%2e", "/"),
        ("http://h/%2e", "/"),
        ("http://h/a%2eb", "/a%2Eb"),
        ("http://h/%2e%2e%2e/", "/%2E%2E%2E/"),
        ("http://h/a//b", "/a//b"),
        ("http://h/a\\b", "/a/b"),
        ("http://h/a\\..\\b", "/b"),
        ("http://h/%zz%20%", "/%25zz%20%25"),
        ("http://h/%c3%a9", "/%C3%A9"),
        ("http://h/é|[]", "/%C3%A9%7C%5B%5D"),
    ],
)
def test_paths_have_no_dot_segments_and_no_bare_characters(text: str, path: str) -> None:
    """An escape that is one stays as it is, a % that is none becomes %25."""
    assert parse_parts(text).path == path


def test_dots_and_backslashes_in_a_query_are_left_alone() -> None:
    """Only paths have segments."""
    assert parse_parts("http://h/?/%2e/../a\\b").query == "/%2E/../a%5Cb"
    assert parse_parts("http://h/#/a\\b").fragment == "/a%5Cb"


@pytest.mark.parametrize(
    "text, problem",
    [
        ("", "has no scheme"),
        ("h", "has no scheme"),
        ("h/p", "has no scheme"),
        ("//h/p", "has no scheme"),
        ("/p", "has no scheme"),
        ("localhost:8080", "has no scheme; write https://host:port"),
        ("example.com:80/p", "has no scheme; write https://host:port"),
        ("http:h", "lacks // and a host"),
        ("http:/h", "lacks // and a host"),
        ("http:", "lacks // and a host"),
        ("http:///p", "has an empty host"),
        ("http://", "has an empty host"),
        ("http://?q", "has an empty host"),
        ("http://:80/", "has an empty host"),
        ("http://u@/", "has an empty host"),
        ("http://h:0/", "has port 0"),
        ("http://h:65536/", "has no valid host and port"),
        ("http://h:70000/", "has no valid host and port"),
        ("http://h:x/", "has no valid host and port"),
        ("http://h:-1/", "has no valid host and port"),
        ("http://h:\uff18\uff10/", "has no valid host and port"),
        ("http://a b/", "has "),
        ("http://a|b/", "has a host with an empty label or with a character"),
        ("http://[::1/", "has no valid host and port"),
        ("http://::1/", "has no valid host and port"),
        ("http://ho%73t/", "has a % in its host"),
        ("http://[fe80::1%25eth0]/", "has a % in its host"),
        ("http://a..b/", "has a host with an empty label"),
        ("http://1.2.3.4.5/", "ends in a number"),
        ("http://☃.net/", "no international domain name"),
        ("http://[ü]/", "not an IPv6 address"),
        ("http://good\\@evil/", "has a backslash before or in the host"),
        ("http:\\\\h/", "has a backslash before or in the host"),
        ("http:/\\h/", "has a backslash before or in the host"),
        ("http:\\h/", "lacks // and a host"),
        ("foo://ho%73t/", "has a % in its host"),
        ("http://h/a\nb", "forbidden character U+000A at position 10"),
        ("http://h\t/", "forbidden character U+0009"),
        ("http://h/\x00", "forbidden character U+0000"),
        ("http://h/\x7f", "forbidden character U+007F"),
        ("http://h/\ud800", "forbidden character U+D800"),
    ],
)
def test_what_is_no_url_is_refused_with_its_reason(text: str, problem: str) -> None:
    """The error names `url`, shows it and says what is wrong."""
    with pytest.raises(InvalidURL) as caught:
        parse_parts(text)
    assert str(caught.value).startswith("url ")
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["http://u:secret@h:70000/", "http:\\\\u:secret@h", "http://u:secret@a b/"])
def test_an_error_shows_no_credentials(text: str) -> None:
    """It will be logged."""
    with pytest.raises(InvalidURL) as caught:
        parse_parts(text)
    assert "secret" not in str(caught.value)
    assert "***@" in str(caught.value)


def test_long_text_is_cut_where_it_is_shown() -> None:
    """A message stays one line."""
    assert shown_url("http://h/" + "a" * 111) == "http://h/" + "a" * 111
    assert shown_url("http://h/" + "a" * 112) == "http://h/" + "a" * 111 + "..."
    assert shown_url("http://" + "a" * 300 + "@") == "http://" + "a" * 113 + "..."


@pytest.mark.parametrize(
    "text, parts",
    [
        ("data:text/html,<b>?x#y z", ("data", False, "text/html,<b>", "x", "y z")),
        ("Data:,é%zz", ("data", False, ",%C3%A9%zz", None, None)),
        ("about:blank", ("about", False, "blank", None, None)),
        ("mailto:a@b", ("mailto", False, "a@b", None, None)),
        ("file:///etc/../passwd?", ("file", True, "/etc/../passwd", "", None)),
        ("foo://", ("foo", True, "", None, None)),
        ("foo:", ("foo", False, "", None, None)),
        ("foo:#", ("foo", False, "", None, "")),
    ],
)
def test_urls_without_host_are_cut_but_left_as_they_are(
    text: str, parts: tuple[str, bool, str, str | None, str | None]
) -> None:
    """Apart from characters beyond ASCII; whoever handles the scheme knows the rest."""
    scheme, has_authority, path, query, fragment = parts
    assert parse_parts(text) == UrlParts(scheme, has_authority, "", "", "", 0, path, query, fragment)


def test_other_schemes_with_a_host_follow_the_rules_of_http() -> None:
    """One way to read a host; but no default port, and a backslash is no slash."""
    parts = parse_parts("FTP://u:p@H.:21/a\\b")
    assert parts == UrlParts("ftp", True, "u", "p", "h", 21, "/a%5Cb", None, None)
    assert parse_parts("foo://127.1").host == "127.0.0.1"
    assert parse_parts("foo://h").port == 0


def test_blanks_around_a_url_are_stripped() -> None:
    """They come with copying; inside they are no part of it."""
    assert cleaned(" \t\r\nhttp://h/ a \n") == "http://h/ a"


def test_there_is_a_longest_url() -> None:
    """Chromium's two megabytes."""
    assert len(cleaned("a" * MAX_URL_LENGTH)) == MAX_URL_LENGTH
    with pytest.raises(InvalidURL, match="longer than 2097152"):
        cleaned("a" * (MAX_URL_LENGTH + 1))


@pytest.mark.parametrize(
    "reference, result",
    [
        ("/a\\b?c\\d", "/a/b?c\\d"),
        ("\\a", "/a"),
        ("a\\b#c\\", "a/b#c\\"),
        ("//h/a\\", "//h/a/"),
        ("?\\", "?\\"),
    ],
)
def test_backslashes_of_a_path_become_slashes(reference: str, result: str) -> None:
    """WHATWG; those of query and fragment stay."""
    assert with_slashes(reference) == result


@pytest.mark.parametrize("reference", ["\\\\h", "/\\h", "\\/h", "//a\\@b", "//a\\"])
def test_backslashes_around_a_host_are_refused(reference: str) -> None:
    """Browsers and urlsplit() disagree on which host is meant."""
    with pytest.raises(ValueError, match="has a backslash before or in the host"):
        with_slashes(reference)


@given(st.text(alphabet="/\\.%2eEa?#", max_size=30))
def test_paths_without_dot_segments_come_out_of_anything(tail: str) -> None:
    """However they are written."""
    segments = parse_parts(f"http://h/{tail}").path.lower().replace("%2e", ".").split("/")
    assert "." not in segments
    assert ".." not in segments
