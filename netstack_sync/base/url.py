"""Url: an absolute URL in its one canonical spelling, with everything the rooms above ask of it.

What is accepted and how it is spelt says `url_parts`; hosts have a file of their own, `url_host`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.form_pairs import flat_pairs, form_encoded
from netstack_sync.base.host_port import bracketed
from netstack_sync.base.origin import DEFAULT_PORTS, SchemeHostPort
from netstack_sync.base.url_parts import (
    MAX_URL_LENGTH,
    SCHEME,
    UrlParts,
    cleaned,
    invalid,
    parse_parts,
    shown_url,
    with_slashes,
)
from netstack_sync.base.value import Frozen

QueryParams: TypeAlias = Mapping[str, object] | Iterable[tuple[str, object]] | str

# What is kept is bounded in bytes. Short texts, enough for a crawler that comes back to thousands of hosts: mostly
# under 1 KB each with their Url, and 3 KB at the worst (percent-encoding triples a text), so 25 MB in all.
_SHORT_URLS: Final = 8192
_MAX_SHORT: Final = 256
# Longer ones, and those that are not ASCII, one character of which becomes up to twelve: 80 KB at the worst, 20 MB in
# all.
_LONG_URLS: Final = 256
_MAX_LONG: Final = 2048


class Url(Frozen):
    """One absolute URL; immutable, equal to another if both are spelt the same. Made by `Url.parse`.

    All parts are percent-encoded ASCII, except `username` and `password`, which are decoded. `host` is
    canonical: lower case, no trailing dot, IPv6 without brackets. URLs without a host (data:, about:) have
    host "", and port 0 means that none was given and the scheme knows none.
    """

    __slots__ = (
        "fragment",
        "host",
        "host_header",
        "href",
        "is_secure",
        "origin",
        "password",
        "path",
        "port",
        "query",
        "request_target",
        "scheme",
        "username",
    )

    _how_else = "resolve() and the with_ methods make another one"

    scheme: str
    host: str
    port: int  # the effective one
    path: str
    query: str | None
    fragment: str | None
    username: str | None
    password: str | None
    href: str  # the whole, with credentials and fragment
    origin: SchemeHostPort
    request_target: str  # path and query, as in the request line
    host_header: str  # "h", "h:81", "[::1]:81"
    is_secure: bool  # https or wss

    def __init__(
        self,
        *,
        scheme: str,
        host: str,
        port: int,
        path: str,
        query: str | None,
        fragment: str | None,
        username: str | None,
        password: str | None,
        href: str,
        origin: SchemeHostPort,
        request_target: str,
        host_header: str,
        is_secure: bool,
    ) -> None:
        put = object.__setattr__  # without looking, thirteen times, whether there is one
        put(self, "scheme", scheme)
        put(self, "host", host)
        put(self, "port", port)
        put(self, "path", path)
        put(self, "query", query)
        put(self, "fragment", fragment)
        put(self, "username", username)
        put(self, "password", password)
        put(self, "href", href)
        put(self, "origin", origin)
        put(self, "request_target", request_target)
        put(self, "host_header", host_header)
        put(self, "is_secure", is_secure)

    @classmethod
    def parse(cls, text: str) -> Url:
        """Parse an absolute URL; `InvalidURL` says what is wrong with it. Cheap for texts seen lately."""
        if not isinstance(text, str):
            raise InvalidURL(f"url must be a str, not {type(text).__name__}")
        if len(text) <= _MAX_SHORT and text.isascii():  # fast path
            return _parse_short(text)
        return _parse_long(text) if len(text) <= _MAX_LONG else _parse(text)

    def resolve(self, location: str) -> Url:
        """Resolve a reference found at this URL (RFC 3986 §5.2, with WHATWG's leniency), or `InvalidURL`.

        The fragment of this URL is not inherited; a redirect that wants it adds it itself.
        """
        reference = cleaned(location)
        is_special = self.scheme in DEFAULT_PORTS
        match = SCHEME.match(reference)
        if match is not None:
            after_scheme = reference[match.end() :]
            if not is_special or match[1].lower() != self.scheme or after_scheme.startswith("//"):
                return Url.parse(reference)
            reference = after_scheme  # "http:path" is relative at an http: URL
        if not self.host:
            raise invalid(location, f"has no scheme and cannot be relative to a {self.scheme}: URL")
        if is_special:
            try:
                reference = with_slashes(reference)
            except ValueError as error:
                raise invalid(location, str(error)) from None
        return Url.parse(self._base_of(reference) + reference)

    def with_query_params(self, params: QueryParams) -> Url:
        """Append parameters to the query.

        A str is appended as it is. Otherwise names and values are form-encoded (a space becomes "+"); a
        list, tuple or set gives one parameter per element, and None is left out. Raises TypeError for a value
        such as a dict, which no query can hold.
        """
        if isinstance(params, str):
            added = params.removeprefix("?").replace("#", "%23")
        else:
            added = form_encoded(flat_pairs("params", params))
        if not added:
            return self
        query = f"{self.query}&{added}" if self.query else added
        before = self._before_fragment()
        request_target = f"{self.path}?{query}"
        href = f"{before.removesuffix(self.request_target)}{request_target}{self.href[len(before) :]}"
        if isinstance(params, str) or len(href) > MAX_URL_LENGTH:
            return Url.parse(href)
        # Fast path: what is form-encoded is spelt canonically.
        return Url(
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            path=self.path,
            query=query,
            fragment=self.fragment,
            username=self.username,
            password=self.password,
            href=href,
            origin=self.origin,
            request_target=request_target,
            host_header=self.host_header,
            is_secure=self.is_secure,
        )

    def with_fragment(self, fragment: str | None) -> Url:
        """Replace the fragment; None removes it."""
        before = self._before_fragment()
        return Url.parse(before if fragment is None else f"{before}#{fragment}")

    def without_credentials(self) -> Url:
        """Drop user name and password."""
        if self.username is None:
            return self
        fragment = self.href[len(self._before_fragment()) :]
        return Url.parse(f"{self.scheme}://{self.host_header}{self.request_target}{fragment}")

    def _before_fragment(self) -> str:
        return self.href if self.fragment is None else self.href[: -len(self.fragment) - 1]

    def _base_of(self, reference: str) -> str:
        """Return the part of this URL that stays in front of a relative reference."""
        if reference.startswith("//"):
            return f"{self.scheme}:"
        before = self._before_fragment()
        if not reference or reference.startswith("#"):
            return before
        authority = before.removesuffix(self.request_target)
        if reference.startswith("/"):
            return authority
        return authority + (self.path if reference.startswith("?") else self.path[: self.path.rfind("/") + 1])

    def __reduce__(self) -> tuple[Callable[[str], Url], tuple[str]]:
        return Url.parse, (self.href,)  # how it is copied and pickled

    def __eq__(self, other: object) -> bool:
        return self.href == other.href if isinstance(other, Url) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.href)

    def __str__(self) -> str:
        return self.href

    def __repr__(self) -> str:
        return f"<Url {shown_url(self.href)}>"  # reprs end up in logs: no password


def _parse(text: str) -> Url:
    parts = parse_parts(text)
    userinfo = _userinfo(parts)
    try:
        username = unquote(parts.username, errors="strict") if userinfo else None
        password = unquote(parts.password, errors="strict") or None
    except UnicodeDecodeError:
        raise invalid(text, "has a user name or password that is not UTF-8") from None

    default_port = DEFAULT_PORTS.get(parts.scheme, 0)
    host_header = bracketed(parts.host) + ("" if parts.port == default_port else f":{parts.port}")
    request_target = parts.path + ("" if parts.query is None else f"?{parts.query}")
    slashes = "//" if parts.has_authority else ""
    fragment = "" if parts.fragment is None else f"#{parts.fragment}"
    href = f"{parts.scheme}:{slashes}{userinfo}{host_header}{request_target}{fragment}"
    if len(href) > MAX_URL_LENGTH:
        raise invalid(text, f"is longer than {MAX_URL_LENGTH} characters once it is percent-encoded")
    return Url(
        scheme=parts.scheme,
        host=parts.host,
        port=parts.port,
        path=parts.path,
        query=parts.query,
        fragment=parts.fragment,
        username=username,
        password=password,
        href=href,
        origin=SchemeHostPort(parts.scheme, parts.host, parts.port),
        request_target=request_target,
        host_header=host_header,
        is_secure=parts.scheme in ("https", "wss"),
    )


_parse_short: Final = lru_cache(_SHORT_URLS)(_parse)
_parse_long: Final = lru_cache(_LONG_URLS)(_parse)


def _userinfo(parts: UrlParts) -> str:
    """Return "user:password@" without what is empty."""
    if parts.password:
        return f"{parts.username}:{parts.password}@"
    return f"{parts.username}@" if parts.username else ""
