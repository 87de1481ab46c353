"""What a redirect makes of a request."""

from __future__ import annotations

import ssl

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_INVALID_REDIRECT, ERR_UNSAFE_REDIRECT, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import MAX_URL_LENGTH
from netstack_sync.cookies.public_suffix import PublicSuffixes
from netstack_sync.cookies.store import MemoryCookieStore
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from netstack_sync.url_request.redirects import (
    MAX_REDIRECTS,
    MAX_REFERER_LENGTH,
    REDIRECT_STATUSES,
    HeaderEdits,
    RedirectInfo,
    compute_redirect,
    redirect_in,
    redirected_method,
    redirected_request,
    secure_upgrade,
)
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.scripted_stack import request_info

BASE = Url.parse("http://a.test/dir/page?q=1#frag")


def target(location: str, url: Url = BASE) -> str:
    redirect = compute_redirect(302, location, url, "GET")
    assert isinstance(redirect, RedirectInfo)
    return redirect.url.href


@pytest.mark.parametrize(
    "status, method, expected",
    [
        (301, "GET", "GET"), (301, "POST", "GET"), (301, "PUT", "PUT"), (301, "HEAD", "HEAD"),
        (302, "GET", "GET"), (302, "POST", "GET"), (302, "DELETE", "DELETE"), (302, "HEAD", "HEAD"),
        (303, "GET", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
        (307, "GET", "GET"), (307, "POST", "POST"), (307, "PUT", "PUT"), (307, "HEAD", "HEAD"),
        (308, "GET", "GET"), (308, "POST", "POST"), (308, "PATCH", "PATCH"), (308, "HEAD", "HEAD"),
    ],
)  # fmt: skip
def test_the_method(status: int, method: str, expected: str) -> None:
    """Row 236: the table of methods; the body stays exactly when the method does."""
    assert redirected_method(status, method) == expected
    redirect = compute_redirect(status, "/", BASE, method)
    assert isinstance(redirect, RedirectInfo)
    assert (redirect.status, redirect.method, redirect.keeps_body) == (status, expected, expected == method)


def test_which_answers_redirect() -> None:
    """Row 236: 300, 304, 305 and 306 do not; 20 hops are the default limit."""
    assert frozenset({301, 302, 303, 307, 308}) == REDIRECT_STATUSES
    assert MAX_REDIRECTS == 20


@pytest.mark.parametrize(
    "location, expected",
    [
        ("http://b.test/x", "http://b.test/x#frag"),
        ("https://b.test/x#own", "https://b.test/x#own"),
        ("https://b.test/x#", "https://b.test/x#"),
        ("other", "http://a.test/dir/other#frag"),
        ("/other", "http://a.test/other#frag"),
        ("?q=2", "http://a.test/dir/page?q=2#frag"),
        ("#own", "http://a.test/dir/page?q=1#own"),
        ("//b.test:81/x", "http://b.test:81/x#frag"),
        ("../up", "http://a.test/up#frag"),
        ("/a b", "http://a.test/a%20b#frag"),
        ("  /trimmed  ", "http://a.test/trimmed#frag"),
        ("/\xc3\xa9?\xe9", "http://a.test/%C3%A9?%E9#frag"),
        ("/already%20there", "http://a.test/already%20there#frag"),
    ],
)
def test_the_url(location: str, expected: str) -> None:
    """Rows 236, RedirectEscaping, and 237, PreserveFragmentOnRedirectUrl: bytes beyond ASCII are escaped as they
    came, and the fragment is inherited unless there is a new one.
    """
    assert target(location) == expected


def test_without_a_fragment_none_is_added() -> None:
    """Nothing is made up."""
    assert target("/x", Url.parse("http://a.test/")) == "http://a.test/x"


def test_credentials_of_the_url_stay_with_the_origin() -> None:
    """Row 237: a relative target keeps them, another server never gets them."""
    url = Url.parse("http://user:secret@a.test/")
    assert target("/x", url) == "http://user:secret@a.test/x"
    for location in ("http://b.test/", "//b.test/", "https://a.test/", "http://a.test/"):
        assert "secret" not in target(location, url)


@pytest.mark.parametrize(
    "location, error",
    [
        ("http://", ERR_INVALID_REDIRECT),
        ("http://a.test:0/", ERR_INVALID_REDIRECT),
        ("http://a.test:70000/", ERR_INVALID_REDIRECT),
        ("http://[::1/", ERR_INVALID_REDIRECT),
        ("http://b.test\\@a.test/", ERR_INVALID_REDIRECT),
        ("http://\xfc.test/", ERR_INVALID_REDIRECT),
        ("/tab\there", ERR_INVALID_REDIRECT),
        ("file:///etc/passwd", ERR_UNSAFE_REDIRECT),
        ("data:text/plain,x", ERR_UNSAFE_REDIRECT),
        ("ftp://a.test/", ERR_UNSAFE_REDIRECT),
        ("javascript:alert(1)", ERR_UNSAFE_REDIRECT),
        ("ws://a.test/", ERR_UNSAFE_REDIRECT),
        ("about:blank", ERR_UNSAFE_REDIRECT),
    ],
)
def test_where_nobody_is_sent(location: str, error: int) -> None:
    """Row 236, RedirectToInvalidURL, RestrictUnsafeRedirect, DataRedirect, FileRedirect."""
    assert compute_redirect(302, location, BASE, "GET") == error


def test_a_location_that_is_too_long() -> None:
    """Row 236, RedirectToInvalidURL: at the limit it is followed, beyond it is an error."""
    fits = "/" + "x" * (MAX_URL_LENGTH - len("http://a.test/") - len("#frag"))
    assert len(target(fits)) == MAX_URL_LENGTH
    for location in (fits + "x", "/" + "\xe9" * (MAX_URL_LENGTH // 2)):
        assert compute_redirect(302, location, BASE, "GET") == ERR_INVALID_REDIRECT


def answer(status: int, *fields: str) -> ResponseHead:
    head = ResponseHeadParser().receive("\r\n".join([f"HTTP/1.1 {status} X", *fields, "", ""]).encode("latin-1"))
    assert head is not None
    return head


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 309, 399])
def test_other_answers_do_not_redirect(status: int) -> None:
    """Row 236: whatever Location they have."""
    assert redirect_in(answer(status, "Location: /x"), request_info()) == OK


@pytest.mark.parametrize("status", sorted(REDIRECT_STATUSES))
def test_an_answer_redirects(status: int) -> None:
    """Rows 236, NoRedirectOn308WithoutLocationHeader, and 162, TwoIdenticalLocationHeaders."""
    info = request_info()
    for fields in ((), ("Location:",), ("Location: ", "location:")):
        assert redirect_in(answer(status, *fields), info) == OK
    for fields in (("Location: /x",), ("location: /x", "LOCATION: /x")):
        redirect = redirect_in(answer(status, *fields), info)
        assert isinstance(redirect, RedirectInfo) and redirect.url.href == "http://a.test/x"
    assert redirect_in(answer(status, "Location: http://"), info) == ERR_INVALID_REDIRECT


def test_edits_of_whoever_follows() -> None:
    """Out first, then in; all occurrences, in any spelling."""
    headers = RequestHeaders([("A", "1"), ("B", "2"), ("a", "3")])
    HeaderEdits.make(("a", "C"), [("C", "4"), ("c", "5"), ("b", "6")]).apply(headers)
    assert headers.items() == [("C", "4"), ("c", "5"), ("b", "6")]
    HeaderEdits.make((), None).apply(headers)
    assert len(headers) == 3


def test_edits_that_cannot_be_made() -> None:
    """Rule R16: what frames the body is its own; a string is no list of names."""
    with pytest.raises(ValueError, match="pass a list of names"):
        HeaderEdits.make("Cookie", None)
    for name in ("content-length", "Transfer-Encoding"):
        with pytest.raises(ValueError, match="is set from the body"):
            HeaderEdits.make((), {name: "1"})


# --- our own


@pytest.mark.parametrize(
    "old, new",
    [
        ("http://a.test/", "https://a.test/"),
        ("http://a.test:80/", "https://a.test/"),
        ("http://a.test:8080/", "https://a.test:8080/"),
        ("http://a.test:443/", "https://a.test/"),
        ("http://u:p@a.test:81/x%20y?q=http://b.test:80/#f", "https://u:p@a.test:81/x%20y?q=http://b.test:80/#f"),
    ],
)
def test_an_upgrade(old: str, new: str) -> None:
    """Row 242, HSTSPreservesPosts: port 80 becomes 443, others stay, and so do method, body and the rest of the URL."""
    for method in ("GET", "POST", "DELETE"):
        redirect = RedirectInfo(307, Url.parse(new), method, keeps_body=True, is_internal=True)
        assert secure_upgrade(Url.parse(old), method) == redirect


def test_an_upgrade_that_makes_the_url_too_long() -> None:
    """An error; http is no way out."""
    start = "http://a.test/"
    assert secure_upgrade(Url.parse(start + "x" * (MAX_URL_LENGTH - len(start))), "GET") == ERR_INVALID_REDIRECT


# --- headers

ALL = [
    ("Accept", "x"),
    ("Authorization", "Basic 1"),
    ("authorization", "Basic 2"),
    ("COOKIE", "a=1"),
    ("Cookie", "b=2"),
    ("Proxy-Authorization", "Basic 3"),
    ("proxy-authorization", "Basic 4"),
    ("Host", "virtual.test"),
    ("Origin", "http://a.test"),
    ("Content-Type", "text/plain"),
    ("X-Mine", "y"),
]

ORIGINS = ["http://b.test/", "https://a.test/", "http://a.test:8080/", "http://sub.a.test/"]


def redirected(info: HttpRequestInfo, new_url: str, keeps_body: bool = True) -> HttpRequestInfo:
    redirect = RedirectInfo(302, Url.parse(new_url), "GET", keeps_body)
    return redirected_request(info, redirect)


def after(
    new_url: str, keeps_body: bool, old_url: str = "http://a.test/", headers: list[tuple[str, str]] = ALL
) -> list[tuple[str, str]]:
    info = request_info(old_url, headers=headers)
    result = redirected(info, new_url, keeps_body)
    assert info.headers.items() == headers, "the first hop's headers stay as they were"
    return result.headers.items()


def test_on_the_same_origin_everything_stays() -> None:
    """Row 237: also when the default port is written out."""
    assert after("http://a.test/other", keeps_body=True) == ALL
    assert after("http://a.test:80/other", keeps_body=True) == ALL


@pytest.mark.parametrize("url", ORIGINS)
def test_credentials_never_reach_another_origin(url: str) -> None:
    """Rule R5: all occurrences in any spelling go; another scheme, port or subdomain is another origin."""
    assert after(url, keeps_body=True) == [
        ("Accept", "x"),
        ("Origin", "null"),
        ("Content-Type", "text/plain"),
        ("X-Mine", "y"),
    ]


def test_a_downgrade_of_the_scheme_is_another_origin() -> None:
    """Rule R5: what was sent over TLS must not go out in clear."""
    names = [name for name, _ in after("http://a.test/", keeps_body=True, old_url="https://a.test/")]
    assert names == ["Accept", "Origin", "Content-Type", "X-Mine"]


@pytest.mark.parametrize("url", ORIGINS)
def test_own_cookies_never_reach_another_origin(url: str) -> None:
    """Rule R5: nor do they come back; cookies of answers go along, since each has a domain of its own."""
    info = request_info("http://a.test/")
    info.cookies = (("a", "1"),)
    info.cookie_store = MemoryCookieStore(ManualWallClock(), PublicSuffixes())
    same = redirected(info, "http://a.test:80/x")
    assert same.cookies == (("a", "1"),)
    other = redirected(same, url)
    assert other.cookies == () and other.cookie_store is info.cookie_store
    assert redirected(other, "http://a.test/").cookies == ()


@pytest.mark.parametrize("url", ["http://a.test/", *ORIGINS])
def test_without_the_body_its_headers_go(url: str) -> None:
    """Row 236, Post302RedirectGet: and Origin with them, as in Chromium."""
    names = ("Content-Length", "content-type", "Content-Encoding", "Content-Language", "Content-Location")
    headers = [*[(name, "1") for name in names], ("ORIGIN", "http://a.test"), ("Content-Disposition", "kept")]
    assert after(url, keeps_body=False, headers=headers) == [("Content-Disposition", "kept")]


def test_what_speaks_of_the_body_goes_with_it() -> None:
    """RFC 9110 §15.4: digests and dates of a representation, and the wish to be asked before it is sent."""
    names = ("Content-Digest", "Digest", "Last-Modified", "Expect")
    headers = [*[(name, "1") for name in names], ("X-Mine", "y")]
    assert after("http://a.test/", keeps_body=False, headers=headers) == [("X-Mine", "y")]
    assert after("http://a.test/", keeps_body=True, headers=headers) == headers


@pytest.mark.parametrize(
    "referer, url, expected",
    [
        ("https://p.test/q?a=1", "http://a.test/", None),
        ("https://p.test/q?a=1", "https://b.test/", "https://p.test/q?a=1"),
        ("http://p.test/q", "http://b.test/", "http://p.test/q"),
        ("http://u:p@p.test/q#frag", "http://b.test/", "http://p.test/q"),
        ("http://p.test/q#frag", "http://a.test/x", "http://p.test/q"),
        ("https://u:p@p.test/q", "http://a.test/x", None),
        ("about:blank", "http://b.test/", "about:blank"),
        ("/a/path", "http://b.test/", "/a/path"),
        ("", "http://b.test/", ""),
    ],
)
def test_the_page_that_it_came_from(referer: str, url: str, expected: str | None) -> None:
    """Row 243, NoUserPassInReferrer, NoFragmentInReferrer, and 237, HTTPToCrossOriginHTTPRedirectNoReferrerPolicy and
    its kin: a page over TLS is not named in clear.
    """
    found = after(url, keeps_body=True, headers=[("A", "b"), ("REFERER", referer)])
    assert found[0] == ("A", "b")
    assert [value for _, value in found[1:]] == ([] if expected is None else [expected])


@pytest.mark.parametrize("excess", [0, 1])
def test_a_long_page_is_told_by_its_origin(excess: int) -> None:
    """Row 243, CapRefererHeaderLength: what counts is what would be sent, without credentials and fragment."""
    start = "http://p.test:81/"
    page = start + "x" * (MAX_REFERER_LENGTH - len(start) + excess)
    referer = page.replace("//", "//u:p@") + "#f"
    found = after("http://b.test/", keeps_body=True, headers=[("Referer", referer)])
    assert found == [("Referer", start if excess else page)]


def test_each_of_several_pages_is_looked_at() -> None:
    """Rule R5: all occurrences; one that is harmless hides no other."""
    pages = ["http://p.test/", "https://u:p@secret.test/", "http://u:p@q.test/#f", "/path"]
    headers = [("Referer", page) for page in pages]
    found = after("http://b.test/", keeps_body=True, headers=headers)
    assert [value for _, value in found] == ["http://p.test/", "http://q.test/", "/path"]


def test_credentials_do_not_come_back() -> None:
    """Rule R5 (CVE-2022-27774): not even to where they came from."""
    first = request_info("http://a.test/", headers=ALL)
    back = redirected(redirected(first, "http://b.test/"), "http://a.test/")
    assert not {"authorization", "cookie", "proxy-authorization"} & {name.lower() for name in back.headers}


def test_no_origin_is_made_up() -> None:
    """ "null" replaces an Origin; it is not added."""
    assert after("http://b.test/", keeps_body=True, headers=[]) == []


def test_an_upgrade_keeps_what_was_meant_for_the_host() -> None:
    """Credentials, Host and client certificate: the same host gets them, more safely than they were meant to go."""
    upload = BytesUpload(b"x")
    headers = [*ALL, ("Referer", "http://u:p@p.test/#f")]
    info = request_info("http://a.test:81/", "POST", headers=headers, upload=upload)
    info.tls, info.cookies = TlsConfig(TrustConfig(), ClientCertificate("a.pem")), (("a", "1"),)
    redirect = secure_upgrade(info.url, info.method)
    assert isinstance(redirect, RedirectInfo)
    upgraded = redirected_request(info, redirect)
    assert upgraded.headers.items() == headers and upgraded.tls is info.tls and upgraded.cookies == info.cookies
    assert (upgraded.url.href, upgraded.method, upgraded.upload) == ("https://a.test:81/", "POST", upload)


# --- the rest of the request


@pytest.mark.parametrize("url", ["https://b.test/", "http://a.test/", "https://a.test:8443/"])
def test_a_client_certificate_stays_with_the_origin(url: str) -> None:
    """Rule R5: it is not offered to anybody else, nor on the way back; everything else of `tls` stays."""
    tls = TlsConfig(TrustConfig(ca_file="ca.pem"), ClientCertificate("a.pem"))
    first = request_info("https://a.test/")
    first.tls = tls
    assert redirected(first, "https://a.test/other").tls is tls
    second = redirected(first, url)
    assert second.tls == TlsConfig(TrustConfig(ca_file="ca.pem")) and first.tls is tls
    assert redirected(second, "https://a.test/").tls.client_certificate is None


@pytest.mark.parametrize("url", ORIGINS)
def test_whoever_answers_challenges_stays_with_the_origin(url: str) -> None:
    """Rule R5: no other server's challenge is answered, nor one on the way back; an upgrade is no move."""
    first = request_info()
    first.auth = password_identity("u", "p")
    assert redirected(first, "http://a.test/other").auth is first.auth
    second = redirected(first, url)
    assert second.auth is None and redirected(second, "http://a.test/").auth is None
    redirect = secure_upgrade(first.url, first.method)
    assert isinstance(redirect, RedirectInfo)
    assert redirected_request(first, redirect).auth is first.auth


def test_the_user_of_the_url_goes_on_answering() -> None:
    """A Location that names the same host again, without the user, is no other place; another origin is (rule R5)."""
    first = request_info("http://u:p@a.test/")
    second = redirected(first, "http://a.test/other")
    assert second.url.username is None and second.auth == password_identity("u", "p")
    assert second.auth is not None and not second.auth.sends_basic
    assert redirected(second, "http://a.test/more").auth is second.auth
    assert redirected(first, "http://x:y@a.test/").auth is None, "this user is named by the URL"
    assert redirected(request_info("http://u:p@a.test/", headers=ALL), "http://a.test/").auth is None
    for url in ORIGINS:
        assert redirected(first, url).auth is None and redirected(second, url).auth is None


def test_the_users_own_context_is_kept() -> None:
    """It is the user's whole TLS policy."""
    own = TlsConfig(TrustConfig(), context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    info = request_info("https://a.test/")
    info.tls = own
    assert redirected(info, "https://b.test/").tls is own


def test_the_body_goes_along_only_with_its_method() -> None:
    """Priority, partition and privacy mode do always."""
    upload = BytesUpload(b"x")
    info = request_info("http://a.test/", "POST", upload=upload)
    info.priority, info.partition, info.privacy_mode = RequestPriority.LOWEST, "p", True
    kept = redirected(info, "http://b.test/")
    assert (kept.url.href, kept.method, kept.upload) == ("http://b.test/", "GET", upload)
    assert (kept.priority, kept.partition, kept.privacy_mode) == (RequestPriority.LOWEST, "p", True)
    assert redirected(info, "http://b.test/", keeps_body=False).upload is None


def test_where_a_handler_lets_others_be_sent() -> None:
    """Row 236, RestrictUnsafeRedirect: who serves a scheme may say that it is safe; it is asked about the target."""
    asked: list[str] = []

    def is_safe(url: Url) -> bool:
        asked.append(url.href)
        return url.host == "open"

    base = Url.parse("http://a.test/x#f")
    redirect = compute_redirect(302, "app://open/y", base, "GET", is_safe)
    assert isinstance(redirect, RedirectInfo) and redirect.url.href == "app://open/y#f"
    assert compute_redirect(302, "app://closed/", base, "GET", is_safe) == ERR_UNSAFE_REDIRECT
    assert isinstance(compute_redirect(302, "https://b.test/", base, "GET", is_safe), RedirectInfo)
    assert asked == ["app://open/y#f", "app://closed/#f"]


def test_a_scheme_may_redirect_within_itself() -> None:
    """Its handler has served the redirect, so that it could have served the target."""
    base = Url.parse("app://a/x")
    redirect = compute_redirect(302, "/y", base, "GET")
    assert isinstance(redirect, RedirectInfo) and redirect.url.href == "app://a/y"
    assert compute_redirect(302, "other:x", base, "GET") == ERR_UNSAFE_REDIRECT
    assert isinstance(compute_redirect(302, "http://a/", base, "GET"), RedirectInfo)


def test_a_word_to_a_proxy_is_for_those_who_have_got_it() -> None:
    """R5, R18 (CVE-2026-6253): on the same origin it goes on, but only to them; to another one not at all."""
    first = request_info(headers=[("Proxy-Authorization", "x")])
    redirect = RedirectInfo(302, Url.parse("http://a.test/other"), "GET", True)
    p, q = ProxyChain((ProxyServer(ProxyScheme.HTTP, "p", 80),)), ProxyChain()
    second = redirected_request(first, redirect, p)
    assert "proxy-authorization" in second.headers and second.own_proxy_chain == p and first.own_proxy_chain is None
    assert redirected_request(second, redirect).own_proxy_chain == p
    assert redirected_request(second, redirect, q).own_proxy_chain == q
    assert "proxy-authorization" not in redirected(second, "http://b.test/").headers
