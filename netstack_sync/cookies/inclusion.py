"""Which cookies go with a request, and in which order; pure functions (RFC 6265bis §5.8.3)."""

from __future__ import annotations

from collections.abc import Iterable

from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import CanonicalCookie, is_trustworthy


def domain_matches(domain: str, host: str) -> bool:
    """Whether a cookie's domain covers a canonical host (RFC 6265bis §5.1.3)."""
    return domain == host or (domain.startswith(".") and (host.endswith(domain) or host == domain[1:]))


def path_matches(cookie_path: str, path: str) -> bool:
    """Whether a cookie's path covers that of a URL (RFC 6265bis §5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def is_included(cookie: CanonicalCookie, url: Url) -> bool:
    """Whether the cookie goes to `url`; whether it has expired is not looked at."""
    if not domain_matches(cookie.domain, url.host) or not path_matches(cookie.path, url.path):
        return False
    return not cookie.secure or is_trustworthy(url)


def in_sending_order(cookies: Iterable[CanonicalCookie]) -> list[CanonicalCookie]:
    """Longer paths first, then what was set earlier; equals stay as they were."""
    return sorted(cookies, key=lambda cookie: (-len(cookie.path), cookie.created))


def cookie_line(pairs: Iterable[tuple[str, str]]) -> str:
    """The value of a Cookie header; "" for no cookies."""
    return "; ".join([f"{name}={value}" if name else value for name, value in pairs])


def would_hide_secure(cookie: CanonicalCookie, known: CanonicalCookie) -> bool:
    """Whether a cookie that did not come over https would stand in for one that is Secure (RFC 6265bis §5.7, step 15).

    Else whoever is on the way of one unprotected request decides what protected ones send.
    """
    if not known.secure or known.name != cookie.name:
        return False
    if not domain_matches("." + cookie.host, known.host) and not domain_matches("." + known.host, cookie.host):
        return False
    return path_matches(known.path, cookie.path)
