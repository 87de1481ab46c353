"""SessionConfig: what a session is built from, checked once and never changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netstack_sync._version import __version__
from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import DEFAULT_PRIORITY, RequestPriority
from netstack_sync.base.url import QueryParams, Url
from netstack_sync.fetcher.auth_argument import AuthSource, RequestAuth, ask_for_auth, auth_from_value
from netstack_sync.fetcher.decoding import accept_encoding
from netstack_sync.fetcher.hooks import Hooks, HooksArgument, joined_hooks
from netstack_sync.fetcher.news_arguments import check_callback, settle_expectation
from netstack_sync.fetcher.options import (
    AuthArgument,
    FetchOptions,
    FetchRequest,
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
from netstack_sync.fetcher.retry_policy import RetriesArgument, RetryPolicy
from netstack_sync.fetcher.scheme_arguments import HTTP_SCHEMES
from netstack_sync.fetcher.session_tls import SessionTls
from netstack_sync.fetcher.timeout import DEFAULT_STREAM_TIMEOUT, DEFAULT_TIMEOUT, Timeout
from netstack_sync.fetcher.tls_arguments import CertArgument, ExtraCaArgument, VerifyArgument
from netstack_sync.fetcher.tls_settings import TlsSettings, check_tls
from netstack_sync.http.request_info import OwnCookies
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.fetcher.cookie_arguments import CookiesArgument

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


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The defaults of a session's requests. Precedence: argument, session, environment, system, built-in."""

    base_url: Url | None
    headers: RequestHeaders
    anonymous_headers: RequestHeaders
    """The same without what `auth` adds to them."""
    timeout: Timeout
    session_tls: SessionTls
    follow_redirects: bool
    max_redirects: int
    max_response_size: int | None
    retries: RetryPolicy | None
    auth: RequestAuth | AuthSource
    hooks: Hooks | None
    environment: Mapping[str, str]
    """What counts of the environment: nothing when it is not trusted."""
    schemes: frozenset[str] = HTTP_SCHEMES
    """Of the URLs that may be asked for."""
    params: QueryParams | None = None
    """Of the query of each request; one of the same name counts before."""

    @property
    def tls(self) -> TlsConfig:
        """That of requests which say nothing about it."""
        return self.session_tls.tls

    def prepare(self, method: str, url: str, options: FetchOptions, is_stream: bool = False) -> FetchRequest:
        """One request with its arguments checked; raises InvalidURL, ValueError and TypeError naming them."""
        target = check_url(url, self.base_url, self.schemes)
        method = check_method(method)
        timeout = self.timeout
        if is_stream and timeout is DEFAULT_TIMEOUT:  # the session was told nothing
            timeout = DEFAULT_STREAM_TIMEOUT
        if not options and self.params is None and isinstance(self.auth, RequestAuth):  # fast path: nothing but a URL
            return FetchRequest(
                url=target,
                method=method,
                headers=self.headers,
                timeout=timeout,
                tls=self.session_tls.for_request(options, target),
                follow_redirects=self.follow_redirects,
                max_redirects=self.max_redirects,
                priority=DEFAULT_PRIORITY,
                max_response_size=self.max_response_size,
                retries=self.retries,
                auth=self.auth.identity,
                hooks=self.hooks,
            )
        return self._prepare_in_full(target, method, timeout, options)

    def _prepare_in_full(self, target: Url, method: str, timeout: Timeout, options: FetchOptions) -> FetchRequest:
        """The same of a checked URL and method, for any options and any session."""
        refuse_options(options.keys() - _OPTION_NAMES, _OPTION_NAMES, _OF_SESSIONS)
        for params in merged_params(self.params, options.get("params")):
            target = with_params(target, params)
        own = header_pairs(options.get("headers"))
        auth = self._auth_for(options, own)
        known = auth if isinstance(auth, RequestAuth) else RequestAuth()
        headers = merged_headers(self.anonymous_headers, own, known.authorization)
        cookies = options.get("cookies")
        if cookies is not None:
            headers = without_session_cookie(headers, own)
        body, headers = body_and_headers(options, headers)
        expects_continue, headers = settle_expectation(options.get("expect_continue"), headers, body)
        request = FetchRequest(
            url=target,
            method=method,
            headers=headers,
            body=body,
            timeout=Timeout.from_value(options["timeout"]) if "timeout" in options else timeout,
            tls=self.session_tls.for_request(options, target),
            follow_redirects=check_flag("follow_redirects", options.get("follow_redirects", self.follow_redirects)),
            max_redirects=check_max_redirects(options.get("max_redirects", self.max_redirects)),
            priority=RequestPriority.from_value(options.get("priority", DEFAULT_PRIORITY)),
            max_response_size=check_max_response_size(options.get("max_response_size", self.max_response_size)),
            retries=RetryPolicy.from_value(options["retries"]) if "retries" in options else self.retries,
            auth=known.identity,
            proxy=request_proxy(options.get("proxy"), self.environment),
            cookies=_cookies_for(target, cookies) if cookies is not None else (),
            expect_continue=expects_continue,
            on_informational=check_callback("on_informational", options.get("on_informational")),
            upload_progress=check_callback("upload_progress", options.get("upload_progress")),
            hooks=joined_hooks(self.hooks, Hooks.from_value(options.get("hooks"))),
        )
        return request if isinstance(auth, RequestAuth) else ask_for_auth(auth, request, self.environment)

    def _auth_for(self, options: FetchOptions, own_headers: list[tuple[str, Any]]) -> RequestAuth | AuthSource:
        """The argument, even if it is None; else the caller's own header; else the session's."""
        if "auth" in options:
            return auth_from_value(options["auth"])
        is_own = any(isinstance(name, str) and name.lower() == "authorization" for name, _ in own_headers)
        return RequestAuth() if is_own else self.auth


def _cookies_for(target: Url, cookies: CookiesArgument) -> OwnCookies:
    from netstack_sync.fetcher.cookie_arguments import request_cookies

    return request_cookies(cookies, target, _WALL_CLOCK.now())


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
    anonymous = _without_framing(merged_headers(default_headers(), headers, None))
    checked_auth = auth_from_value(auth)
    authorization = checked_auth.authorization if isinstance(checked_auth, RequestAuth) else None
    return SessionConfig(
        check_url(base_url, schemes=schemes) if base_url is not None else None,
        merged_headers(anonymous, None, authorization),
        anonymous,
        timeout,
        SessionTls(verify, cert, extra_ca, check_tls(tls), environment),
        check_flag("follow_redirects", follow_redirects),
        check_max_redirects(max_redirects),
        check_max_response_size(max_response_size),
        RetryPolicy.from_value(retries),
        checked_auth,
        Hooks.from_value(hooks),
        environment,
        schemes,
        session_params(params),
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
