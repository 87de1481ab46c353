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

    def __str__(self) -> str:
        return str(self.origin) if self.partition is None else f"{self.origin} <{self.partition}>"
