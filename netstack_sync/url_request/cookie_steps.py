"""CookieSteps: puts the Cookie header into each hop, and keeps what each answer sets.

After net/url_request/url_request_http_job.cc (AddCookieHeaderAndStart, SaveCookiesAndNotifyHeadersComplete).
"""

from __future__ import annotations

from collections.abc import Callable

from netstack_sync.base.clock import WallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.cookies.canonical import CanonicalCookie, cookie_from_header, is_trustworthy
from netstack_sync.cookies.dates import parse_cookie_date
from netstack_sync.cookies.inclusion import cookie_line
from netstack_sync.cookies.parsed import parse_set_cookie
from netstack_sync.cookies.public_suffix import PublicSuffixGate
from netstack_sync.cookies.store import MAX_PER_DOMAIN, CookieStore
from netstack_sync.http.request_info import HttpRequestInfo, OwnCookies
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.loop.completion import Task
from netstack_sync.url_request.redirects import REDIRECT_STATUSES

_STATUSES_IN_BETWEEN = REDIRECT_STATUSES | {401}  # after which the same request may go on


class CookieSteps:
    """The cookies of one context; network thread only.

    Without a store nothing outlives its request: what a redirect or a challenge sets goes along with what follows and
    is gone with it.
    """

    __slots__ = ("_clock", "_make_store", "gate", "store")

    def __init__(
        self,
        store: CookieStore | None,
        make_store: Callable[[], CookieStore],
        gate: PublicSuffixGate,
        clock: WallClock,
    ) -> None:
        self.store = store
        self._make_store = make_store
        self.gate = gate
        """What the caller of a store's methods has waited for."""
        self._clock = clock

    def with_cookies(self, info: HttpRequestInfo) -> HttpRequestInfo:
        """The request as it is to be sent; the same one if there are no cookies for it.

        Whoever writes a Cookie header has it sent as it is. The request's own cookies stand in for stored ones of
        their name.
        """
        store = self.store if self.store is not None else info.cookie_store
        if store is None or not store.may_have_cookies:
            if not info.cookies:  # fast path
                return info
            store = None
        if "cookie" in info.headers:
            return info
        line = _merged_line(store.cookies_for(info.url) if store is not None else [], info.cookies)
        if not line:
            return info
        info = info.copy()
        info.headers = info.headers.copy()
        info.headers.add("Cookie", line)
        return info

    def save(self, info: HttpRequestInfo, response: HttpResponseInfo, on_ready: Task) -> int:
        """Keeps what the answer sets: OK.

        Or ERR_IO_PENDING while it cannot be told yet whose cookies these may be; `on_ready` then calls save() again.
        """
        headers = response.head.headers
        may_go_on = response.head.status in _STATUSES_IN_BETWEEN
        lines = headers.get_all("set-cookie") if self.store is not None or may_go_on else []
        if lines:
            if self.gate.wait(on_ready) == ERR_IO_PENDING:
                return ERR_IO_PENDING
            # More are never kept of a site, and a hostile answer is not to keep the network thread busy.
            self._save_lines(lines[:MAX_PER_DOMAIN], info, headers.get("date"))
        return OK

    def snapshot(self) -> tuple[CanonicalCookie, ...]:
        """What is kept now."""
        return tuple(self.store.all_cookies()) if self.store is not None else ()

    def _save_lines(self, lines: list[str], info: HttpRequestInfo, date: str | None) -> None:
        store = self.store if self.store is not None else info.cookie_store
        if store is None:
            store = info.cookie_store = self._make_store()
        url, now, suffixes = info.url, self._clock.now(), self.gate.suffixes
        server_time = parse_cookie_date(date) if date is not None else None
        is_from_secure = is_trustworthy(url)
        for line in lines:
            parsed = parse_set_cookie(line)
            if parsed is not None:
                cookie = cookie_from_header(parsed, url, now, server_time, suffixes)
                if isinstance(cookie, CanonicalCookie):
                    store.set_cookie(cookie, is_from_secure)


def _merged_line(stored: list[CanonicalCookie], own: OwnCookies) -> str:
    """An own cookie of None keeps the stored one from being sent."""
    if not own:
        return cookie_line([(cookie.name, cookie.value) for cookie in stored])
    names = {name for name, _ in own}
    pairs = [(cookie.name, cookie.value) for cookie in stored if cookie.name not in names]
    return cookie_line(pairs + [(name, value) for name, value in own if value is not None])
