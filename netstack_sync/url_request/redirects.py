"""What a redirect makes of a request: new URL, method, headers; pure functions.

RFC 9110 §15.4, and net/url_request/redirect_info.cc where it leaves room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from netstack_sync.auth.identity import identity_of_url
from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.headers import HeaderItems, RequestHeaders
from netstack_sync.base.net_errors import ERR_INVALID_REDIRECT, ERR_UNSAFE_REDIRECT, OK
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.http.build_headers import CREDENTIAL_HEADERS, FRAMING_HEADERS
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.wire.http1_response import ResponseHead

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 20
MAX_REFERER_LENGTH = 4096
"""Of what a redirect takes along; a longer one is told by its origin (net/url_request/url_request_job.cc)."""

# Chromium's, and what RFC 9110 §15.4 adds; without a body there is nothing to expect either.
_BODY_HEADERS = (
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Digest",
    "Digest",
    "Last-Modified",
    "Expect",
)


class RedirectInfo(NamedTuple):
    """Where a response sends the request."""

    status: int
    url: Url
    method: str
    keeps_body: bool
    is_internal: bool = False
    """True when no server said so, but we ourselves, for the same host over a safer scheme; see secure_upgrade()."""
    is_from_delegate: bool = False
    """True when no server said so, but a network delegate, before anything was sent."""


class HeaderEdits(NamedTuple):
    """What whoever follows a redirect changes of its headers."""

    removed: tuple[str, ...]
    modified: RequestHeaders

    @classmethod
    def make(cls, removed: Iterable[str], modified: HeaderItems | None) -> HeaderEdits:
        """Raises ValueError for what cannot be sent, and for what only the body may say (rule R16)."""
        if isinstance(removed, str):
            raise ValueError(f"removed_headers: pass a list of names, not the string {removed!r}")
        headers = RequestHeaders(modified)
        for name in FRAMING_HEADERS:
            if name in headers:
                raise ValueError(f"modified_headers: {name} is set from the body; leave it out")
        return cls(tuple(removed), headers)

    def apply(self, headers: RequestHeaders) -> None:
        """Takes out first, then puts in: what is modified is there in any case."""
        for name in self.removed:
            headers.remove(name)
        headers.update(self.modified)


def secure_upgrade(url: Url, method: str) -> RedirectInfo | int:
    """The same request over https, before anything of it is sent (RFC 6797 §8.3), or an error for a URL at its limit.

    Port 80 becomes 443, any other stays. Everything else of the URL stays too, credentials and fragment included.
    """
    assert url.scheme == "http", url
    try:
        return RedirectInfo(307, Url.parse("https" + url.href[4:]), method, keeps_body=True, is_internal=True)
    except InvalidURL:
        return ERR_INVALID_REDIRECT


def redirect_in(
    head: ResponseHead, info: HttpRequestInfo, is_safe_target: Callable[[Url], bool] | None = None
) -> RedirectInfo | int:
    """Where the answer to a request sends it; OK for one that does not, or the error that a bad Location means."""
    if head.status not in REDIRECT_STATUSES:
        return OK
    locations = [location for location in head.headers.get_all("location") if location]
    if not locations:
        return OK
    return compute_redirect(head.status, locations[0], info.url, info.method, is_safe_target)


def compute_redirect(
    status: int, location: str, url: Url, method: str, is_safe_target: Callable[[Url], bool] | None = None
) -> RedirectInfo | int:
    """The next request, or the error that a bad Location means.

    Other schemes than http, https and that of `url` are for who says so in `is_safe_target`.
    """
    # Headers are read as latin-1; the bytes beyond ASCII go back as they came, percent-encoded (Chromium).
    escaped = "".join([c if c < "\x80" else f"%{ord(c):02X}" for c in location])
    try:
        target = url.resolve(escaped)
        if target.fragment is None and url.fragment is not None:
            target = target.with_fragment(url.fragment)
    except InvalidURL:
        return ERR_INVALID_REDIRECT
    if target.scheme not in ("http", "https", url.scheme) and not (is_safe_target and is_safe_target(target)):
        return ERR_UNSAFE_REDIRECT
    new_method = redirected_method(status, method)
    return RedirectInfo(status, target, new_method, new_method == method)


def redirected_method(status: int, method: str) -> str:
    """303 means "look there with GET"; 301 and 302 turn POST into GET because every browser does."""
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        return "GET"
    return method


def redirected_request(
    info: HttpRequestInfo, redirect: RedirectInfo, chain: ProxyChain | None = None
) -> HttpRequestInfo:
    """The request of the next hop; the one place where secrets are dropped on a redirect (rule R5).

    Credentials, the request's own cookies and the client certificate stay with the origin they were given for;
    another scheme or port is another origin. All occurrences go. A Host of the caller's was meant for the first
    server. An SSLContext of the user's stays, with a certificate that it may hold: it is the user's whole TLS policy,
    and a connection without it would be made on terms that the user never set. An internal upgrade is no move: nobody
    else gets to see what was meant for this host, so all of it stays. What `chain` was told is for it alone.
    """
    headers, tls = info.headers.copy(), info.tls
    if not redirect.is_internal:
        _restrict_referer(headers, redirect.url)
    auth, cookies = info.auth, info.cookies
    if info.url.origin != redirect.url.origin and not redirect.is_internal:
        for name in (*CREDENTIAL_HEADERS, "Host"):
            headers.remove(name)
        if "origin" in headers:
            headers.set("Origin", "null")
        if tls.client_certificate is not None:
            tls = tls.replaced(client_certificate=None)
        auth, cookies = None, ()
    elif auth is None and redirect.url.username is None and "authorization" not in headers:
        # A Location that names the host again drops the user of the URL, and means nothing by it.
        auth = identity_of_url(info.url, sends_basic=False)
    if not redirect.keeps_body:
        for name in (*_BODY_HEADERS, "Origin"):
            headers.remove(name)
    following = info.copy()
    following.url, following.method = redirect.url, redirect.method
    following.headers, following.tls = headers, tls
    following.auth, following.cookies = auth, cookies
    if not redirect.keeps_body:
        following.upload = None
    if chain is not None:
        following.own_proxy_chain = chain
    return following


def _restrict_referer(headers: RequestHeaders, target: Url) -> None:
    """Leaves of each Referer what the target may know."""
    if "referer" not in headers:
        return
    pages = [value for name, value in headers.items() if name.lower() == "referer"]
    told = [page for page in [_told_page(page, target) for page in pages] if page is not None]
    if told != pages:
        headers.remove("referer")
        headers.update([("Referer", page) for page in told])


def _told_page(referer: str, target: Url) -> str | None:
    """Of a page that came over TLS nobody hears in clear, and of no page its credentials (RFC 9110 §10.1.3)."""
    try:
        page = Url.parse(referer)
    except InvalidURL:
        return referer  # "about:blank", a path, or nothing that tells of a page
    if page.is_secure and not target.is_secure:
        return None
    if page.username is not None or page.fragment is not None:
        referer = page.without_credentials().with_fragment(None).href
    return referer if len(referer) <= MAX_REFERER_LENGTH else f"{page.scheme}://{page.host_header}/"
