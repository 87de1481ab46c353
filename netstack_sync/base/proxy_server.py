"""ProxyServer: one proxy, and how it is spoken to."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from netstack_sync.base.host_port import bracketed
from netstack_sync.base.origin import SchemeHostPort


class ProxyScheme(str, Enum):
    """How a proxy is spoken to."""

    HTTP = "http"
    HTTPS = "https"
    SOCKS4 = "socks4"
    """Knows IPv4 addresses only: the name is looked up here."""
    SOCKS4A = "socks4a"
    SOCKS5 = "socks5"
    """Looks names up itself, as do all the others but SOCKS4."""

    @property
    def is_http(self) -> bool:
        """True for a proxy that understands requests; any other one only passes bytes on."""
        return self in (ProxyScheme.HTTP, ProxyScheme.HTTPS)


DEFAULT_PROXY_PORTS: Final = {
    ProxyScheme.HTTP: 80,
    ProxyScheme.HTTPS: 443,
    ProxyScheme.SOCKS4: 1080,
    ProxyScheme.SOCKS4A: 1080,
    ProxyScheme.SOCKS5: 1080,
}


class ProxyServer(NamedTuple):
    """One proxy; without credentials, so that it may be logged and compared (net/base/proxy_server.h)."""

    scheme: ProxyScheme
    host: str
    """Canonical; IPv6 without brackets."""
    port: int

    @property
    def host_port(self) -> str:
        """ "host:port"."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def origin(self) -> SchemeHostPort:
        """Under which its logins are remembered, whatever they were for."""
        return SchemeHostPort(self.scheme.value, self.host, self.port)

    def __str__(self) -> str:
        return f"{self.scheme.value}://{self.host_port}"
