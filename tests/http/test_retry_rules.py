"""Which failures are worth one more try."""

from __future__ import annotations

import pytest

from netstack_sync.base import net_errors
from netstack_sync.http.retry_rules import MAX_RECONNECTS, should_reconnect, should_resend, should_resend_status

STALE = ("CONNECTION_RESET", "CONNECTION_CLOSED", "CONNECTION_ABORTED", "SOCKET_NOT_CONNECTED", "EMPTY_RESPONSE")
OTHERS = ("TIMED_OUT", "FAILED", "INVALID_HTTP_RESPONSE", "CONNECTION_REFUSED", "UPLOAD_FILE_CHANGED")


@pytest.mark.parametrize("name", STALE)
def test_a_stale_connection_is_replaced(name: str) -> None:
    """These errors mean that the server had gone before it saw the request, if it was a reused connection and no
    byte of an answer came.
    """
    error: int = getattr(net_errors, f"ERR_{name}")
    assert should_resend(error, is_reused=True, received_bytes=0)
    assert not should_resend(error, is_reused=False, received_bytes=0)
    assert not should_resend(error, is_reused=True, received_bytes=1)


@pytest.mark.parametrize("name", OTHERS)
def test_other_failures_are_final(name: str) -> None:
    """What does not mean a stale connection is not tried again."""
    assert not should_resend(getattr(net_errors, f"ERR_{name}"), is_reused=True, received_bytes=0)


@pytest.mark.parametrize(
    "status, is_reused, resends", [(408, True, True), (408, False, False), (200, True, False), (503, True, False)]
)
def test_408_on_a_reused_connection_answers_nothing(status: int, is_reused: bool, resends: bool) -> None:
    """Only a 408 that was waiting for the next request is no answer to it."""
    assert should_resend_status(status, is_reused) is resends


def test_417_answers_the_expectation() -> None:
    """RFC 9110 §10.1.1: the request is repeated without it; on whatever connection."""
    assert should_resend_status(417, is_reused=False, expects_continue=True)
    assert not should_resend_status(417, is_reused=True, expects_continue=False)
    assert not should_resend_status(413, is_reused=True, expects_continue=True)


def test_a_change_of_the_network_costs_no_answer() -> None:
    """Whoever only waited for a connection asks again, some times."""
    assert should_reconnect(net_errors.ERR_NETWORK_CHANGED, 0)
    assert should_reconnect(net_errors.ERR_NETWORK_CHANGED, MAX_RECONNECTS - 1)
    assert not should_reconnect(net_errors.ERR_NETWORK_CHANGED, MAX_RECONNECTS)
    assert not should_reconnect(net_errors.ERR_CONNECTION_RESET, 0)
