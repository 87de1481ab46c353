"""IPEndPoint: one address and port to connect to; canonical text of IP literals."""

from __future__ import annotations

import re
import socket
import struct
from typing import Final, NamedTuple, TypeAlias

from netstack_sync.base.host_port import bracketed

# What socket.connect() takes: (address, port), or for IPv6 (address, port, flow info, scope id).
SockAddr: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

IPV4_BYTES: Final = 4

_ZERO_RUN: Final = r"\b0(?::0)+\b"  # compiled by the first IPv6 address


def parse_ip_literal(host: str) -> str | None:
    """Return the canonical text of an IPv4 or IPv6 literal (no brackets, no zone), None for anything else.

    IPv4 is dotted decimal only; the looser forms of URLs are read by `url_host`. IPv6 is written as
    RFC 5952 §4 wants it, except that mapped IPv4 addresses stay hexadecimal, as WHATWG and Chromium write
    them (Python's `ipaddress` changed its mind about that in 3.13).
    """
    packed = packed_ip_literal(host)
    if packed is None:
        return None
    return ".".join(map(str, packed)) if len(packed) == IPV4_BYTES else _ipv6_text(packed)


def packed_ip_literal(host: str) -> bytes | None:
    """Return the four or sixteen bytes of such a literal, None for anything else."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except (OSError, ValueError):  # ValueError: NUL inside, or not ASCII
        return None


def _ipv6_text(packed: bytes) -> str:
    text = ":".join([f"{group:x}" for group in struct.unpack("!8H", packed)])
    runs = list(re.finditer(_ZERO_RUN, text))
    if not runs:
        return text
    longest = max(runs, key=lambda run: run.end() - run.start())  # the first of equals (RFC 5952 §4.2.3)
    return f"{text[: longest.start()].rstrip(':')}::{text[longest.end() :].lstrip(':')}"


class IPEndPoint(NamedTuple):
    """An IP address and a port; hashable."""

    address: str  # canonical text, no brackets, no zone
    port: int
    family: int  # socket.AF_INET or socket.AF_INET6
    scope_id: int = 0  # the interface of a link-local IPv6 address

    @classmethod
    def from_sockaddr(cls, family: int, sockaddr: tuple[object, ...]) -> IPEndPoint:
        """Take what getaddrinfo(), getpeername() and accept() return; `ValueError` for other families."""
        address, port = sockaddr[0], sockaddr[1]
        if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, str) or not isinstance(port, int):
            raise ValueError(f"not an IP socket address: family {family}, {sockaddr!r}")
        scope_id = sockaddr[3] if family == socket.AF_INET6 and len(sockaddr) > 3 else 0
        assert isinstance(scope_id, int)
        # Some systems repeat the scope in the text ("fe80::1%eth0").
        return cls(address.partition("%")[0], port, family, scope_id)

    @property
    def sockaddr(self) -> SockAddr:
        """The tuple for socket.connect() and socket.bind()."""
        if self.family == socket.AF_INET6:
            return (self.address, self.port, 0, self.scope_id)
        return (self.address, self.port)

    @property
    def is_loopback(self) -> bool:
        """Whether the address is 127.0.0.0/8 or ::1, also as an IPv4-mapped IPv6 address."""
        packed = socket.inet_pton(self.family, self.address)
        if len(packed) == 4:
            return packed[0] == 127
        return packed == b"\0" * 15 + b"\1" or packed.startswith(b"\0" * 10 + b"\xff\xff\x7f")

    def __str__(self) -> str:
        scope = f"%{self.scope_id}" if self.scope_id else ""
        return f"{bracketed(self.address + scope)}:{self.port}"


AddressList: TypeAlias = tuple[IPEndPoint, ...]
