"""What `cookies` may be, and what becomes of it."""

from __future__ import annotations

from http.cookiejar import Cookie, CookieJar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.cookies import RequestsCookieJar

from netstack_sync import CanonicalCookie
from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import MAX_AGE_S, SameSite, cookie_from_header
from netstack_sync.cookies.parsed import parse_set_cookie
from netstack_sync.fetcher.cookie_arguments import NewCookie, make_cookie, request_cookies, session_cookies
from tests.support.cookies import NOW, SUFFIXES

HOME = Url.parse("https://www.a.test/dir/page")


def jar_cookie(name: str, value: str | None, domain: str, path: str = "/", **others: Any) -> Cookie:
    values: dict[str, Any] = {
        "version": 0,
        "port": None,
        "port_specified": False,
        "domain_specified": bool(domain),
        "domain_initial_dot": domain.startswith("."),
        "path_specified": True,
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {},
    }
    return Cookie(name=name, value=value, domain=domain, path=path, **{**values, **others})


def jar_of(*cookies: Cookie) -> CookieJar:
    jar = CookieJar()
    for cookie in cookies:
        jar.set_cookie(cookie)
    return jar


def test_pairs() -> None:
    """Of a name the last; None is for one request."""
    expected = (("a", "1"), ("b", None))
    forms: list[Any] = [
        {"a": "1", "b": None},
        [("a", "0"), ("b", None), ("a", "1")],
        (["a", "1"], ["b", None]),
        iter([("a", "1"), ("b", None)]),
    ]
    for form in forms:
        assert request_cookies(form, HOME, NOW) == expected
    assert request_cookies({}, HOME, NOW) == ()


def test_of_a_jar_what_belongs_to_the_url() -> None:
    """Domain, path, Secure and expiry count: a jar for all hosts does not tell one about the others."""
    jar = jar_of(
        jar_cookie("here", "1", "www.a.test"),
        jar_cookie("above", "2", ".a.test", secure=True),
        jar_cookie("any", "3", ""),
        jar_cookie("bare", None, "www.a.test"),
        jar_cookie("live", "4", "www.a.test", expires=int(NOW) + 1),
        jar_cookie("other", "x", "b.test"),
        jar_cookie("parent", "x", "a.test"),
        jar_cookie("below", "x", "www.a.test", "/dir/page/x"),
        jar_cookie("over", "x", "www.a.test", expires=int(NOW)),
    )
    found = dict(request_cookies(jar, HOME, NOW))
    assert found == {"here": "1", "above": "2", "any": "3", "": "bare", "live": "4"}
    assert "above" not in dict(request_cookies(jar, Url.parse("http://www.a.test/"), NOW))


def test_a_jar_of_requests() -> None:
    """A mapping too, but one that hides the domains."""
    jar = RequestsCookieJar()
    jar.set("a", "1")
    jar.set("b", "2", domain="b.test")
    jar.set("c", "3", domain=".a.test", path="/dir")
    assert dict(request_cookies(jar, HOME, NOW)) == {"a": "1", "c": "3"}
    kept = session_cookies(jar, HOME, NOW, SUFFIXES)
    assert {(cookie.name, cookie.domain, cookie.path) for cookie in kept} == {
        ("a", "www.a.test", "/"),
        ("b", "b.test", "/"),
        ("c", ".a.test", "/dir"),
    }


def test_our_own_cookies_survive_the_way() -> None:
    """R9 (CVE-2026-54279): every attribute, above all whether a cookie is for one host only."""
    cookie = CanonicalCookie("a", "1", "a.test", "/x", True, True, SameSite.STRICT, NOW - 5, NOW + 5)
    cookies = (cookie, cookie.replaced(domain=".a.test", expires=None, secure=False))
    assert session_cookies(cookies, None, NOW, SUFFIXES) == cookies
    late = session_cookies([cookie.replaced(expires=NOW * 9)], None, NOW, SUFFIXES)
    assert late[0].expires == NOW + MAX_AGE_S, "the cap holds again"


HOSTS = ["a.test", "www.a.co.uk", "localhost", "127.0.0.1", "[::1]", "[2001:db8::1]", "co.uk", "xn--bcher-kva.test"]
PARTS = [
    "a",
    "b",
    "=",
    "; ",
    "\t",
    " ",
    "\xe4",
    '"',
    ",",
    "Domain=a.test",
    "Path=/x\ty",
    "Path=/",
    "Secure",
    "HttpOnly",
]


@given(
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from([*PARTS, "SameSite=None", "Max-Age=5", "__Host-", "Domain=co.uk", "Domain="]), max_size=9),
)
def test_what_a_server_may_set_can_be_taken_over(host: str, parts: list[str]) -> None:
    """R9 (CVE-2026-54279): whatever it is, it is the same cookie in another session."""
    parsed = parse_set_cookie("".join(parts))
    if parsed is not None:
        cookie = cookie_from_header(parsed, Url.parse(f"https://{host}/x/y"), NOW, None, SUFFIXES)
        if isinstance(cookie, CanonicalCookie):
            assert session_cookies([cookie], None, NOW, SUFFIXES) == (cookie,)


