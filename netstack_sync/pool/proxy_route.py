"""ProxyRoute: the way of a connection through proxies, with all that makes one way differ from another."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.proxy_chain import ProxyChain, ProxyServer
from netstack_sync.sockets.tls_config import TlsConfig


class ProxyHop(NamedTuple):
    """One proxy, and as whom it is spoken to."""

    server: ProxyServer
    identity: AuthIdentity | None = None
    """Who answers its challenges, and no other's (CVE-2026-3784)."""
    tls: TlsConfig | None = None
    """How the connection to an HTTPS proxy is secured; None for any other one."""


class ProxyRoute(NamedTuple):
    """The hops in their order. Part of the pool's key (rule R1)."""

    hops: tuple[ProxyHop, ...]

    @property
    def chain(self) -> ProxyChain:
        """Who the proxies are."""
        return ProxyChain(tuple([hop.server for hop in self.hops]))

    @property
    def last(self) -> ProxyHop:
        """Who speaks to the server."""
        return self.hops[-1]

    def forwards(self, is_secure: bool) -> bool:
        """True when the last proxy is sent the request itself, with the whole URL in it (RFC 9112 §3.2.2); else there
        is a tunnel to the server. Whether the server is spoken to in TLS depends on the URL's scheme alone (rule R18).
        """
        return not is_secure and self.last.server.scheme.is_http
