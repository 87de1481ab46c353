"""What a connect job is to connect to."""

from __future__ import annotations

from typing import NamedTuple


class TransportParams(NamedTuple):
    """The other end of a TCP connection."""

    host: str
    """A canonical name, or an IP literal without brackets."""
    port: int
    partition: str | None = None
    """Names are resolved within it; see ResolveParameters.partition."""
    privacy_mode: bool = False
    """See GroupId."""
