"""Cookies out of headers, for the tests of this room."""

from __future__ import annotations

from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import CanonicalCookie, cookie_from_header
from netstack_sync.cookies.exclusion import ExclusionReason
from netstack_sync.cookies.parsed import parse_set_cookie
from netstack_sync.cookies.public_suffix import PublicSuffixes

SUFFIXES = PublicSuffixes()
SUFFIXES.load()
NOW = 1_000_000_000.0


def created(
    line: str, url: str = "https://www.a.test/dir/page", now: float = NOW, server_time: float | None = None
) -> CanonicalCookie | ExclusionReason:
    """What becomes of a Set-Cookie line."""
    parsed = parse_set_cookie(line)
    assert parsed is not None
    return cookie_from_header(parsed, Url.parse(url), now, server_time, SUFFIXES)


def cookie(
    line: str, url: str = "https://www.a.test/dir/page", now: float = NOW, server_time: float | None = None
) -> CanonicalCookie:
    """The cookie of a line that is good."""
    result = created(line, url, now, server_time)
    assert isinstance(result, CanonicalCookie), result
    return result
