"""Which failures of an exchange, and which statuses, are worth one more try on another connection."""

from __future__ import annotations

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_ABORTED,
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_NETWORK_CHANGED,
    ERR_SOCKET_NOT_CONNECTED,
)

_STALE_SOCKET_ERRORS = frozenset(
    {
        ERR_CONNECTION_RESET,
        ERR_CONNECTION_CLOSED,
        ERR_CONNECTION_ABORTED,
        ERR_SOCKET_NOT_CONNECTED,
        ERR_EMPTY_RESPONSE,
    }
)

MAY_BE_REFUSED = frozenset((408, 417))
"""The statuses of which should_resend_status() may be true."""

MAX_RECONNECTS = 100
"""How often a request may ask for a connection again; each time takes another change of the network."""


def should_reconnect(error: int, times: int) -> bool:
    """True when a change of the network came before anything of the request was sent, which the caller knows.

    Chromium shows its user an error page here. A program wants its answer, and its deadline bounds the wait.
    """
    return error == ERR_NETWORK_CHANGED and times < MAX_RECONNECTS


def should_resend(error: int, is_reused: bool, received_bytes: int) -> bool:
    """True when the server had most likely closed the connection before it saw the request.

    Only for a connection that was not made for this request, and only before the first byte of an answer. The
    method does not matter. It ends by itself, because a fresh connection's failure is final
    (HttpNetworkTransaction::ShouldResendRequest).
    """
    return is_reused and received_bytes == 0 and error in _STALE_SOCKET_ERRORS


def should_resend_status(status: int, is_reused: bool, expects_continue: bool = False) -> bool:
    """True for 408 on a reused connection: the server timed out waiting, it does not answer the request
    (RFC 9110 §15.5.9); and for 417, when it does not want to be asked whether the body may come (§10.1.1).
    """
    return (status == 408 and is_reused) or (status == 417 and expects_continue)
