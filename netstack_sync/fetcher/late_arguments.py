"""Arguments of requests that few give: the files that know them are read by whoever does, on their thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from netstack_sync.fetcher.request_auth import NO_AUTH

if TYPE_CHECKING:
    from netstack_sync.base.url import Url
    from netstack_sync.fetcher.auth_argument import AuthSource
    from netstack_sync.fetcher.cookie_arguments import CookiesArgument
    from netstack_sync.fetcher.fetch_request import FetchRequest
    from netstack_sync.fetcher.hooks import Hooks, HooksArgument
    from netstack_sync.fetcher.options import AuthArgument
    from netstack_sync.fetcher.request_auth import RequestAuth
    from netstack_sync.fetcher.retry_policy import RetriesArgument, RetryPolicy
    from netstack_sync.http.request_info import OwnCookies


def retries_from_value(value: RetriesArgument) -> RetryPolicy | None:
    """See RetryPolicy.from_value()."""
    if value is None:
        return None
    load_attempt_rooms()
    from netstack_sync.fetcher.retry_policy import RetryPolicy

    return RetryPolicy.from_value(value)


def load_attempt_rooms() -> None:
    """Reads what a fetch needs that may have to wait or to be made again; the network thread finds it there."""
    import netstack_sync.fetcher.fetch_attempts  # noqa: F401


def credentials_from_value(auth: AuthArgument) -> RequestAuth | AuthSource:
    """See auth_from_value()."""
    if auth is None:
        return NO_AUTH
    from netstack_sync.fetcher.auth_argument import auth_from_value

    return auth_from_value(auth)


def with_asked_auth(source: AuthSource, request: FetchRequest, environment: Mapping[str, str]) -> FetchRequest:
    """See ask_for_auth()."""
    from netstack_sync.fetcher.auth_argument import ask_for_auth

    return ask_for_auth(source, request, environment)


def hooks_from_value(value: HooksArgument) -> Hooks | None:
    """See Hooks.from_value()."""
    if value is None:
        return None
    from netstack_sync.fetcher.hooks import Hooks

    return Hooks.from_value(value)


def joined_hooks(first: Hooks | None, value: HooksArgument) -> Hooks | None:
    """Those of the session, then those of the request."""
    second = hooks_from_value(value)
    return first.and_then(second) if first is not None and second is not None else first or second


def cookies_from_value(cookies: CookiesArgument, url: Url, now: float) -> OwnCookies:
    """See request_cookies()."""
    from netstack_sync.fetcher.cookie_arguments import request_cookies

    return request_cookies(cookies, url, now)
