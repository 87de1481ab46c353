"""SOCKS5: the messages of a client that connects (RFC 1928), and its login with user and password (RFC 1929)."""

from __future__ import annotations

from typing import Final

from netstack_sync.base.ip_endpoint import packed_ip_literal
from netstack_sync.base.net_errors import ERR_SOCKS_CONNECTION_FAILED, ERR_SOCKS_CONNECTION_HOST_UNREACHABLE
from netstack_sync.wire.errors import WireError
from netstack_sync.wire.socks_host import login_bytes, name_bytes, port_bytes
from netstack_sync.wire.socks_reply import SocksReplyParser

SOCKS5_SUCCEEDED: Final = 0
LOGIN_SUCCEEDED: Final = 0

METHOD_NONE: Final = 0
METHOD_LOGIN: Final = 2
METHOD_NOT_FOUND: Final = 0xFF

_VERSION: Final = 5
_LOGIN_VERSION: Final = 1
_CONNECT: Final = b"\5\1\0"
_IPV4, _NAME, _IPV6 = 1, 3, 4
_ADDRESS_BYTES: Final = {_IPV4: 4, _IPV6: 16}
_KINDS: Final = {size: kind for kind, size in _ADDRESS_BYTES.items()}
_HEAD_BYTES: Final = 5  # of a reply: as far as the length of a name
_PORT_BYTES: Final = 2

# A destination that cannot be reached is no fault of the proxy's, which is not to be avoided for it.
_REFUSALS: Final = {
    1: (ERR_SOCKS_CONNECTION_FAILED, "failed for a reason that only its log knows"),
    2: (
        ERR_SOCKS_CONNECTION_FAILED,
        "refused, because its rules do not allow this; ask who runs it, or let this host bypass the proxy",
    ),
    3: (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "no way to that network"),
    4: (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "no way to that host; check its name, which the proxy looks up"),
    5: (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "been refused by that host; check whether the port is right"),
    6: (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, "got no answer from that host in time"),
    7: (ERR_SOCKS_CONNECTION_FAILED, "no command to connect; use another proxy"),
    8: (ERR_SOCKS_CONNECTION_FAILED, "no use for this kind of address; the name of the server may do"),
}


def build_greeting(has_login: bool) -> bytes:
    """Which ways to log in we know: none, and user and password where there are any (RFC 1928 §3)."""
    return bytes([_VERSION, 2, METHOD_NONE, METHOD_LOGIN] if has_login else [_VERSION, 1, METHOD_NONE])


def build_login(username: str, password: str) -> bytes:
    """RFC 1929 §2; ValueError, which repeats neither, for what does not fit."""
    user, secret = login_bytes("user name", username), login_bytes("password", password)
    return bytes([_LOGIN_VERSION, len(user)]) + user + bytes([len(secret)]) + secret


def build_socks5_request(host: str, port: int) -> bytes:
    """To connect to an address, or to a name that the proxy looks up; ValueError for a name that is none (§4, §5)."""
    address = packed_ip_literal(host)
    if address is not None:
        target = bytes([_KINDS[len(address)]]) + address
    else:
        name = name_bytes(host)
        target = bytes([_NAME, len(name)]) + name
    return _CONNECT + target + port_bytes(port)


def problem_with_socks5(code: int) -> tuple[int, str]:
    """The net error of a reply other than SOCKS5_SUCCEEDED (§6), and words that continue "the proxy has ..."."""
    unknown = ERR_SOCKS_CONNECTION_FAILED, "answered with a code that SOCKS5 does not know"
    return _REFUSALS.get(code, unknown)


class VerdictParser(SocksReplyParser):
    """The answer to the greeting, and that to the login: a version and a verdict.

    A login has a version of its own, and there are proxies that answer it with that of SOCKS.
    """

    __slots__ = ()

    def __init__(self, is_login: bool = False) -> None:
        super().__init__((_LOGIN_VERSION, _VERSION) if is_login else (_VERSION,))

    def _end(self, buffer: bytes) -> int:
        return 2


class Socks5ReplyParser(SocksReplyParser):
    """The reply to the request: the address in it, of the proxy's side of the connection, only has a length for us.

    A refusal is known by its second byte, and some proxies send no more.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__((_VERSION,))

    def _end(self, buffer: bytes) -> int | None:
        if buffer[1] != SOCKS5_SUCCEEDED:
            return len(buffer)
        return _end_of_reply(buffer) if len(buffer) >= _HEAD_BYTES else None


def _end_of_reply(buffer: bytes) -> int:
    kind = buffer[3]
    if kind == _NAME:
        return _HEAD_BYTES + buffer[4] + _PORT_BYTES
    if kind not in _ADDRESS_BYTES:
        raise WireError(ERR_SOCKS_CONNECTION_FAILED, f"the reply holds an address of the unknown kind {kind}")
    return _HEAD_BYTES - 1 + _ADDRESS_BYTES[kind] + _PORT_BYTES
