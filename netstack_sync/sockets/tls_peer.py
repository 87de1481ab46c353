"""TlsPeer: whom a TLS handshake is meant for."""

from __future__ import annotations

from typing import NamedTuple

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


SessionKey = tuple[TlsPeer, TlsConfig]
"""Everything that one session may not cross: host, port, partition, privacy, and the whole TLS configuration, with
it whom to trust, the client's certificate and ALPN."""
