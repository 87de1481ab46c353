"""The Keep-Alive header: for how long a server keeps an idle connection (RFC 2068 §19.7.1.1)."""

from __future__ import annotations

import re

from netstack_sync.base.headers import ResponseHeaders

_TIMEOUT = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def keep_alive_timeout_s(headers: ResponseHeaders) -> float | None:
    """The promise in seconds; None without one that can be read."""
    match = _TIMEOUT.search(headers.get("Keep-Alive") or "")
    return float(match[1]) if match is not None else None
