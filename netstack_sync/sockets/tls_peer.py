"""TlsPeer: whom a TLS handshake is meant for."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.proxy_chain import ProxyServer
from netstack_sync.sockets.tls_config import TlsConfig


class TlsPeer(NamedTuple):
    """The server, and for whom it is asked; no session of one peer is ever offered to another.

    OpenSSL takes a session that was made with host A for host B without looking at B's certificate.
    """

    host: str
    """The canonical host that was asked for: a name, or an IP literal without brackets."""
    port: int
    partition: str | None = None
    """See GroupId."""
    privacy_mode: bool = False
    """See GroupId."""
    # A session tells the server, and in TLS 1.2 everybody on the way, that this is who was there before. Who goes
    # through a proxy, or speaks to it as somebody else, may do so in order not to be told just that.
    via: tuple[tuple[ProxyServer, AuthIdentity | None], ...] = ()
    """The proxies on the way and as whom they are spoken to, the peer too if it is one."""


SessionKey = tuple[TlsPeer, TlsConfig]
"""Everything that one session may not cross: host, port, partition, privacy, the way there, and the whole TLS
configuration, with it whom to trust, the client's certificate and ALPN."""
