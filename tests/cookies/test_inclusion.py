"""Which cookies go with a request."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.cookies.inclusion import (
    cookie_line,
    domain_matches,
    in_sending_order,
    is_included,
    path_matches,
    would_hide_secure,
)
from tests.support.cookies import NOW, cookie


@pytest.mark.parametrize(
    "domain, host, expected",
    [
        ("a.test", "a.test", True),
        ("a.test", "b.a.test", False),
        (".a.test", "a.test", True),
        (".a.test", "c.b.a.test", True),
        (".a.test", "ba.test", False),
        (".a.test", "test", False),
        (".b.a.test", "a.test", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.1", "127.0.0.1", False),
        ("::1", "::1", True),
    ],
)
def test_domains(domain: str, host: str, expected: bool) -> None:
    """A dot in front includes what is below."""
    assert domain_matches(domain, host) == expected


@pytest.mark.parametrize(
    "cookie_path, path, expected",
    [
        ("/", "/", True),
        ("/", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/", "/a/b", True),
        ("/a", "/ab", False),
        ("/a/", "/a", False),
        ("/a", "/A", False),
        ("/a/b", "/a", False),
    ],
)
def test_paths(cookie_path: str, path: str, expected: bool) -> None:
    """Row 205, GetAllCookiesForURLPathMatching: whole segments."""
    assert path_matches(cookie_path, path) == expected


@pytest.mark.parametrize(
    "line, url, expected",
    [
        ("a=b; Path=/", "https://www.a.test/", True),
        ("a=b; Path=/", "http://www.a.test:8080/x", True),
        ("a=b; Path=/", "https://x.www.a.test/", False),
        ("a=b; Path=/; Domain=a.test", "https://x.a.test/", True),
        ("a=b", "https://www.a.test/", False),
        ("a=b; Path=/; Secure", "https://www.a.test:8443/", True),
        ("a=b; Path=/; Secure", "http://www.a.test/", False),
        ("a=b; Path=/; SameSite=Strict; HttpOnly", "http://www.a.test/", True),
    ],
)
def test_requests(line: str, url: str, expected: bool) -> None:
    """Rows 205, 208 and 209, GetAllCookiesForURL, SetSecureCookies, IsCookieSentToSamePortThatSetIt: ports do not
    count, Secure needs https, and a program's requests are of no other site.
    """
    assert is_included(cookie(line), Url.parse(url)) == expected


def test_order() -> None:
    """Row 205, CookieSorting, CookieListOrdering: longer paths, then older ones, then as they were."""
    short, long = cookie("short=1; Path=/"), cookie("long=1; Path=/dir")
    older, same = cookie("older=1; Path=/dir", now=NOW - 1), cookie("same=1; Path=/dir")
    assert in_sending_order([short, long, same, older]) == [older, long, same, short]


def test_the_line() -> None:
    """A cookie without a name is its value alone."""
    assert cookie_line([("a", "1"), ("", "2"), ("c", "")]) == "a=1; 2; c="
    assert cookie_line([]) == ""


@pytest.mark.parametrize(
    "new, known, expected",
    [
        ("a=1; Path=/", "a=2; Path=/; Secure", True),
        ("a=1; Path=/", "a=2; Path=/", False),
        ("a=1; Path=/", "b=2; Path=/; Secure", False),
        ("a=1; Path=/; Domain=a.test", "a=2; Path=/; Secure", True),
        ("a=1; Path=/", "a=2; Path=/; Secure; Domain=a.test", True),
        ("a=1; Path=/x/y", "a=2; Path=/x; Secure", True),
        ("a=1; Path=/", "a=2; Path=/x; Secure", False),
    ],
)
def test_secure_cookies_are_not_hidden(new: str, known: str, expected: bool) -> None:
    """Row 208, LeaveSecureCookiesAlone_{DomainMatch,PathMatch}: another domain or path must not help."""
    assert would_hide_secure(cookie(new), cookie(known)) == expected


def test_cookies_of_other_hosts_do_not_count() -> None:
    """Row 208, LeaveSecureCookiesAlone_DomainMatch."""
    known = cookie("a=1; Path=/; Secure; Domain=b.www.a.test", "https://b.www.a.test/")
    assert not would_hide_secure(cookie("a=1; Path=/", "https://other.a.test/"), known)
    assert would_hide_secure(cookie("a=1; Path=/", "https://a.test/"), known)
