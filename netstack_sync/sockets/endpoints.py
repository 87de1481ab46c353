"""Which addresses a socket stands between; a connection that was reset may have none any more."""

from __future__ import annotations

import socket

from netstack_sync.base.ip_endpoint import IPEndPoint


def local_endpoint(sock: socket.socket | None) -> IPEndPoint | None:
    """Our address; None without a connection."""
    try:
        return IPEndPoint.from_sockaddr(sock.family, sock.getsockname()) if sock is not None else None
    except OSError:  # macOS, after a reset
        return None


def is_own_peer(sock: socket.socket, remote: IPEndPoint) -> bool:
    """True when the socket is connected to itself: nobody listens on a port of this machine, the system took the
    same port for us, and TCP takes that for a simultaneous open.
    """
    try:
        local = sock.getsockname()
        return bool(local[1] == remote.port and local == sock.getpeername())
    except OSError:
        return False  # reset already, which whoever reads will learn
