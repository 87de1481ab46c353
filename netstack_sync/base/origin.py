"""SchemeHostPort: the origin of a URL, the key of pools, caches and same-origin checks."""

from __future__ import annotations

from typing import Final, NamedTuple

from netstack_sync.base.host_port import bracketed

# The schemes whose URLs always name a host (WHATWG "special"), with the port that goes without saying.
DEFAULT_PORTS: Final[dict[str, int]] = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class SchemeHostPort(NamedTuple):
    """Scheme, canonical host and effective port (RFC 6454); two origins are the same if they are equal.

    A tuple, since it is hashed and compared several times per request.
    """

    scheme: str
    host: str  # lower case, no trailing dot, IPv6 without brackets (as `Url.host`)
    port: int

    def __str__(self) -> str:
        host = bracketed(self.host)
        if self.port == DEFAULT_PORTS.get(self.scheme, 0):
            return f"{self.scheme}://{host}"
        return f"{self.scheme}://{host}:{self.port}"
