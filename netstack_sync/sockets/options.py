"""Options that every TCP connection gets."""

from __future__ import annotations

import socket

KEEP_ALIVE_S = 45  # Chromium's value, for the first probe and between probes (net/socket/tcp_socket_posix.cc)

_IDLE_OPTION = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
_INTERVAL_OPTION = getattr(socket, "TCP_KEEPINTVL", None)


def set_client_options(sock: socket.socket) -> None:
    """Non-blocking, no delay, keep-alive probes; an option that this system lacks is left alone."""
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (_IDLE_OPTION, _INTERVAL_OPTION):
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, KEEP_ALIVE_S)
