"""SessionCookies: the cookies that a session keeps, seen and changed from any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.url import Url
from netstack_sync.cookies.canonical import CanonicalCookie
from netstack_sync.cookies.store import CookieStore
from netstack_sync.fetcher.cookie_arguments import (
    CookiesArgument,
    NewCookie,
    host_of_domain,
    keepable,
    make_cookie,
    session_cookies,
)
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.options import check_url
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.context_builder import PUBLIC_SUFFIXES

T = TypeVar("T")

_WALL_CLOCK = SystemWallClock()


class SessionCookies:
    """A view: each method asks the session as it is at that moment. Any thread.

    What it gives are copies, so that nothing changes while somebody goes through them. Iterating gives the cookies,
    `name in cookies` and `cookies[name]` look for a name. Two cookies are different ones if they have different
    domains or paths, also when they share a name.
    """

    __slots__ = ("_context", "_home")

    def __init__(self, context: Callable[[], URLRequestContext], home: Url | None) -> None:
        self._context = context
        self._home = home

    def for_url(self, url: str) -> list[CanonicalCookie]:
        """What a request for `url` would send, in this order; raises InvalidURL."""
        target = check_url(url, self._home)
        return self._ask(lambda store: store.cookies_for(target), [])

    def get(
        self, name: str, default: str | None = None, *, domain: str | None = None, path: str | None = None
    ) -> str | None:
        """The value of a cookie; raises LookupError when there are several and they differ."""
        found = {cookie.value for cookie in self._named(name, domain, path)}
        if len(found) > 1:
            raise LookupError(f"cookies: several are named {name!r}; say which with domain and path")
        return found.pop() if found else default

    def as_dict(self, domain: str | None = None) -> dict[str, str]:
        """Names and values, of one host if it is named; of several with one name that which was set last."""
        cookies = sorted(self._named(None, domain, None), key=lambda cookie: cookie.created)
        return {cookie.name: cookie.value for cookie in cookies}

    def set(
        self,
        name: str,
        value: str,
        *,
        domain: str | None = None,
        path: str = "/",
        secure: bool | None = None,
        expires: float | None = None,
    ) -> None:
        """Keeps a cookie: for one host, or with a dot before the domain for those below as well.

        Without a domain it is for the host of the session's base_url; then it goes over https only if that has https.
        `expires` is in seconds since 1970, at most 400 days ahead; None keeps it as long as the session lives. Raises
        ValueError and TypeError.
        """
        new = NewCookie(name, value, domain, path, secure, expires)
        cookie = make_cookie(new, self._home, _WALL_CLOCK.now())
        self._load_suffixes()
        self._add((keepable(cookie, PUBLIC_SUFFIXES),))

    def update(self, cookies: CookiesArgument) -> None:
        """Keeps all of a mapping, of pairs, or of a cookie jar; raises ValueError and TypeError."""
        self._load_suffixes()
        self._add(session_cookies(cookies, self._home, _WALL_CLOCK.now(), PUBLIC_SUFFIXES))

    def delete(self, name: str, *, domain: str | None = None, path: str | None = None) -> int:
        """Drops the cookies of this name; how many there were."""
        chosen = self._named(name, domain, path)
        return self._ask(lambda store: store.delete(chosen), 0)

    def clear(self, domain: str | None = None) -> None:
        """Drops all cookies, or those of one domain."""
        chosen = self._named(None, domain, None)
        self._ask(lambda store: store.delete(chosen), 0)

    def __iter__(self) -> Iterator[CanonicalCookie]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, name: object) -> bool:
        return any([cookie.name == name for cookie in self._all()])

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __repr__(self) -> str:
        return f"<SessionCookies {self._all()}>"

    def _all(self) -> list[CanonicalCookie]:
        return self._ask(lambda store: store.all_cookies(), [])

    def _named(self, name: str | None, domain: str | None, path: str | None) -> list[CanonicalCookie]:
        host = None if domain is None else host_of_domain(domain)
        return [
            cookie
            for cookie in self._all()
            if name in (None, cookie.name) and host in (None, cookie.host) and path in (None, cookie.path)
        ]

    def _add(self, cookies: tuple[CanonicalCookie, ...]) -> None:
        def add(store: CookieStore) -> bool:
            for cookie in cookies:
                store.set_cookie(cookie, is_from_secure=True)
            return True

        if not self._ask(add, False):
            raise ValueError("cookies: the session was made with cookies=False and keeps none")

    def _load_suffixes(self) -> None:
        """Before anything is kept; here, because it takes too long for the network thread."""
        if not PUBLIC_SUFFIXES.is_loaded and self._context().thread.is_current:
            raise RuntimeError("cookies: the network thread cannot wait for this; set cookies on another thread")
        PUBLIC_SUFFIXES.load()

    def _ask(self, look: Callable[[CookieStore], T], default: T) -> T:
        """What `look` sees on the network thread; `default` when the session keeps no cookies."""
        context = self._context()
        store = None if context.cookies is None else context.cookies.store
        if store is None:
            return default
        seen: list[T] = []
        call_on_network_thread(context.thread, lambda: seen.append(look(store)))
        return seen[0]
