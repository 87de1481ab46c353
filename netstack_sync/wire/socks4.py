"""SOCKS4 and its extension 4a: the request to connect and the reply to it (SOCKS4.protocol, SOCKS4A.protocol)."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.ip_endpoint import IPV4_BYTES, packed_ip_literal
from netstack_sync.base.net_errors import ERR_PROXY_AUTH_REQUESTED, ERR_SOCKS_CONNECTION_FAILED
from netstack_sync.wire.socks_host import login_bytes, name_bytes, port_bytes
from netstack_sync.wire.socks_reply import SocksReplyParser

SOCKS4_GRANTED: Final = 90

_VERSION_AND_CONNECT: Final = b"\4\1"
_NAME_FOLLOWS: Final = b"\0\0\0\1"  # 4a: any address of the form 0.0.0.x, with x not 0
_REPLY_VERSION: Final = 0
_REPLY_BYTES: Final = 8

_REFUSALS: Final = {
    91: (ERR_SOCKS_CONNECTION_FAILED, "refused or failed; SOCKS4 gives no reason, the proxy's log may"),
    92: (
        ERR_SOCKS_CONNECTION_FAILED,
        "refused, because it could not ask this machine's identd who the user is; use a proxy that does not ask",
    ),
    93: (
        ERR_PROXY_AUTH_REQUESTED,
        "refused, because identd names another user; put the right one into the proxy's URL (socks4://user@…)",
    ),
}


def build_socks4_request(host: str, port: int, user_id: bytes = b"") -> bytes:
    """To connect to an IPv4 address, or, as 4a does, to a name that the proxy looks up.

    ValueError for a destination that cannot be carried: IPv6, and a name that is none or too long.
    """
    address = packed_ip_literal(host)
    if address is not None and len(address) != IPV4_BYTES:
        raise ValueError(f"SOCKS4 knows IPv4 addresses only, and the destination is {host}; use a SOCKS5 proxy")
    if address is not None and address[:3] == b"\0\0\0" and address[3]:
        raise ValueError(f"the address {host} means nothing to SOCKS4: no host has it")
    head = _VERSION_AND_CONNECT + port_bytes(port) + (address or _NAME_FOLLOWS) + user_id + b"\0"
    return head if address is not None else head + name_bytes(host) + b"\0"


def socks4_user_id(user_id: str) -> bytes:
    """Who asks, for build_socks4_request(); ValueError for what does not fit. SOCKS4 has no passwords."""
    user = login_bytes("user name", user_id)
    if b"\0" in user:  # ends it, and what follows would be read as something else
        raise ValueError("the user name for the SOCKS proxy holds a NUL")
    return user


def problem_with_socks4(code: int) -> tuple[int, str]:
    """The net error of a reply other than SOCKS4_GRANTED, and words that continue "the proxy has ..."."""
    unknown = ERR_SOCKS_CONNECTION_FAILED, "answered with a code that SOCKS4 does not know"
    return _REFUSALS.get(code, unknown)


class Socks4ReplyParser(SocksReplyParser):
    """The reply to the request; the address in it means nothing to a client.

    A refusal is known by its second byte, and some proxies send no more.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((_REPLY_VERSION,), "a zero")

    def _end(self, buffer: bytes) -> int:
        return _REPLY_BYTES if buffer[1] == SOCKS4_GRANTED else min(len(buffer), _REPLY_BYTES)
