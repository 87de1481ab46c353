"""SessionConfig: what a session is built from, checked once and never changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netstack_sync._version import __version__
from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import DEFAULT_PRIORITY, RequestPriority
from netstack_sync.base.url import QueryParams, Url
from netstack_sync.fetcher.decoding import accept_encoding
from netstack_sync.fetcher.fetch_request import FetchRequest
from netstack_sync.fetcher.late_arguments import (
    cookies_from_value,
    credentials_from_value,
    hooks_from_value,
    joined_hooks,
    retries_from_value,
    with_asked_auth,
)
from netstack_sync.fetcher.late_session_tls import LateSessionTls
from netstack_sync.fetcher.news_arguments import check_callback, settle_expectation
from netstack_sync.fetcher.options import (
    BODIES,
    KNOWN_METHODS,
    AuthArgument,
    FetchOptions,
    HeaderChanges,
    body_and_headers,
    check_flag,
    check_max_redirects,
    check_max_response_size,
    check_method,
    check_url,
    header_pairs,
    merged_headers,
    merged_params,
    session_params,
    with_params,
    without_session_cookie,
)
from netstack_sync.fetcher.other_names import refuse_options
from netstack_sync.fetcher.proxy_settings import request_proxy
from netstack_sync.fetcher.request_auth import NO_AUTH, RequestAuth, load_auth_rooms
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT, DEFAULT_TIMEOUT, Timeout
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.late_schemes import HTTP_SCHEMES

if TYPE_CHECKING:
    from netstack_sync.auth.identity import AuthIdentity
    from netstack_sync.fetcher.auth_argument import AuthSource
    from netstack_sync.fetcher.hooks import Hooks, HooksArgument
    from netstack_sync.fetcher.retry_policy import RetriesArgument, RetryPolicy
    from netstack_sync.fetcher.tls_arguments import CertArgument, ExtraCaArgument, VerifyArgument
    from netstack_sync.fetcher.tls_settings import TlsSettings

DEFAULT_MAX_RESPONSE_SIZE = 1 << 30
"""Of bodies that are kept in memory; bytes."""

_WALL_CLOCK = SystemWallClock()

_OF_SESSIONS = (
    "base_url",
    "dns",
    "endpoint_health",
    "extra_ca",
    "features",
    "file_root",
    "ftp",
    "hsts",
    "interceptors",
    "limits",
    "network_delegate",
    "pins",
    "proxy_auth",
    "rate_limit",
    "resource_scheduler",
    "schemes",
    "tcp",
    "throttle",
    "tls",
    "trust_env",
)
"""Arguments of a Session that a request does not have."""

_OPTION_NAMES = frozenset(FetchOptions.__annotations__)

_SETTINGS: Final[dict[str, Callable[[Any], object]]] = {
    "follow_redirects": partial(check_flag, "follow_redirects"),
    "max_redirects": check_max_redirects,
    "max_response_size": check_max_response_size,
    "on_informational": partial(check_callback, "on_informational"),
    "priority": RequestPriority.from_value,
    "retries": retries_from_value,
    "timeout": Timeout.from_value,
    "upload_progress": partial(check_callback, "upload_progress"),
}
"""The options that are checked by themselves and go into the field of their name."""

_BODY_HEADERS: Final = frozenset({"content-length", "expect", "transfer-encoding"})
"""Headers that say something about the body."""


class RequestDefaults(NamedTuple):
    """The fields of a FetchRequest from its headers on, in its order, of a request that says nothing about them."""

    headers: RequestHeaders
    timeout: Timeout
    tls: TlsConfig
    follow_redirects: bool
    max_redirects: int
    priority: RequestPriority
    max_response_size: int | None
    retries: RetryPolicy | None
    hooks: Hooks | None
    auth: AuthIdentity | None


class SessionConfig(NamedTuple):
    """The defaults of a session's requests. Precedence: argument, session, environment, system, built-in."""

    defaults: RequestDefaults
    base_url: Url | None
    anonymous_headers: RequestHeaders
    """Those of the defaults without what `auth` adds to them."""
    session_tls: LateSessionTls
    auth: RequestAuth | AuthSource
    environment: Mapping[str, str]
    """What counts of the environment: nothing when it is not trusted."""
    schemes: frozenset[str]
    """Of the URLs that may be asked for."""
    params: QueryParams | None
    """Of the query of each request; one of the same name counts before."""

    is_plain: bool
    """True when nothing but the defaults goes into a request that says nothing."""

    @property
    def headers(self) -> RequestHeaders:
        """Those of requests which say nothing about them."""
        return self.defaults.headers

    @property
    def tls(self) -> TlsConfig:
        """That of requests which say nothing about it."""
        return self.defaults.tls

    def prepare(self, method: str, url: str, options: FetchOptions, is_stream: bool = False) -> FetchRequest:
        """One request with its arguments checked; raises InvalidURL, ValueError and TypeError naming them."""
        target = check_url(url, self.base_url, self.schemes)
        request = FetchRequest(target, method if method in KNOWN_METHODS else check_method(method), *self.defaults)
        if is_stream and self.defaults.timeout is DEFAULT_TIMEOUT:  # the session was told nothing
            request.timeout = DEFAULT_STREAM_TIMEOUT
        if target.username is not None:
            load_auth_rooms()
        is_complete = self.is_plain and (not target.is_secure or self.session_tls.is_settled)
        for name, value in options.items():
            check = _SETTINGS.get(name)
            if check is None:
                is_complete = False
            else:
                setattr(request, name, check(value))
        return request if is_complete else self._prepare_in_full(request, options)

    def _prepare_in_full(self, request: FetchRequest, options: FetchOptions) -> FetchRequest:
        """What takes more than one check of one value; the request is not given out yet, so it may be changed."""
        if not options.keys() <= _OPTION_NAMES:
            refuse_options(options.keys() - _OPTION_NAMES, _OPTION_NAMES, _OF_SESSIONS)
        if self.params is not None or "params" in options:
            for params in merged_params(self.params, options.get("params")):
                request.url = with_params(request.url, params)
        request.tls = self.session_tls.for_request(options, request.url)
        if "proxy" in options:
            request.proxy = request_proxy(options["proxy"], self.environment)
        if "hooks" in options:
            request.hooks = joined_hooks(self.defaults.hooks, options["hooks"])
        auth = self._settle_headers(request, options)
        return request if isinstance(auth, RequestAuth) else with_asked_auth(auth, request, self.environment)

    def _settle_headers(self, request: FetchRequest, options: FetchOptions) -> RequestAuth | AuthSource:
        """The headers, and what goes into them or depends on them; gives what is still to be asked for credentials."""
        own = header_pairs(options["headers"]) if "headers" in options else []
        auth = self.auth
        if own or "auth" in options:
            auth = self._auth_for(options, own)
            known = auth if isinstance(auth, RequestAuth) else NO_AUTH
            request.headers = merged_headers(self.anonymous_headers, own, known.authorization)
            request.auth = known.identity
        has_body_headers = bool(own) and request.headers.has_any(_BODY_HEADERS)
        cookies = options.get("cookies")
        if cookies is not None:
            request.headers = without_session_cookie(request.headers, own)
            request.cookies = cookies_from_value(cookies, request.url, _WALL_CLOCK.now())
        if has_body_headers or not BODIES.isdisjoint(options):
            request.body, request.headers = body_and_headers(options, request.headers)
        if has_body_headers or "expect_continue" in options:
            expect = options.get("expect_continue")
            request.expect_continue, request.headers = settle_expectation(expect, request.headers, request.body)
        return auth

    def _auth_for(self, options: FetchOptions, own_headers: list[tuple[str, Any]]) -> RequestAuth | AuthSource:
        """The argument, even if it is None; else the caller's own header; else the session's."""
        if "auth" in options:
            return credentials_from_value(options["auth"])
        if self.auth == NO_AUTH:  # fast path
            return NO_AUTH
        is_own = any([isinstance(name, str) and name.lower() == "authorization" for name, _ in own_headers])
        return NO_AUTH if is_own else self.auth


