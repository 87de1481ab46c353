"""Which cookies may be kept."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import (
    MAX_AGE_S,
    CanonicalCookie,
    SameSite,
    checked_cookie,
    default_path,
    is_trustworthy,
)
from netstack_sync.cookies.exclusion import ExclusionReason
from netstack_sync.cookies.parsed import MAX_ATTRIBUTE_LENGTH
from tests.support.cookies import NOW, SUFFIXES, cookie, created

DAY_S = 86400.0


def test_a_cookie_and_its_facts() -> None:
    """Attributes as values; the repr does not show what may be a secret."""
    found = cookie("sid=secret; Path=/p; Secure; HttpOnly; SameSite=Lax; Max-Age=10; Domain=a.test")
    assert found == CanonicalCookie("sid", "secret", ".a.test", "/p", True, True, SameSite.LAX, NOW, NOW + 10)
    assert found.identity == ("sid", ".a.test", "/p") and found.host == "a.test" and not found.is_host_only
    assert repr(found) == "<CanonicalCookie 'sid' .a.test/p>"
    assert not found.is_expired(NOW + 9) and found.is_expired(NOW + 10)
    plain = cookie("a=b; SameSite=whatever")
    assert plain == CanonicalCookie("a", "b", "www.a.test", "/dir", created=NOW)
    assert plain.is_host_only and not plain.is_expired(1e12)


# --- domains

URL = "https://a.www.example.co.uk/"


@pytest.mark.parametrize(
    "domain, expected",
    [
        ("", "a.www.example.co.uk"),
        ("a.www.example.co.uk", ".a.www.example.co.uk"),
        (".www.example.co.uk", ".www.example.co.uk"),
        ("WWW.Example.CO.UK", ".www.example.co.uk"),
        ("example.co.uk.", ".example.co.uk"),
    ],
)
def test_a_server_may_name_its_parents(domain: str, expected: str) -> None:
    """Row 211, EmptyDomainAttributeValid, and rule R7: in whatever spelling, with a dot in front or without."""
    assert cookie(f"a=b; Domain={domain}", URL).domain == expected


@pytest.mark.parametrize(
    "domain",
    [
        "co.uk",
        ".co.uk",
        "CO.UK",
        "co.uk.",
        "uk",
        "other.co.uk",
        "b.a.www.example.co.uk",
        "xample.co.uk",
        "..example.co.uk",
        ".",
        "example..co.uk",
        "example.co.uk:443",
        "\xe4.example.co.uk",
        "1.2.3.4",
        "0x",
        "localhost",
    ],
)
def test_nobody_sets_cookies_for_strangers(domain: str) -> None:
    """Not for public suffixes, not for siblings, not for who is below; rule R7: no spelling gets around that."""
    assert created(f"a=b; Domain={domain}", URL) is ExclusionReason.INVALID_DOMAIN


@pytest.mark.parametrize(
    "url, domain",
    [
        ("https://github.io/", "github.io"),
        ("https://localhost/", ".LocalHost"),
        ("https://intranet/", "intranet"),
        ("https://127.0.0.1/", "127.0.0.1"),
        ("https://127.0.0.1/", "127.1"),
        ("https://[2001:db8::1]/", "[2001:DB8:0::1]"),
    ],
)
def test_hosts_without_parents_get_a_cookie_of_their_own(url: str, domain: str) -> None:
    """A public suffix, a single label and an address may name themselves, which includes nobody else."""
    assert cookie(f"a=b; Domain={domain}", url).domain == Url.parse(url).host


@pytest.mark.parametrize(
    "url, domain",
    [
        ("https://me.github.io/", "github.io"),
        ("https://github.io/", "io"),
        ("https://a.localhost/", "localhost"),
        ("https://1.2.3.4/", "2.3.4"),
        ("https://1.2.3.4/", "3.4"),
        ("https://1.2.3.4/", ".4"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_what_looks_like_a_parent_and_is_none(url: str, domain: str) -> None:
    """Addresses have no parents, and what is below a public suffix does not belong together."""
    assert created(f"a=b; Domain={domain}", url) is ExclusionReason.INVALID_DOMAIN


# --- paths


@pytest.mark.parametrize(
    "path, expected", [("/", "/"), ("/a", "/"), ("/a/", "/a"), ("/a/b", "/a"), ("/a/b/c?d", "/a/b"), ("", "/")]
)
def test_default_paths(path: str, expected: str) -> None:
    """The directory of the page (RFC 6265bis §5.1.4)."""
    assert default_path(path.partition("?")[0]) == expected
    assert cookie("a=b; Path=x", f"https://a.test{path}").path == expected
    assert cookie("a=b; Path=", f"https://a.test{path}").path == expected


def test_paths_have_an_end() -> None:
    """That of a URL may be very long, and a site can set many cookies."""
    long = "/" + "p" * MAX_ATTRIBUTE_LENGTH
    assert created("a=b", f"https://a.test{long}/") is ExclusionReason.PATH_TOO_LONG
    assert cookie("a=b; Path=/", f"https://a.test{long}/").path == "/"


# --- Secure, prefixes, SameSite


@pytest.mark.parametrize(
    "url, trusted",
    [
        ("https://a.test/", True),
        ("http://a.test/", False),
        ("http://localhost/", True),
        ("http://x.localhost:8080/", True),
        ("http://127.8.9.10/", True),
        ("http://[::1]/", True),
        ("http://notlocalhost/", False),
        ("http://127.a.test/", False),
        ("http://128.0.0.1/", False),
    ],
)
def test_secure_cookies_come_over_https(url: str, trusted: bool) -> None:
    """Row 208, SetSecureCookies, SecureCookieLocalhost: or from this machine."""
    assert is_trustworthy(Url.parse(url)) == trusted
    result = created("a=b; Secure", url)
    assert (result is ExclusionReason.SECURE_ONLY) != trusted and isinstance(result, CanonicalCookie) == trusted


@pytest.mark.parametrize(
    "url, line",
    [
        ("https://a.test/", "__Secure-a=b"),
        ("http://localhost/", "__Secure-a=b; Secure"),
        ("https://a.test/", "__SECURE-a=b"),
        ("https://a.test/", "__Host-a=b; Path=/"),
        ("https://a.test/", "__Host-a=b; Secure"),
        ("https://a.test/", "__Host-a=b; Secure; Path=/x"),
        ("https://a.test/", "__host-a=b; Secure; Path=/; Domain=a.test"),
        ("http://localhost/", "__Host-a=b; Secure; Path=/"),
    ],
)
def test_prefixes_that_are_not_kept(url: str, line: str) -> None:
    """Row 238, SecureCookiePrefix*: in any case of letters."""
    assert created(line, url) is ExclusionReason.INVALID_PREFIX


@pytest.mark.parametrize(
    "line",
    [
        "__Secure-a=b; Secure; Domain=a.test; Path=/x",
        "__Host-a=b; Secure; Path=/",
        "__Host-a=b; Secure; Path=/; Domain=",
        "__Hosta=b",
    ],
)
def test_prefixes_that_are_kept(line: str) -> None:
    """Row 238, SecureCookiePrefix*."""
    assert cookie(line, "https://a.test/x/").value == "b"


def test_same_site() -> None:
    """Rows 209 and 211, CookiesWithoutSameSiteMustBeSecure, SameSiteValues: None demands Secure."""
    assert created("a=b; SameSite=None") is ExclusionReason.SAMESITE_NONE_INSECURE
    assert cookie("a=b; SameSite=nOnE; Secure").same_site is SameSite.NONE
    assert cookie("a=b; SameSite=Strict").same_site is SameSite.STRICT
    assert cookie("a=b; SameSite").same_site is SameSite.UNSPECIFIED


# --- when it ends


@pytest.mark.parametrize(
    "attributes, expected",
    [
        ("", None),
        ("Max-Age=10", NOW + 10),
        ("Max-Age=10; Expires=Wed, 21 Oct 2015 07:28:00 GMT", NOW + 10),
        ("Max-Age=0", NOW),
        ("Max-Age=-99999999999999", NOW),
        ("Max-Age=" + "9" * 1000, NOW + MAX_AGE_S),
        ("Max-Age=" + "0" * 1000 + "7", NOW + 7),
        ("Max-Age=1e3; Expires=Sun, 09 Sep 2001 01:46:50 GMT", NOW + 10),
        ("Max-Age=\xb2", None),
        ("Max-Age=", None),
        ("Expires=Sun, 09 Sep 2001 01:46:50 GMT", NOW + 10),
        ("Expires=Wed, 21 Oct 2815 07:28:00 GMT", NOW + MAX_AGE_S),
        ("Expires=Wed, 21 Oct 1615 07:28:00 GMT", -11177368320.0),
        ("Expires=never", None),
    ],
)
def test_expiry(attributes: str, expected: float | None) -> None:
    """Rows 206 and 209, InvalidExpiryTime, the cap of 400 days: Max-Age before Expires."""
    assert cookie(f"a=b; {attributes}").expires == expected


def test_expiry_is_by_the_servers_clock() -> None:
    """Row 238, AcceptClockSkewCookieWithWrongDateTimezone and its kin: what counts is how long from now."""
    line = "a=b; Expires=Sun, 09 Sep 2001 01:46:50 GMT"
    assert cookie(line, server_time=NOW - DAY_S).expires == NOW + 10 + DAY_S
    assert cookie(line, server_time=NOW + DAY_S).expires == NOW + 10 - DAY_S


# --- cookies that come from no server


def test_a_users_cookie_keeps_the_same_promises() -> None:
    """It would go to the same strangers, and server code relies on prefixes."""
    good = CanonicalCookie("a", "b", "a.test", "/")
    assert checked_cookie(good, SUFFIXES) is good
    assert checked_cookie(good.replaced(domain="github.io"), SUFFIXES).__class__ is CanonicalCookie
    assert checked_cookie(good.replaced(domain=".github.io"), SUFFIXES) is ExclusionReason.INVALID_DOMAIN
    assert checked_cookie(good.replaced(domain=".127.0.0.1"), SUFFIXES) is ExclusionReason.INVALID_DOMAIN
    assert checked_cookie(good.replaced(path="/" + "p" * 1024), SUFFIXES) is ExclusionReason.PATH_TOO_LONG
    host = good.replaced(name="__Host-a", secure=True)
    assert checked_cookie(host, SUFFIXES) is host
    for bad in (host.replaced(secure=False), host.replaced(path="/x"), host.replaced(domain=".a.test")):
        assert checked_cookie(bad, SUFFIXES) is ExclusionReason.INVALID_PREFIX
