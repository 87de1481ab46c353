"""TcpOptions: what every TCP connection gets, and how it gets it."""

from __future__ import annotations

import socket
import sys
from typing import Final

from netstack_sync.base.ip_endpoint import parse_ip_literal
from netstack_sync.base.value import Value

SocketOption = tuple[int, int, int | bytes]
"""What setsockopt() takes: level, option, value."""

_MAX_KEEP_ALIVE_S: Final = 32_767  # Linux refuses more (net/tcp.h)
_MAX_INT: Final = (1 << 31) - 1  # setsockopt() takes a C int

_IDLE_OPTION = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
_INTERVAL_OPTION = getattr(socket, "TCP_KEEPINTVL", None)
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
# The number of linux/in.h, for Pythons that do not name it yet.
_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24 if sys.platform == "linux" else None)


class TcpOptions(Value):
    """Hashable. Raises ValueError for what no system takes, or what this one lacks."""

    __slots__ = (
        "keep_alive_s",
        "no_delay",
        "local_address",
        "send_buffer_size",
        "receive_buffer_size",
        "user_timeout_s",
        "socket_options",
    )

    def __init__(
        self,
        keep_alive_s: int | None = 45,
        no_delay: bool = True,
        local_address: str | None = None,
        send_buffer_size: int | None = None,
        receive_buffer_size: int | None = None,
        user_timeout_s: float | None = None,
        socket_options: tuple[SocketOption, ...] = (),
    ) -> None:
        _check_int("keep_alive_s", keep_alive_s, _MAX_KEEP_ALIVE_S)
        _check_int("send_buffer_size", send_buffer_size, _MAX_INT)
        _check_int("receive_buffer_size", receive_buffer_size, _MAX_INT)
        _check_local_address(local_address)
        _check_user_timeout(user_timeout_s)
        _check_socket_options(socket_options)
        self.keep_alive_s: Final[int | None] = keep_alive_s
        """Seconds to the first probe and between probes, as in Chromium (net/socket/tcp_socket_posix.cc), or None."""
        self.no_delay: Final = no_delay
        self.local_address: Final[str | None] = local_address
        """An IP address of this machine to connect from; addresses of the other family are then not tried."""
        self.send_buffer_size: Final[int | None] = send_buffer_size
        """Bytes; None leaves it to the system, which adapts it to the connection."""
        self.receive_buffer_size: Final = receive_buffer_size
        self.user_timeout_s: Final[float | None] = user_timeout_s
        """How long sent bytes may go unacknowledged before the connection breaks (TCP_USER_TIMEOUT; Linux)."""
        self.socket_options: Final[tuple[SocketOption, ...]] = socket_options
        """More of them, set last; the connect fails when the system refuses one."""

    @property
    def local_family(self) -> int | None:
        """AF_INET or AF_INET6 when there is a local address."""
        if self.local_address is None:
            return None
        return socket.AF_INET6 if ":" in self.local_address else socket.AF_INET


def set_client_options(sock: socket.socket, options: TcpOptions) -> None:
    """Makes it non-blocking and sets the options; raises OSError for one of `socket_options` that is refused."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(options.no_delay))
    if options.keep_alive_s is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in (_IDLE_OPTION, _INTERVAL_OPTION):
            if option is not None:  # one that this system lacks is left alone
                sock.setsockopt(socket.IPPROTO_TCP, option, options.keep_alive_s)
    if options.send_buffer_size is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.send_buffer_size)
    if options.receive_buffer_size is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options.receive_buffer_size)
    if options.user_timeout_s is not None:
        assert _USER_TIMEOUT is not None
        sock.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, max(1, round(options.user_timeout_s * 1000)))
    for level, option, value in options.socket_options:
        sock.setsockopt(level, option, value)


def bind_local_address(sock: socket.socket, address: str | None) -> None:
    """Connects from here, or from where the system chooses; raises OSError when the address is not this machine's."""
    if address is None:
        return
    if _BIND_ADDRESS_NO_PORT is not None:
        # The port is chosen by connect(), so that connections to different peers may share one.
        sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
    sock.bind((address, 0))


def _check_int(name: str, value: object, largest: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
        raise ValueError(f"tcp: {name} must be None or a whole number from 1 to {largest}, not {value!r}")


def _check_local_address(value: object) -> None:
    if value is not None and (not isinstance(value, str) or parse_ip_literal(value) is None):
        raise ValueError(f"tcp: local_address must be an IP address of this machine, not {value!r}")


def _check_user_timeout(value: object) -> None:
    if value is None:
        return
    if _USER_TIMEOUT is None:
        raise ValueError("tcp: user_timeout_s: this system has no TCP_USER_TIMEOUT; leave it out")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value * 1000 <= _MAX_INT:  # type: ignore[operator]
        raise ValueError(f"tcp: user_timeout_s must be None or a number of seconds above 0, not {value!r}")


def _check_socket_options(value: object) -> None:
    if not isinstance(value, tuple):
        raise ValueError(f"tcp: socket_options must be a tuple of (level, option, value), not {value!r}")
    for entry in value:
        if not _is_socket_option(entry):
            raise ValueError(f"tcp: socket_options: {entry!r} is not (level, option, value) of setsockopt()")


def _is_socket_option(entry: object) -> bool:
    if not isinstance(entry, tuple) or len(entry) != 3:
        return False
    level, option, value = entry
    return isinstance(level, int) and isinstance(option, int) and isinstance(value, (int, bytes))


DEFAULT_TCP_OPTIONS: Final = TcpOptions()