def make_session_config(
    *,
    base_url: str | None,
    headers: HeaderChanges | None,
    params: QueryParams | None = None,
    auth: AuthArgument,
    timeout: Timeout,
    verify: VerifyArgument,
    cert: CertArgument,
    extra_ca: ExtraCaArgument = None,
    tls: TlsSettings | None = None,
    follow_redirects: bool,
    max_redirects: int,
    max_response_size: int | None,
    retries: RetriesArgument = None,
    hooks: HooksArgument = None,
    trust_env: bool,
    schemes: frozenset[str] = HTTP_SCHEMES,
) -> SessionConfig:
    """Checks what a Session was given; raises ValueError or TypeError naming the argument."""
    environment: Mapping[str, str] = dict(os.environ) if check_flag("trust_env", trust_env) else {}
    anonymous = _without_framing(merged_headers(default_headers(), header_pairs(headers), None))
    checked_auth = credentials_from_value(auth)
    known_auth = checked_auth if isinstance(checked_auth, RequestAuth) else NO_AUTH
    session_tls = LateSessionTls(verify, cert, extra_ca, tls, environment)
    defaults = RequestDefaults(
        headers=merged_headers(anonymous, [], known_auth.authorization),
        timeout=timeout,
        tls=session_tls.tls,
        follow_redirects=check_flag("follow_redirects", follow_redirects),
        max_redirects=check_max_redirects(max_redirects),
        priority=DEFAULT_PRIORITY,
        max_response_size=check_max_response_size(max_response_size),
        retries=retries_from_value(retries),
        hooks=hooks_from_value(hooks),
        auth=known_auth.identity,
    )
    checked_params = session_params(params)
    return SessionConfig(
        defaults=defaults,
        base_url=check_url(base_url, schemes=schemes) if base_url is not None else None,
        anonymous_headers=anonymous,
        session_tls=session_tls,
        auth=checked_auth,
        environment=environment,
        schemes=schemes,
        params=checked_params,
        is_plain=checked_params is None and known_auth is checked_auth,
    )


def _without_framing(headers: RequestHeaders) -> RequestHeaders:
    """Refuses what belongs to one body: said of every request it would be a lie that smuggles (rule R16)."""
    for name in ("Content-Length", "Transfer-Encoding"):
        if name in headers:
            raise ValueError(f"headers: {name} is set from the body of each request; leave it out")
    if "expect" in headers:
        raise ValueError("headers: Expect belongs to single requests; pass expect_continue=True to those with a body")
    return headers


def default_headers() -> RequestHeaders:
    """What every request says unless told otherwise."""
    return RequestHeaders(
        [
            ("User-Agent", f"netstack_sync/{__version__}"),
            ("Accept", "*/*"),
            ("Accept-Encoding", accept_encoding()),
        ]
    )
