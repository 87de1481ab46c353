"""What the caller's own Host and Content-Length must be: whoever reads them otherwise than we do is smuggled to."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from netstack_sync.base.headers import RequestHeaders

# RFC 9112 §3.2 and RFC 3986 §3.2.2, but for the comma, at which a proxy may split one Host into two. Compiled by
# the first that is given.
_IS_HOST: Final = partial(re.fullmatch, r"(?:\[[0-9A-Fa-f:.v]+\]|[\w\-.~%!$&'()*+;=]*)(?::[0-9]*)?", flags=re.ASCII)

_MAX_LENGTH_DIGITS: Final = 19  # as much as the answer's may have


def check_host(headers: RequestHeaders) -> None:
    """Raises ValueError for two Hosts, of which servers and proxies may believe one each, and for what is none."""
    host = headers.get("host")
    if host is None:
        return
    if sum([name.lower() == "host" for name in headers]) > 1:
        raise ValueError("headers: Host may be given only once")
    if not _IS_HOST(host):
        raise ValueError(f"headers: Host must be one name or address, perhaps with a port, not {host!r}")


def is_length(text: str) -> bool:
    """True for a Content-Length that everybody reads in the same way."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_LENGTH_DIGITS
