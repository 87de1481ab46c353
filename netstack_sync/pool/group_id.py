"""GroupId: what makes two sockets interchangeable."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.pool.proxy_route import ProxyRoute


class GroupId(NamedTuple):
    """The pool's key. Whatever changes the identity of a connection is in it, so that a request can never get
    a socket that was opened under other terms, an unverified one for instance (rules R1 and R2).
    """

    origin: SchemeHostPort
    tls: TlsConfig | None
    """How the connection is secured; None for http."""
    partition: str | None = None
    """Sockets of different partitions are never shared."""
    privacy_mode: bool = False
    """Whether the requests come without anything that tells who asks. A connection, or a TLS session, that served the
    others would tell it (net/base/privacy_mode.h)."""
    identity: AuthIdentity | None = None
    """Whose connections these are, if a server may be told so once for all that comes over one (NTLM, Negotiate).
    Nobody else may speak over them (CVE-2026-1965)."""
    proxy: ProxyRoute | None = None
    """Through whom; None for a direct connection."""

    def __str__(self) -> str:
        name = str(self.origin) if self.partition is None else f"{self.origin} <{self.partition}>"
        if self.identity is not None:
            name = f"auth/{name}"  # and not whose: it is logged
        if self.proxy is not None:
            name = f"{self.proxy.chain}/{name}"
        return f"pm/{name}" if self.privacy_mode else name
