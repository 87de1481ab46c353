"""The URL of a proxy: scheme://[user:password@]host[:port] (net/base/proxy_string_util.h)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from netstack_sync.base.host_port import MAX_PORT
from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.proxy_server import DEFAULT_PROXY_PORTS, ProxyScheme, ProxyServer
from netstack_sync.base.shown_text import shown
from netstack_sync.base.url_host import canonical_host

_SCHEMES: Final = {
    "http": ProxyScheme.HTTP,
    "https": ProxyScheme.HTTPS,
    "socks4": ProxyScheme.SOCKS4,
    "socks4a": ProxyScheme.SOCKS4A,
    "socks5": ProxyScheme.SOCKS5,
    "socks5h": ProxyScheme.SOCKS5,  # curl's word for what SOCKS5 always does here: the proxy looks the name up
    "socks": ProxyScheme.SOCKS5,
}
PROXY_SCHEMES: Final = ", ".join(_SCHEMES)
"""What may stand before "://", for messages."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_AUTHORITY: Final = re.compile(r"[^/?#\\]*")
# An IPv6 address in brackets or anything without a colon; then the port.
_host_and_port: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?").fullmatch
# Up to the last "@": a password that lacks its percent-encoding may hold anything.
_USERINFO: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.\-]*://)?.*@", re.DOTALL)
_MAX_SHOWN_LENGTH: Final = 120
MAX_SOCKS_TEXT_BYTES: Final = 255  # one byte says how long (RFC 1928 §5, RFC 1929 §2); 4a gives no other limit


def parse_proxy_url(
    text: str, default_scheme: ProxyScheme = ProxyScheme.HTTP
) -> tuple[ProxyServer, tuple[str, str] | None]:
    """The proxy, and user and password where they are given; `default_scheme` is for a text without one.

    Raises ValueError, whose message shows the text without credentials and says what is wrong with it.
    """
    try:
        return _parsed(text.strip(" \t\r\n"), default_scheme)
    except ValueError as error:
        raise ValueError(f"'{shown_proxy_url(text)}' {error}") from None


def parse_proxy_host(text: str, scheme: ProxyScheme) -> ProxyServer:
    """The proxy at "host[:port]"; raises ValueError in words that continue "the proxy ..."."""
    match = _host_and_port(text)
    if match is None:
        hint = "an IPv6 address stands in brackets: [::1]:3128" if text.count(":") > 1 else "host:port is expected"
        raise ValueError(f"has no valid host and port; {hint}")
    host, port = match.groups()
    if not host:
        raise ValueError("names no host")
    return ProxyServer(scheme, canonical_host(host), _port_from(port, DEFAULT_PROXY_PORTS[scheme]))


def shown_proxy_url(text: str) -> str:
    """The text as it may stand in a message: what may be credentials is gone, whatever else is wrong with it."""
    return shown(_USERINFO.sub(lambda match: f"{match[1] or ''}***@", text), _MAX_SHOWN_LENGTH)


def _parsed(text: str, default_scheme: ProxyScheme) -> tuple[ProxyServer, tuple[str, str] | None]:
    if _CONTROL.search(text):
        raise ValueError("holds a control character")
    match = _SCHEME.match(text)
    scheme, rest = default_scheme, text
    if match is not None:
        scheme, rest = _scheme_from(match[1]), text[match.end() :]
    elif parse_ip_literal(text) is not None and ":" in text:
        rest = f"[{text}]"  # nothing but an IPv6 address: there is no port that it could be taken for
    authority = _AUTHORITY.match(rest)
    assert authority is not None  # matches anything
    if rest[authority.end() :] not in ("", "/"):
        if "@" in rest[authority.end() :]:
            raise ValueError("has a /, ?, # or \\ in its user name or password; percent-encode it (/ is %2F)")
        is_script = rest.endswith((".pac", ".dat", ".js"))
        hint = "; for a script that chooses proxies pass a PacUrl, or --pac" if is_script else ""
        raise ValueError(f"has a path or a query; a proxy is scheme://host:port alone{hint}")
    userinfo, at, host_port = authority[0].rpartition("@")
    if at and not host_port.partition(":")[0]:
        raise ValueError("has credentials, but no host behind the @")
    return parse_proxy_host(host_port, scheme), _credentials_from(userinfo, scheme)


def _scheme_from(name: str) -> ProxyScheme:
    scheme = _SCHEMES.get(name.lower())
    if scheme is None:
        raise ValueError(f"has the scheme {name!r}, which no proxy has; there are {PROXY_SCHEMES}")
    return scheme


def _port_from(text: str | None, default: int) -> int:
    if text is None:
        return default
    # len(): int() takes quadratic time for a long text.
    if not text or len(text) > 5 or not 0 < int(text) <= MAX_PORT:
        raise ValueError(f"has no valid port after the colon; ports are 1 to {MAX_PORT}")
    return int(text)


def _credentials_from(userinfo: str, scheme: ProxyScheme) -> tuple[str, str] | None:
    if not userinfo.strip(":"):
        return None
    before, _, after = userinfo.partition(":")
    try:
        user, password = unquote(before, errors="strict"), unquote(after, errors="strict")
        sizes = len(user.encode()), len(password.encode())
    except UnicodeError:  # its text would show the password
        raise ValueError("has a user name or password that is not UTF-8") from None
    if _CONTROL.search(user + password):
        raise ValueError("has a control character in its user name or password")
    if scheme.is_http and ":" in user:
        raise ValueError("has a colon in its user name, which basic authentication cannot tell (RFC 7617)")
    if not scheme.is_http and max(sizes) > MAX_SOCKS_TEXT_BYTES:
        raise ValueError(
            f"has a user name or password of more than {MAX_SOCKS_TEXT_BYTES} bytes, which SOCKS has no room for"
        )
    return user, password
