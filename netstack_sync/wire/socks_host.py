"""Names and ports as every version of SOCKS carries them."""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.host_port import MAX_PORT
from netstack_sync.base.shown_text import shown

MAX_SOCKS_TEXT_BYTES: Final = 255  # one byte says how long (RFC 1928 §5, RFC 1929 §2); 4a gives no other limit

# A NUL would end a name of 4a, and what follows would be read as something else.
_is_name: Final = re.compile(r"[!-~]+").fullmatch


def name_bytes(host: str) -> bytes:
    """The name, which is never shortened, nor looked up here instead (rule R17); ValueError says why it is none."""
    if len(host) > MAX_SOCKS_TEXT_BYTES:
        raise ValueError(
            f"the host name {shown(host, 60)} has {len(host)} characters, and SOCKS carries {MAX_SOCKS_TEXT_BYTES}"
        )
    if _is_name(host) is None:
        raise ValueError(f"the host name {shown(host, 60)} is empty or holds what no host name has")
    return host.encode("ascii")


def port_bytes(port: int) -> bytes:
    """Two bytes, in network order."""
    assert 0 <= port <= MAX_PORT, port
    return port.to_bytes(2, "big")
