"""What `cookies` of a session and of a request may be, checked on the caller's thread."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.url import Url
from netstack_sync.base.url_host import canonical_host
from netstack_sync.cookies.canonical import MAX_AGE_S, CanonicalCookie, checked_cookie
from netstack_sync.cookies.inclusion import is_included
from netstack_sync.cookies.parsed import MAX_PAIR_LENGTH, is_valid_pair
from netstack_sync.cookies.public_suffix import PublicSuffixes
from netstack_sync.http.request_info import OwnCookies


class CookieLike(Protocol):
    """A cookie of http.cookiejar, and so of requests, or one of ours."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def domain(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def secure(self) -> bool: ...


CookiesArgument: TypeAlias = "Mapping[str, str | None] | Iterable[tuple[str, str | None]] | Iterable[CookieLike]"
"""Names and values, or the cookies of any jar."""

_IsText: TypeAlias = "Callable[[str], object]"

_LOCALHOST_OF_JARS: Final = "localhost.local"  # http.cookiejar gives names of one label a second one

# What goes over the wire as it is: latin-1 without control characters and without what ends a pair.
_is_text: Final = re.compile(r"[\x20-\x3a\x3c-\x7e\x80-\xff]*").fullmatch
_is_kept_text: Final = re.compile(r"[\t\x20-\x3a\x3c-\x7e\x80-\xff]*").fullmatch  # servers set tabs too


def request_cookies(cookies: CookiesArgument, url: Url, now: float) -> OwnCookies:
    """The cookies of a request for `url`: all pairs, and of a jar what is meant for there. The last of a name counts.

    Raises ValueError and TypeError naming the argument.
    """
    own: dict[str, str | None] = {}
    for item in _items(cookies):
        if isinstance(item, tuple):
            name, value = item
            _check_pair(name, "" if value is None else value)
            own[name] = value
        else:
            cookie = _from_like(item, url, now)
            if is_included(cookie, url) and not cookie.is_expired(now):
                own[cookie.name] = cookie.value
    return tuple(own.items())


def session_cookies(
    cookies: CookiesArgument, home: Url | None, now: float, suffixes: PublicSuffixes
) -> tuple[CanonicalCookie, ...]:
    """Cookies to keep; what does not say whose it is belongs to `home`. The suffixes are loaded.

    Raises ValueError and TypeError naming the argument.
    """
    kept = []
    for item in _items(cookies):
        if not isinstance(item, tuple):
            kept.append(keepable(_from_like(item, home, now), suffixes))
        elif item[1] is None:
            raise ValueError("cookies: None takes a cookie away from one request only; a value must be a string")
        else:
            kept.append(keepable(make_cookie(NewCookie(item[0], item[1]), home, now), suffixes))
    return tuple(kept)


class NewCookie(NamedTuple):
    """A cookie to keep, in the user's words."""

    name: str
    value: str
    domain: str | None = None
    path: str = "/"
    secure: bool | None = None
    expires: float | None = None


def make_cookie(new: NewCookie, home: Url | None, now: float) -> CanonicalCookie:
    """A cookie out of what the user said: one of `home`, unless there is a domain, and Secure if that is.

    Raises ValueError and TypeError naming the argument.
    """
    _check_pair(new.name, new.value)
    secure = new.secure
    if secure is None:
        secure = not new.domain and home is not None and home.is_secure
    return CanonicalCookie(
        new.name,
        new.value,
        _checked_domain(new.domain, home),
        _checked_path(new.path),
        secure,
        created=now,
        expires=_checked_expiry(new.expires, now),
    )


def keepable(cookie: CanonicalCookie, suffixes: PublicSuffixes) -> CanonicalCookie:
    """The cookie; raises ValueError when it contradicts itself or would go to strangers."""
    checked = checked_cookie(cookie, suffixes)
    if isinstance(checked, CanonicalCookie):
        return checked
    raise ValueError(f"cookies: {cookie.name!r} for {cookie.domain}{cookie.path} cannot be kept: {checked.value}")


