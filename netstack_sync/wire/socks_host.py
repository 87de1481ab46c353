"""Names, users and ports as every version of SOCKS carries them."""

from __future__ import annotations

import re
from typing import Final

from netstack_sync.base.host_port import MAX_PORT
from netstack_sync.base.proxy_url import MAX_SOCKS_TEXT_BYTES
from netstack_sync.base.shown_text import shown

# A NUL would end a name of 4a, and what follows would be read as something else.
_is_name: Final = re.compile(r"[!-~]+").fullmatch


def name_bytes(host: str) -> bytes:
    """The name, which is never shortened, nor looked up here instead (rule R17); ValueError says why it is none."""
    if len(host) > MAX_SOCKS_TEXT_BYTES:
        raise ValueError(
            f"the host name {shown(host, 60)} has {len(host)} characters, and {MAX_SOCKS_TEXT_BYTES} fit into SOCKS"
        )
    if _is_name(host) is None:
        raise ValueError(f"the host name {shown(host, 60)} is empty or holds what no host name has")
    return host.encode("ascii")


def login_bytes(what: str, text: str) -> bytes:
    """A user or a password, which the ValueError of one that does not fit never shows; `what` says which it is."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the {what} for the SOCKS proxy is no valid Unicode: {error.reason}") from None
    if len(data) > MAX_SOCKS_TEXT_BYTES:
        raise ValueError(f"the {what} for the SOCKS proxy has {len(data)} bytes, and {MAX_SOCKS_TEXT_BYTES} fit")
    return data


def port_bytes(port: int) -> bytes:
    """Two bytes, in network order."""
    assert 0 <= port <= MAX_PORT, port
    return port.to_bytes(2, "big")
