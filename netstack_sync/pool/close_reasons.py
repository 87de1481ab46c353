"""Why the pool closed a socket, in words for the NetLog (net/socket/client_socket_pool.cc)."""

from __future__ import annotations

from typing import Any, Final

from netstack_sync.pool.pooled_socket import PooledSocket

NOT_REUSABLE: Final = "Connection was closed when it was returned to the pool"
UNREAD_DATA: Final = "Data received unexpectedly"
REMOTE_CLOSED: Final = "Remote side closed connection"
OUT_OF_DATE: Final = "Socket generation out of date"
TIMED_OUT: Final = "Idle time limit expired"
MADE_ROOM: Final = "Closed to make room for another connection"
NETWORK_CHANGED: Final = "Network changed"
TRUST_CHANGED: Final = "Trust or TLS configuration changed"
ENDPOINT_AVOIDED: Final = "The endpoint does not answer or fails too often"
NO_DESCRIPTORS: Final = "Closed because there were no more descriptors"
POOL_DESTROYED: Final = "Socket pool destroyed"
ON_REQUEST: Final = "Idle sockets were closed on request"


def of_idle(pooled: PooledSocket[Any], now: float) -> str:
    """Of a socket that became useless while it idled."""
    if pooled.is_expired(now):
        return TIMED_OUT
    return UNREAD_DATA if pooled.socket.is_connected() else REMOTE_CLOSED
