"""HostPortPair: a host and a port as one value, parsed from and printed as "host:port"."""

from __future__ import annotations

from typing import Final, NamedTuple

from netstack_sync.base.late_pattern import late_pattern

# Brackets around an IPv6 address, or a host without colons and brackets; then the port.
_HOST_PORT: Final = late_pattern(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\s]+)):([0-9]{1,5})")

MAX_PORT: Final = 65535


def bracketed(host: str) -> str:
    """Return `host` as it stands before a ":port": IPv6 literals in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


class HostPortPair(NamedTuple):
    """A host (IPv6 without brackets) and a port."""

    host: str
    port: int

    @classmethod
    def from_string(cls, text: str) -> HostPortPair:
        """Parse "h:1" or "[::1]:1"; `ValueError` says what is expected."""
        match = _HOST_PORT().fullmatch(text)
        if match is None or (match[1] and ":" not in match[1]):
            raise ValueError(f"{text!r} is not host:port (an IPv6 address needs brackets: [::1]:80)")
        port = int(match[3])
        if port > MAX_PORT:
            raise ValueError(f"{text!r}: the port must be at most {MAX_PORT}")
        return cls(match[1] or match[2], port)

    def to_string(self) -> str:
        """Return "host:port", with brackets around an IPv6 address."""
        return f"{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        return self.to_string()
