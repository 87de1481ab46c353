"""The arguments of a fetch, checked on the caller's thread before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.form_pairs import BadPairValue
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.http_util import is_token
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import QueryParams, Url
from netstack_sync.fetcher.header_rules import check_host, is_length
from netstack_sync.fetcher.news_arguments import InformationalCallback, UploadProgressCallback
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.url_request.late_schemes import HTTP_SCHEMES, load_scheme_rooms

if TYPE_CHECKING:
    from netstack_sync.auth.credentials import (
        AnyAuth,
        BasicAuth,
        BearerAuth,
        DigestAuth,
        NegotiateAuth,
        NetrcAuth,
        NtlmAuth,
    )
    from netstack_sync.fetcher.cookie_arguments import CookiesArgument
    from netstack_sync.fetcher.fetch_request import FetchRequest
    from netstack_sync.fetcher.hooks import HooksArgument
    from netstack_sync.fetcher.proxy_values import ProxyArgument
    from netstack_sync.fetcher.request_body import RequestBody
    from netstack_sync.fetcher.retry_policy import RetriesArgument
    from netstack_sync.fetcher.tls_arguments import CertArgument, VerifyArgument

HeaderChanges = Mapping[str, "str | bytes | None"] | Iterable[tuple[str, "str | bytes | None"]] | RequestHeaders
"""Headers that go over others; None takes one away."""


class FetchOptions(TypedDict, total=False):
    """Keyword arguments of every fetch; see `Session.request`."""

    params: QueryParams | None
    headers: HeaderChanges | None
    cookies: CookiesArgument | None
    json: object
    data: object
    content: object
    files: object
    timeout: Timeout | float | tuple[float | None, float | None] | None
    auth: AuthArgument
    verify: VerifyArgument
    cert: CertArgument
    proxy: ProxyArgument
    follow_redirects: bool
    max_redirects: int
    priority: RequestPriority | str | int
    max_response_size: int | None
    retries: RetriesArgument
    expect_continue: bool | None
    on_informational: InformationalCallback | None
    upload_progress: UploadProgressCallback | None
    hooks: HooksArgument


AuthValue: TypeAlias = (
    "tuple[str, str] | BasicAuth | DigestAuth | BearerAuth | NtlmAuth | NegotiateAuth | AnyAuth | NetrcAuth | None"
)
"""Who is asking; None is nobody."""

AuthArgument: TypeAlias = "AuthValue | Callable[[FetchRequest], AuthValue]"
"""The same, or a function that is asked for each request, on the thread that makes it."""


def check_url(text: str, base: Url | None = None, schemes: frozenset[str] = HTTP_SCHEMES) -> Url:
    """An absolute URL of one of the schemes; raises InvalidURL that says what is wrong."""
    if not isinstance(text, str):
        hint = "; pass str(url)" if isinstance(text, Url) else ""  # not its text, which may hold a password
        raise InvalidURL(f"url: must be a string, not {type(text).__name__}{hint}")
    url = Url.parse(text) if base is None else base.resolve(text)
    if url.scheme not in HTTP_SCHEMES:
        _check_other_scheme(url.scheme, schemes)
    return url


def _check_other_scheme(scheme: str, schemes: frozenset[str]) -> None:
    if scheme not in schemes:
        from netstack_sync.fetcher.scheme_arguments import how_to_support  # late: for the words of an error

        raise InvalidURL(f"url: the scheme {scheme!r} is not supported; {how_to_support(scheme, schemes)}")
    load_scheme_rooms()


def with_params(url: Url, params: QueryParams) -> Url:
    """The URL with parameters added to its query; raises TypeError and ValueError."""
    try:
        return url.with_query_params(params)
    except (InvalidURL, BadPairValue):
        raise
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind("params: pass a mapping, pairs of name and value, or a string, of valid Unicode") from error


def session_params(params: QueryParams | None) -> QueryParams | None:
    """A copy that nobody changes, None for none; raises as with_params()."""
    if params is None:
        return None
    copy: QueryParams = params
    if isinstance(params, Mapping):
        copy = dict(params)
    elif isinstance(params, Iterable) and not isinstance(params, str):
        copy = list(params)
    with_params(Url.parse("http://host/"), copy)
    return copy or None


def merged_params(session: QueryParams | None, own: QueryParams | None) -> list[QueryParams]:
    """What goes into the query, in order; of two mappings one, in which the request's own counts (None: without it)."""
    if isinstance(session, Mapping) and isinstance(own, Mapping):
        return [{**session, **own}]
    return [params for params in (session, own) if params is not None]


