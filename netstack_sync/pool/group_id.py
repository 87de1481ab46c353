"""GroupId: what makes two sockets interchangeable."""

from __future__ import annotations

from typing import NamedTuple

from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.sockets.tls_config import TlsConfig


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

    def __str__(self) -> str:
        name = str(self.origin) if self.partition is None else f"{self.origin} <{self.partition}>"
        return f"pm/{name}" if self.privacy_mode else name