def _from_like(item: CookieLike, home: Url | None, now: float) -> CanonicalCookie:
    """One of ours for another library's; a domain that begins with a dot includes what is below."""
    name, value = item.name, item.value
    if value is None:  # how http.cookiejar says that there was no name
        name, value = "", name
    _check_pair(name, value, _is_kept_text, needs_name=False)
    domain = "localhost" if item.domain == _LOCALHOST_OF_JARS else item.domain
    cookie = CanonicalCookie(
        name,
        value,
        _checked_domain(domain, home),
        _checked_path(item.path, _is_kept_text),
        bool(item.secure),
        created=now,
        expires=_checked_expiry(getattr(item, "expires", None), now),
    )
    if isinstance(item, CanonicalCookie):
        return cookie.replaced(http_only=item.http_only, same_site=item.same_site, created=item.created)
    return cookie


def _items(cookies: CookiesArgument) -> list[tuple[str, str | None] | CookieLike]:
    # A jar of requests is a mapping too, but that tells names and values only.
    is_mapping = isinstance(cookies, Mapping) and not hasattr(cookies, "extract_cookies")
    try:
        found: list[object] = list(cookies.items() if is_mapping and isinstance(cookies, Mapping) else cookies)
    except TypeError:
        found = [cookies]
    return [_checked_item(item) for item in found]


def _checked_item(item: object) -> tuple[str, str | None] | CookieLike:
    if isinstance(item, (tuple, list)) and len(item) == 2:
        name, value = item
        return name, value
    if all([hasattr(item, name) for name in ("name", "value", "domain", "path", "secure")]):
        return item  # type: ignore[return-value]  # it has been looked at
    raise TypeError(f"cookies: pass a mapping, pairs of name and value, or a cookie jar, not {type(item).__name__}")


def _check_pair(name: object, value: object, is_text: _IsText = _is_text, needs_name: bool = True) -> None:
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError("cookies: names and values must be strings")
    if (needs_name and not name) or not is_text(name) or "=" in name or name != name.strip(" \t"):
        raise ValueError(f"cookies: {name!r} is no name: it must be latin-1 without '=', ';' and control characters")
    if not is_text(value):
        raise ValueError(
            f"cookies: the value of {name!r} must be latin-1 without ';' and control characters; encode it"
        )
    if not is_valid_pair(name, value):
        raise ValueError(f"cookies: {name!r} is longer than {MAX_PAIR_LENGTH} bytes with its value, or has no name")


def _checked_domain(domain: str | None, home: Url | None) -> str:
    if not domain:
        if home is None:
            raise ValueError("cookies: say for which host: with a domain, or with the session's base_url")
        return home.host
    host = host_of_domain(domain)
    return "." + host if domain.startswith(".") else host


def host_of_domain(domain: str) -> str:
    """The canonical host of a domain, which has no brackets around IPv6 addresses; raises TypeError and ValueError."""
    if not isinstance(domain, str):
        raise TypeError(f"cookies: a domain must be a string, not {type(domain).__name__}")
    if (address := parse_ip_literal(domain)) is not None:
        return address
    try:
        return canonical_host(domain.removeprefix("."))
    except ValueError as error:
        raise ValueError(f"cookies: the domain {domain!r} {error}") from None


def _checked_path(path: str, is_text: _IsText = _is_text) -> str:
    if not isinstance(path, str) or not path.startswith("/") or not is_text(path):
        raise ValueError(f"cookies: the path must begin with '/', not {path!r}")
    return path


def _checked_expiry(expires: object, now: float) -> float | None:
    if expires is None:
        return None
    if isinstance(expires, bool) or not isinstance(expires, (int, float)) or math.isnan(expires):
        raise TypeError(f"cookies: expires must be seconds since 1970 or None, not {expires!r}")
    return min(float(expires), now + MAX_AGE_S)
