"""SocketRequest: what the pool knows of who asks."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED
from netstack_sync.pool.request import NOT_ASKED, SocketRequest


def test_who_asks_is_queued_until_there_is_an_answer() -> None:
    """Also when it is an error."""
    request = SocketRequest(lambda result: None)
    assert request.is_queued
    request.result = ERR_CONNECTION_FAILED
    assert not request.is_queued


def test_who_has_not_asked_waits_for_nothing() -> None:
    """No queue, no job, no reason of a failure."""
    assert not NOT_ASKED.is_queued and NOT_ASKED.on_done is None
    assert NOT_ASKED.job is None and NOT_ASKED.failed_job is None