def test_a_jar_knows_localhost_by_another_name() -> None:
    """http.cookiejar's names have two labels at least."""
    jar = jar_of(jar_cookie("a", "1", "localhost.local"), jar_cookie("b", "2", "other.local"))
    assert request_cookies(jar, Url.parse("http://localhost:8080/"), NOW) == (("a", "1"),)


def test_pairs_of_a_session_belong_to_its_home() -> None:
    """To that host alone, and over https only if that is what it speaks."""
    assert session_cookies({"a": "1"}, HOME, NOW, SUFFIXES) == (
        CanonicalCookie("a", "1", "www.a.test", "/", True, created=NOW),
    )
    plain = make_cookie(NewCookie("a", "1", path="/x", expires=NOW + 1), Url.parse("http://h/"), NOW)
    assert plain == CanonicalCookie("a", "1", "h", "/x", False, created=NOW, expires=NOW + 1)
    assert make_cookie(NewCookie("a", "1", domain=".B.Test."), HOME, NOW).identity == ("a", ".b.test", "/")
    assert make_cookie(NewCookie("a", "1", domain="b.test", secure=True), None, NOW).secure


@pytest.mark.parametrize("cookies", [{"a": "1"}, [("a", "1")], jar_of(jar_cookie("a", "1", ""))])
def test_cookies_without_a_host_go_nowhere(cookies: Any) -> None:
    """Else they would go to every server that the session ever speaks to."""
    with pytest.raises(ValueError, match="cookies: say for which host"):
        session_cookies(cookies, None, NOW, SUFFIXES)


@pytest.mark.parametrize(
    "cookies", [5, None, "a=b", b"a=b", True, [5], ["ab"], [("a",)], [("a", "b", "c")], [object()]]
)
def test_what_holds_no_cookies(cookies: Any) -> None:
    with pytest.raises(TypeError, match="cookies: pass a mapping"):
        request_cookies(cookies, HOME, NOW)
    with pytest.raises(TypeError, match="cookies: pass a mapping"):
        session_cookies(cookies, HOME, NOW, SUFFIXES)


@pytest.mark.parametrize("pair", [(5, "1"), ("a", 5), (b"a", "1"), ("a", b"1")])
def test_names_and_values_are_strings(pair: Any) -> None:
    with pytest.raises(TypeError, match="cookies: names and values must be strings"):
        request_cookies([pair], HOME, NOW)


@pytest.mark.parametrize("name", ["", "a=b", "a;b", "a\r\nX: y", "a\0", "a\t", " a", "a ", "\u20ac"])
def test_names_that_cannot_be(name: str) -> None:
    """Nothing breaks out of the header, or out of its place in it."""
    with pytest.raises(ValueError, match=r"cookies: .* is no name"):
        request_cookies({name: "1"}, HOME, NOW)


@pytest.mark.parametrize("value", ["a;b", "1\r\nX: y", "1\n", "\0", "\x7f", "\t", "\u20ac"])
def test_values_that_cannot_be(value: str) -> None:
    """The error does not show what may be a secret."""
    with pytest.raises(ValueError, match="cookies: the value of 'a' must be latin-1") as caught:
        session_cookies({"a": value}, HOME, NOW, SUFFIXES)
    assert repr(value) not in str(caught.value)


def test_what_is_too_long() -> None:
    with pytest.raises(ValueError, match="longer than 4096"):
        request_cookies({"a": "v" * 4096}, HOME, NOW)
    with pytest.raises(ValueError, match="has no name"):
        request_cookies([CanonicalCookie("", "a=b", "www.a.test", "/")], HOME, NOW)


def test_other_things_that_cannot_be() -> None:
    """Each names what is wrong with it."""
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"domain": "a b"}, ValueError, "cookies: the domain 'a b' has a host"),
        ({"domain": 5}, TypeError, "cookies: a domain must be a string"),
        ({"path": "x"}, ValueError, "cookies: the path must begin with '/'"),
        ({"path": "/\r\n"}, ValueError, "cookies: the path must begin"),
        ({"path": None}, ValueError, "cookies: the path must begin"),
        ({"expires": "tomorrow"}, TypeError, "cookies: expires must be seconds"),
        ({"expires": float("nan")}, TypeError, "cookies: expires must be seconds"),
        ({"expires": True}, TypeError, "cookies: expires must be seconds"),
    ]
    for values, kind, message in bad:
        with pytest.raises(kind, match=message):
            make_cookie(NewCookie("a", "1", **values), HOME, NOW)
    with pytest.raises(ValueError, match="cookies: None takes a cookie away from one request only"):
        session_cookies({"a": None}, HOME, NOW, SUFFIXES)


@pytest.mark.parametrize("domain", [".co.uk", ".github.io", ".test", ".127.0.0.1"])
def test_a_cookie_for_strangers(domain: str) -> None:
    """Row 208 and rule R7: the user's word does not make a public suffix one site."""
    with pytest.raises(ValueError, match="cannot be kept: the domain"):
        session_cookies([CanonicalCookie("a", "1", domain, "/")], None, NOW, SUFFIXES)
