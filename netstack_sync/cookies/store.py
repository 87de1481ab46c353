"""CookieStore: where cookies are kept; MemoryCookieStore keeps them for as long as the session lives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from netstack_sync.base.clock import WallClock
from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import CanonicalCookie
from netstack_sync.cookies.exclusion import ExclusionReason
from netstack_sync.cookies.inclusion import in_sending_order, is_included, would_hide_secure
from netstack_sync.cookies.public_suffix import PublicSuffixes

# Chromium's numbers (net/cookies/cookie_monster.h): a purge takes some more, so that not every cookie needs one.
MAX_PER_DOMAIN: Final = 180
MAX_IN_ALL: Final = 3300
PURGED_PER_DOMAIN: Final = 30
PURGED_IN_ALL: Final = 300


class CookieStore(Protocol):
    """Network thread only. Whoever calls it has waited for the public suffixes, but to ask `may_have_cookies`."""

    may_have_cookies: bool
    """False when cookies_for() needs no call."""

    def set_cookie(self, cookie: CanonicalCookie, is_from_secure: bool) -> ExclusionReason | None:
        """Keeps it in the place of one with the same identity, and of that if it has expired; or says why not."""

    def cookies_for(self, url: Url) -> list[CanonicalCookie]:
        """What goes to `url`, in the order in which it is sent; these count as used."""

    def all_cookies(self) -> list[CanonicalCookie]:
        """What is there and has not expired."""

    def delete(self, cookies: Iterable[CanonicalCookie]) -> int:
        """Drops those that have the identity of one of these; how many there were."""


class _Entry:
    __slots__ = ("cookie", "last_access")

    def __init__(self, cookie: CanonicalCookie, last_access: float) -> None:
        self.cookie = cookie
        self.last_access = last_access


_Bucket = dict[tuple[str, str, str], _Entry]


class MemoryCookieStore:
    """See CookieStore. Cookies by registrable domain, which those of one site share, or by host where there is none.

    When it is full, what has expired goes first, then what does not demand https, and of that what was not used for
    the longest time (RFC 6265bis §5.7).
    """

    __slots__ = ("_buckets", "_clock", "_count", "_suffixes", "may_have_cookies")

    def __init__(self, clock: WallClock, suffixes: PublicSuffixes) -> None:
        self._clock = clock
        self._suffixes = suffixes
        self._buckets: dict[str, _Bucket] = {}
        self._count = 0
        self.may_have_cookies = False
        """See CookieStore."""

    def set_cookie(self, cookie: CanonicalCookie, is_from_secure: bool) -> ExclusionReason | None:
        """See CookieStore. The same value again keeps its age, and so its place in the order (Chromium)."""
        key, now = self._key(cookie.host), self._clock.now()
        bucket = self._buckets.get(key, {})
        if not is_from_secure and _hides_secure(cookie, bucket):
            return ExclusionReason.OVERWRITE_SECURE
        known = bucket.get(cookie.identity)
        if known is not None and known.cookie.value == cookie.value and not cookie.is_expired(now):
            known.cookie, known.last_access = cookie.replaced(created=known.cookie.created), now
            return None
        if known is not None:
            self._drop(key, [known])
        if not cookie.is_expired(now):
            self._buckets.setdefault(key, {})[cookie.identity] = _Entry(cookie, now)
            self._count += 1
            self.may_have_cookies = True
            self._maybe_purge(key, cookie, now)
        return None

    def cookies_for(self, url: Url) -> list[CanonicalCookie]:
        """See CookieStore."""
        key, now = self._key(url.host), self._clock.now()
        bucket = self._buckets.get(key)
        if bucket is None:
            return []
        found, expired = [], []
        for entry in bucket.values():
            if entry.cookie.is_expired(now):
                expired.append(entry)
            elif is_included(entry.cookie, url):
                entry.last_access = now
                found.append(entry.cookie)
        self._drop(key, expired)
        return in_sending_order(found)

    def all_cookies(self) -> list[CanonicalCookie]:
        """See CookieStore."""
        now = self._clock.now()
        entries = [entry for bucket in self._buckets.values() for entry in bucket.values()]
        return [entry.cookie for entry in entries if not entry.cookie.is_expired(now)]

    def delete(self, cookies: Iterable[CanonicalCookie]) -> int:
        """See CookieStore."""
        before = self._count
        for cookie in cookies:
            key = self._key(cookie.host)
            entry = self._buckets.get(key, {}).get(cookie.identity)
            if entry is not None:
                self._drop(key, [entry])
        return before - self._count

    def _key(self, host: str) -> str:
        return self._suffixes.registrable_domain(host) or host

    def _drop(self, key: str, entries: Iterable[_Entry]) -> None:
        bucket = self._buckets[key]
        for entry in entries:
            del bucket[entry.cookie.identity]
            self._count -= 1
        self.may_have_cookies = self._count > 0
        if not bucket:
            del self._buckets[key]

    # --- limits

    def _maybe_purge(self, key: str, newcomer: CanonicalCookie, now: float) -> None:
        bucket = self._buckets[key]
        if len(bucket) > MAX_PER_DOMAIN:
            count = len(bucket) - MAX_PER_DOMAIN + PURGED_PER_DOMAIN
            self._drop(key, _victims(bucket.values(), count, newcomer, now))
        if self._count > MAX_IN_ALL:
            self._purge_all(newcomer, now)

    def _purge_all(self, newcomer: CanonicalCookie, now: float) -> None:
        keys = {id(entry): key for key, bucket in self._buckets.items() for entry in bucket.values()}
        entries = [entry for bucket in self._buckets.values() for entry in bucket.values()]
        for entry in _victims(entries, self._count - MAX_IN_ALL + PURGED_IN_ALL, newcomer, now):
            self._drop(keys[id(entry)], [entry])

    def __repr__(self) -> str:
        return f"<MemoryCookieStore {self._count} cookies of {len(self._buckets)} sites>"


def _victims(entries: Iterable[_Entry], count: int, newcomer: CanonicalCookie, now: float) -> list[_Entry]:
    """Those that are to go, `count` at most, in this order.

    A newcomer that is not Secure drives out no Secure one, rather itself: it may be from somebody on the way.
    """
    order = sorted(entries, key=lambda entry: (_worth(entry, now), entry.last_access))[:count]
    return order if newcomer.secure else [entry for entry in order if _worth(entry, now) < 2]


def _worth(entry: _Entry, now: float) -> int:
    """How much there is to say for it: 0 for nothing, since it has expired, 2 for a Secure one."""
    if entry.cookie.is_expired(now):
        return 0
    return 2 if entry.cookie.secure else 1


def _hides_secure(cookie: CanonicalCookie, bucket: _Bucket) -> bool:
    # Names first: a hostile answer has a thousand lines, and a site 180 cookies.
    return any([would_hide_secure(cookie, entry.cookie) for key, entry in bucket.items() if key[0] == cookie.name])
