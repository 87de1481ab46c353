"""Which addresses lie on this machine or in its own network."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 1122 §3.2.1.3)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # behind the provider's NAT (RFC 6598)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local (RFC 3927)
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",  # unspecified and loopback
        "fc00::/7",  # unique local (RFC 4193)
        "fe80::/10",  # link-local (RFC 4291)
    )
)

_CACHED_ADDRESSES: Final = 8192  # 2 MB at the most; more than there are connections


@lru_cache(_CACHED_ADDRESSES)
def is_private(address: str) -> bool:
    """Whether an IP literal is loopback, private or link-local, also inside an IPv4-mapped IPv6 address.

    Remembered, since every request asks. `ValueError` for what is no IP literal.
    """
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _PRIVATE)
