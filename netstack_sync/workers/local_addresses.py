"""list_local_addresses(): this machine's addresses, as far as a system tells without its own interfaces for that."""

from __future__ import annotations

import socket
from typing import Final

from netstack_sync.base.ip_endpoint import IPEndPoint

# Addresses for documentation (RFC 5737, RFC 3849): the system has a route for them if it has one for everything.
_FAR_AWAY: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_DISCARD_PORT: Final = 9


def list_local_addresses() -> frozenset[str]:
    """Those that connections would have, and those of the machine's own name, which may be looked up for seconds."""
    endpoints = [_address_towards(family, far) for family, far in _FAR_AWAY] + _endpoints_of_host_name()
    return frozenset([endpoint.address for endpoint in endpoints if endpoint is not None and not endpoint.is_loopback])


def list_route_addresses() -> tuple[str, ...]:
    """Those that connections would have, IPv4 first; nothing is looked up."""
    endpoints = [_address_towards(family, far) for family, far in _FAR_AWAY]
    return tuple([endpoint.address for endpoint in endpoints if endpoint is not None and not endpoint.is_loopback])


def _address_towards(family: int, far: str) -> IPEndPoint | None:
    """The address the system would choose; connecting a UDP socket sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((far, _DISCARD_PORT))
            return IPEndPoint.from_sockaddr(family, (sock.getsockname()[0], 0))
    except OSError:
        return None


def _endpoints_of_host_name() -> list[IPEndPoint | None]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [IPEndPoint.from_sockaddr(entry[0], entry[4]) for entry in found]
