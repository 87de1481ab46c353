"""CanonicalCookie: a cookie that may be kept (RFC 6265bis §5.7, net/cookies/canonical_cookie.cc)."""

from __future__ import annotations

from enum import Enum
from typing import Final

from netstack_sync.base.late_pattern import late_pattern
from netstack_sync.base.url import Url
from netstack_sync.base.url_host import canonical_host, is_this_machine
from netstack_sync.base.value import Value
from netstack_sync.cookies.dates import parse_cookie_date
from netstack_sync.cookies.exclusion import ExclusionReason
from netstack_sync.cookies.parsed import MAX_ATTRIBUTE_LENGTH, ParsedCookie, has_prefix
from netstack_sync.cookies.public_suffix import PublicSuffixes

MAX_AGE_S: Final = 400 * 86400
"""No cookie lives longer than 400 days from when it was set (RFC 6265bis §5.5)."""

_MAX_AGE: Final = late_pattern(r"-?[0-9]+")
_MAX_DIGITS: Final = 12  # more than any age that counts; int() takes quadratic time for many


class SameSite(Enum):
    """What a cookie says about requests that other sites cause. Those of a program are nobody else's: all are sent."""

    UNSPECIFIED = ""
    NONE = "none"
    LAX = "lax"
    STRICT = "strict"


class CanonicalCookie(Value):
    """One cookie; immutable. Name, domain and path together are its identity.

    Name and value hold one character a byte, as they go over the wire.
    """

    __slots__ = ("name", "value", "domain", "path", "secure", "http_only", "same_site", "created", "expires")

    def __init__(
        self,
        name: str,
        value: str,
        domain: str,
        path: str,
        secure: bool = False,
        http_only: bool = False,
        same_site: SameSite = SameSite.UNSPECIFIED,
        created: float = 0.0,
        expires: float | None = None,
    ) -> None:
        self.name: Final = name
        self.value: Final = value
        self.domain: Final[str] = domain
        """The canonical host; with a dot in front when hosts below it get the cookie too."""
        self.path: Final = path
        self.secure: Final[bool] = secure
        """Goes over https only."""
        self.http_only: Final[bool] = http_only
        """In a browser, not for scripts."""
        self.same_site: Final = same_site
        self.created: Final[float] = created
        """Seconds since 1970."""
        self.expires: Final[float | None] = expires
        """Seconds since 1970; None: when the session ends."""

    @property
    def host(self) -> str:
        """The domain without its dot."""
        return self.domain.removeprefix(".")

    @property
    def is_host_only(self) -> bool:
        """True when no other host gets it."""
        return not self.domain.startswith(".")

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a cookie has to share with another to replace it."""
        return (self.name, self.domain, self.path)

    def is_expired(self, now: float) -> bool:
        """Whether it is over at `now` (seconds since 1970)."""
        return self.expires is not None and self.expires <= now

    def __repr__(self) -> str:
        return f"<CanonicalCookie {self.name!r} {self.domain}{self.path}>"  # the value may be a secret


def cookie_from_header(
    parsed: ParsedCookie, url: Url, now: float, server_time: float | None, suffixes: PublicSuffixes
) -> CanonicalCookie | ExclusionReason:
    """What an answer from `url` sets, or why it sets nothing.

    `server_time` is the answer's Date: what a server says about when to expire is by its own clock.
    """
    domain = _cookie_domain(parsed.domain, url.host, suffixes)
    if domain is None:
        return ExclusionReason.INVALID_DOMAIN
    path = parsed.path if parsed.path is not None and parsed.path.startswith("/") else default_path(url.path)
    if len(path) > MAX_ATTRIBUTE_LENGTH:
        return ExclusionReason.PATH_TOO_LONG
    if parsed.secure and not is_trustworthy(url):
        return ExclusionReason.SECURE_ONLY
    cookie = CanonicalCookie(
        parsed.name,
        parsed.value,
        domain,
        path,
        parsed.secure,
        parsed.http_only,
        _same_site(parsed.same_site),
        now,
        _expiry(parsed, now, server_time),
    )
    is_bound = url.is_secure and not parsed.domain and parsed.path == "/"
    return _broken_promise(cookie, url.is_secure, is_bound) or cookie


def _broken_promise(cookie: CanonicalCookie, is_from_secure: bool, is_bound: bool) -> ExclusionReason | None:
    """What the attributes contradict; `is_bound` says that the cookie is for its host alone and the whole of it."""
    if has_prefix(cookie.name):
        demands_host = cookie.name.lower().startswith("__host-")
        if not (cookie.secure and is_from_secure and (is_bound or not demands_host)):
            return ExclusionReason.INVALID_PREFIX
    if cookie.same_site is SameSite.NONE and not cookie.secure:
        return ExclusionReason.SAMESITE_NONE_INSECURE
    return None


def checked_cookie(cookie: CanonicalCookie, suffixes: PublicSuffixes) -> CanonicalCookie | ExclusionReason:
    """A cookie of the user's own, who need not have it from any server, or why there can be none like it."""
    if not cookie.is_host_only and not suffixes.registrable_domain(cookie.host):
        return ExclusionReason.INVALID_DOMAIN
    if len(cookie.path) > MAX_ATTRIBUTE_LENGTH:
        return ExclusionReason.PATH_TOO_LONG
    return _broken_promise(cookie, True, cookie.is_host_only and cookie.path == "/") or cookie


def is_trustworthy(url: Url) -> bool:
    """Whether Secure cookies may travel: over https and wss, and inside this machine, as in browsers."""
    return url.is_secure or is_this_machine(url.host)


def default_path(path: str) -> str:
    """The directory of a URL's path (RFC 6265bis §5.1.4)."""
    return path[: path.rfind("/")] or "/"


def _cookie_domain(attribute: str | None, host: str, suffixes: PublicSuffixes) -> str | None:
    """The domain of the cookie; None when the server has no right to it (RFC 6265bis §5.7, steps 8 to 10)."""
    if not attribute:
        return host
    try:
        domain = canonical_host(attribute.removeprefix(".")) if attribute.isascii() else ""
    except ValueError:
        return None
    registrable = suffixes.registrable_domain(host)
    if not registrable:
        return host if domain == host else None
    if domain != host and not host.endswith("." + domain):
        return None
    return "." + domain if suffixes.registrable_domain(domain) == registrable else None


def _same_site(text: str | None) -> SameSite:
    try:
        return SameSite((text or "").lower())
    except ValueError:
        return SameSite.UNSPECIFIED


def _expiry(parsed: ParsedCookie, now: float, server_time: float | None) -> float | None:
    """When it ends; Max-Age counts before Expires, and what cannot be read does not count."""
    latest = now + MAX_AGE_S
    if parsed.max_age is not None and _MAX_AGE().fullmatch(parsed.max_age):
        if parsed.max_age.startswith("-"):
            return now
        digits = parsed.max_age.lstrip("0") or "0"
        return latest if len(digits) > _MAX_DIGITS else min(now + int(digits), latest)
    date = parse_cookie_date(parsed.expires) if parsed.expires is not None else None
    if date is None:
        return None
    if server_time is not None:
        date += now - server_time
    return min(date, latest)