def check_method(method: str) -> str:
    """The method as it is sent: known ones in capitals; raises ValueError for what is no token."""
    if method in KNOWN_METHODS:
        return method
    if not isinstance(method, str) or not is_token(method):
        raise ValueError(f"method: {method!r} is not a token of letters, digits and !#$%&'*+-.^_`|~")
    upper = method.upper()
    if upper == "CONNECT":
        raise ValueError("method: CONNECT makes a tunnel, which is no fetch")
    return upper if upper in KNOWN_METHODS else method


KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def check_flag(name: str, value: object) -> bool:
    """True or False; raises TypeError for what only counts as one of them."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: must be True or False, not {value!r}")
    return value


def check_max_redirects(value: object) -> int:
    """A count; raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"max_redirects: must be a whole number from 0 on, not {value!r}")
    return value


def check_max_response_size(value: object) -> int | None:
    """A number of bytes or None; raises ValueError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"max_response_size: must be a positive number of bytes or None, not {value!r}")
    return value


BODIES: Final = frozenset({"json", "data", "content", "files"})
"""The options that are a body."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})


def body_and_headers(options: FetchOptions, headers: RequestHeaders) -> tuple[RequestBody | None, RequestHeaders]:
    """The body, and the headers with what it implies and without what only we may say."""
    body = None if BODIES.isdisjoint(options) else _body_of(options)
    is_framed = headers.has_any(_FRAMING)
    if body is None and not is_framed:
        return None, headers
    headers = headers.copy()
    if body is not None and body.content_type is not None:
        headers.set_default("Content-Type", body.content_type)
    return _settle_framing(body, headers) if is_framed else body, headers


def _body_of(options: FetchOptions) -> RequestBody | None:
    from netstack_sync.fetcher.request_body import make_body  # late: most requests have none

    return make_body(
        json=options.get("json"),
        data=options.get("data"),
        content=options.get("content"),
        files=options.get("files"),
    )


def _settle_framing(body: RequestBody | None, headers: RequestHeaders) -> RequestBody | None:
    """Takes the caller's framing headers out: two that disagree are how requests are smuggled (rule R16)."""
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    headers.remove("content-length")
    headers.remove("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or body is None or body.size is not None or length):
        raise ValueError("headers: Transfer-Encoding is set from the body; leave it out")
    if length is None:
        return body
    size = body.size if body is not None else 0
    if not is_length(length) or size not in (None, int(length)):
        raise ValueError(f"headers: Content-Length {length!r} does not match the body of {size} bytes")
    return body.with_size(int(length)) if body is not None and size is None else body


def merged_headers(defaults: RequestHeaders, own: list[tuple[str, Any]], authorization: str | None) -> RequestHeaders:
    """Session headers with those of one request over them; a value of None takes a session header away."""
    headers = defaults
    if own:
        headers = defaults.with_changes(own)
        check_host(headers)
    if authorization is not None:
        headers = headers.copy()
        headers.set("Authorization", authorization)
    return headers


def without_session_cookie(headers: RequestHeaders, own: list[tuple[str, Any]]) -> RequestHeaders:
    """Headers for a request with `cookies`, which count before a Cookie header of the session's.

    Raises ValueError when the request has both itself.
    """
    if any([name.lower() == "cookie" and value is not None for name, value in own]):
        raise ValueError("cookies: the request has a Cookie header too; use one of them")
    if "cookie" in headers:
        headers = headers.copy()
        headers.remove("cookie")
    return headers


def header_pairs(items: HeaderChanges | None) -> list[tuple[str, Any]]:
    """The changes as a list; raises TypeError."""
    if type(items) is dict:  # fast path
        return list(items.items())
    if items is None:
        return []
    try:
        pairs: Iterable[tuple[str, Any]] = items.items() if isinstance(items, (Mapping, RequestHeaders)) else items
        return [(name, value) for name, value in pairs]
    except (TypeError, ValueError) as error:
        raise TypeError(f"headers: pass a mapping or pairs of name and value, not {type(items).__name__}") from error
