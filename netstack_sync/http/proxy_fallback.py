"""Which failures of a way through a proxy are worth a try of the next one."""

from __future__ import annotations

from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_REFUSED,
    ERR_CONNECTION_RESET,
    ERR_CONNECTION_TIMED_OUT,
    ERR_INTERNET_DISCONNECTED,
    ERR_NAME_NOT_RESOLVED,
    ERR_PROXY_CERTIFICATE_INVALID,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TIMED_OUT,
)

_WORTH_THE_NEXT = frozenset(
    {
        ERR_PROXY_CONNECTION_FAILED,
        ERR_NAME_NOT_RESOLVED,
        ERR_INTERNET_DISCONNECTED,
        ERR_ADDRESS_UNREACHABLE,
        ERR_CONNECTION_CLOSED,
        ERR_CONNECTION_TIMED_OUT,
        ERR_CONNECTION_RESET,
        ERR_CONNECTION_REFUSED,
        ERR_CONNECTION_ABORTED,
        ERR_TIMED_OUT,
        ERR_SOCKS_CONNECTION_FAILED,
        ERR_PROXY_CERTIFICATE_INVALID,
        # A server that was to speak TLS did not: what answered may be a portal that the proxy put in its place.
        ERR_SSL_PROTOCOL_ERROR,
    }
)


def can_fall_back(error: int) -> bool:
    """True when no connection came about for a reason that may be the proxy's own.

    A proxy that works and refuses the tunnel has spoken for its owner: nothing goes around it
    (net/http/proxy_fallback.cc).
    """
    return error in _WORTH_THE_NEXT


def final_error(error: int) -> int:
    """The error of a request that goes no further: a SOCKS proxy which works cannot reach the server."""
    return ERR_ADDRESS_UNREACHABLE if error == ERR_SOCKS_CONNECTION_HOST_UNREACHABLE else error
