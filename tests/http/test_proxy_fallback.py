"""Which failures lead to the next proxy."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors as e
from netstack_sync.http.proxy_fallback import can_fall_back, final_error


@pytest.mark.parametrize(
    "error",
    [
        e.ERR_PROXY_CONNECTION_FAILED,
        e.ERR_NAME_NOT_RESOLVED,
        e.ERR_INTERNET_DISCONNECTED,
        e.ERR_ADDRESS_UNREACHABLE,
        e.ERR_CONNECTION_CLOSED,
        e.ERR_CONNECTION_TIMED_OUT,
        e.ERR_CONNECTION_RESET,
        e.ERR_CONNECTION_REFUSED,
        e.ERR_CONNECTION_ABORTED,
        e.ERR_TIMED_OUT,
        e.ERR_SOCKS_CONNECTION_FAILED,
        e.ERR_PROXY_CERTIFICATE_INVALID,
        e.ERR_SSL_PROTOCOL_ERROR,
    ],
)
def test_no_connection_came_about(error: int) -> None:
    """Row 179, ReconsiderProxyAfterFailedConnection: each of them; the error is told as it is."""
    assert can_fall_back(error) and final_error(error) == error


@pytest.mark.parametrize(
    "error",
    [
        e.ERR_TUNNEL_CONNECTION_FAILED,
        e.ERR_PROXY_AUTH_REQUESTED,
        e.ERR_PROXY_AUTH_UNSUPPORTED,
        e.ERR_CERT_AUTHORITY_INVALID,
        e.ERR_NETWORK_CHANGED,
        e.ERR_ABORTED,
        e.ERR_EMPTY_RESPONSE,
    ],
)
def test_the_proxy_has_spoken_or_is_not_to_blame(error: int) -> None:
    """Row 176, ErrorResponseToHttpsConnect: what a proxy refuses nobody else is asked for."""
    assert not can_fall_back(error) and final_error(error) == error


def test_a_socks_proxy_that_cannot_reach_the_server() -> None:
    """It works, so that no other one is tried, and the error is the server's."""
    assert not can_fall_back(e.ERR_SOCKS_CONNECTION_HOST_UNREACHABLE)
    assert final_error(e.ERR_SOCKS_CONNECTION_HOST_UNREACHABLE) == e.ERR_ADDRESS_UNREACHABLE
