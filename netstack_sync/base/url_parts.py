r"""URL text to canonical parts: what `Url` is made of.

Built over `urllib3.util.parse_url`, whose users expect its percent-encoding, with these differences:

    127.1, 0x7f.1, full-width digits   IPv4 addresses, written as 127.0.0.1        WHATWG
    http://ho%73t, [fe80::1%25eth0]    refused: neither escapes nor zones          WHATWG refuses the zone
    http://a\@b/, http:\\a, /\a        refused: other parsers read another host    stricter than WHATWG
    http://h/a\b                       the path is /a/b                            WHATWG
    http://h/%zz%20                    only the stray % becomes %25                urllib3 escapes both
    http://h/a/%2e%2e/b                the path is /b                              WHATWG
    http:h, http:/h, h/p, h:80/p       refused: the scheme or // is missing        stricter than WHATWG
    http://H.:80                       http://h/                                   rule R7 for the dot
    ws:, wss:, others with a host      the same rules as http:                     urllib3 hardly has any
    tab, NUL or lone surrogate inside  refused                                     stricter than WHATWG

Every scheme is cut into parts, so that whoever reads it can say what is wrong with it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from netstack_sync.base.exceptions import InvalidURL
from netstack_sync.base.late_pattern import late_pattern
from netstack_sync.base.origin import DEFAULT_PORTS
from netstack_sync.base.url_host import canonical_host

# Chromium's url::kMaxURLChars: what is longer is a mistake or an attack.
MAX_URL_LENGTH: Final = 2 * 1024 * 1024
_MAX_SHOWN_LENGTH: Final = 120

SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# What seldom comes is compiled when it does.
_LEADING_AUTHORITY: Final = late_pattern(r"(?:[/\\]{2}[^/?#]*)?")
_BEFORE_QUERY: Final = late_pattern(r"[^?#]*")
# User info with its "@", host and port, path, the rest.
_AFTER_SCHEME: Final = late_pattern(r"//([^/?#]*@)?([^/?#]*)([^?#]*)(.*)")
_STRAY_PERCENT: Final = late_pattern(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT: Final = late_pattern(r"(?<=/)(?:\.|%2[eE]){1,2}(?=/|$)")
_LOOKS_LIKE_PORT: Final = late_pattern(r"[0-9]{1,5}(?:[/?#]|$)")
_USERINFO: Final = late_pattern(r"[/\\]{2}[^/?#]*@")
# All of ASCII that the path of a URL without host (data:, mailto:) keeps as it is.
_OPAQUE_SAFE: Final = "".join(map(chr, range(0x20, 0x7F)))


class UrlParts(NamedTuple):
    """The canonical parts of a URL, percent-encoded; joined again they parse to themselves."""

    scheme: str
    has_authority: bool  # whether "//" follows the scheme
    username: str
    password: str
    host: str  # as `Url.host`; "" only for schemes that are not http, https, ws, wss
    port: int  # the effective one; 0 if there is none
    path: str
    query: str | None
    fragment: str | None


def parse_parts(text: str) -> UrlParts:
    """Cut an absolute URL into its parts, or raise an `InvalidURL` that says what is wrong with it."""
    text = cleaned(text)
    match = SCHEME.match(text)
    if match is None:
        raise invalid(text, "has no scheme; write https://... or http://...")
    scheme, rest = match[1].lower(), text[match.end() :]
    try:
        if scheme in DEFAULT_PORTS:
            return _with_host(scheme, with_slashes(rest))
        if rest.startswith("//") and rest[2:3] not in ("", "/"):
            return _with_host(scheme, rest)
        return _without_host(scheme, rest)
    except ValueError as error:
        raise invalid(text, str(error)) from None


def cleaned(text: str) -> str:
    """Strip the blanks around a URL or reference; refuse what is never part of one, with `InvalidURL`."""
    if len(text) > MAX_URL_LENGTH:
        raise invalid(text, f"is longer than {MAX_URL_LENGTH} characters")
    text = text.strip(" \t\r\n\f\v")
    match = _FORBIDDEN.search(text)
    if match is not None:
        raise invalid(text, f"holds the forbidden character U+{ord(match[0]):04X} at position {match.start()}")
    return text


def with_slashes(reference: str) -> str:
    """Turn the backslashes of a path into slashes; `ValueError` if they could hide the host."""
    if "\\" not in reference:
        return reference
    authority = _LEADING_AUTHORITY().match(reference)
    path = _BEFORE_QUERY().match(reference)
    assert authority is not None and path is not None  # both match anything
    if "\\" in authority[0]:
        raise ValueError("has a backslash before or in the host")
    return path[0].replace("\\", "/") + reference[path.end() :]


def invalid(text: str, problem: str) -> InvalidURL:
    """Make the error that shows the URL without its credentials, and says what is wrong with it."""
    return InvalidURL(f"url {shown_url(text)!r} {problem}")


def shown_url(text: str) -> str:
    """Return a URL as it may appear in messages and logs: no user name, no password, not endless."""
    text = _USERINFO().sub("//***@", text[: 2 * _MAX_SHOWN_LENGTH], count=1)
    return text if len(text) <= _MAX_SHOWN_LENGTH else text[:_MAX_SHOWN_LENGTH] + "..."


def _with_host(scheme: str, rest: str) -> UrlParts:
    if not rest.startswith("//"):
        raise ValueError(f"lacks // and a host after the scheme; write {scheme}://host/...")
    if "%" in rest or not rest.isascii():
        rest = _tidied(rest)
    try:
        parts = parse_url("http:" + rest)  # urllib3 normalises http only
    except LocationParseError:  # its message may quote a password
        raise ValueError(
            "has no valid host and port; ports are 1 to 65535, IPv6 addresses stand in brackets, no host has spaces"
        ) from None
    if parts.port == 0:
        raise ValueError("has port 0; ports are 1 to 65535")
    username, _, password = (parts.auth or "").partition(":")
    host = canonical_host(parts.host or "")
    port = parts.port or DEFAULT_PORTS.get(scheme, 0)
    return UrlParts(scheme, True, username, password, host, port, parts.path or "/", parts.query, parts.fragment)


def _tidied(rest: str) -> str:
    """Settle beforehand what parse_url() would do differently with escapes and international hosts."""
    match = _AFTER_SCHEME().fullmatch(rest)
    assert match is not None  # it begins with //, and holds no newline
    userinfo, host_port, path, query = match.groups(default="")
    if "%" in host_port:
        raise ValueError("has a % in its host: neither escapes nor IPv6 zones can be used there")
    if not host_port.isascii():
        host, colon, port = host_port.partition(":")
        host_port = canonical_host(host) + colon + port
    path = _DOT_SEGMENT().sub(lambda dots: dots[0].replace("%2e", ".").replace("%2E", "."), path)
    return _STRAY_PERCENT().sub("%25", f"//{userinfo}{host_port}{path}{query}")


def _without_host(scheme: str, rest: str) -> UrlParts:
    """Cut data:..., about:... or file:///..., of which nothing but the characters is normalised."""
    if _LOOKS_LIKE_PORT().match(rest):
        raise ValueError("has no scheme; write https://host:port/... or http://host:port/...")
    before, hash_mark, fragment = quote(rest, safe=_OPAQUE_SAFE).partition("#")
    path, question_mark, query = before.partition("?")
    has_authority = path.startswith("//")
    return UrlParts(
        scheme=scheme,
        has_authority=has_authority,
        username="",
        password="",
        host="",
        port=0,
        path=path[2:] if has_authority else path,
        query=query if question_mark else None,
        fragment=fragment if hash_mark else None,
    )
