"""ConnectionAttempt: a value (that the list is right is in test_tcp_client.py)."""

from __future__ import annotations

from netstack_sync.base.ip_endpoint import IPEndPoint
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED
from netstack_sync.sockets.connection_attempt import ConnectionAttempt


def test_an_attempt_is_a_pair() -> None:
    """Whom, and how it ended."""
    endpoint = IPEndPoint("127.0.0.1", 80, 2)
    attempt = ConnectionAttempt(endpoint, ERR_CONNECTION_REFUSED)
    assert attempt == (endpoint, ERR_CONNECTION_REFUSED)
    assert (attempt.endpoint, attempt.result) == attempt
