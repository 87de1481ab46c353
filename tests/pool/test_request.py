"""SocketRequest: told once, or never."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_CONNECTION_FAILED, ERR_IO_PENDING
from netstack_sync.pool.request import NOT_ASKED, SocketRequest


def test_the_outcome_is_reported_once() -> None:
    """Row 55: however often it is delivered."""
    results: list[int] = []
    request = SocketRequest(results.append)
    assert request.result == ERR_IO_PENDING
    request.result = ERR_CONNECTION_FAILED
    request.deliver()
    request.deliver()
    assert results == [ERR_CONNECTION_FAILED] and request.on_done is None


def test_a_question_that_was_withdrawn_is_answered_to_nobody() -> None:
    """Row 56."""
    results: list[int] = []
    request = SocketRequest(results.append)
    request.result = ERR_CONNECTION_FAILED
    request.on_done = None
    request.deliver()
    assert results == []


def test_who_has_not_asked_waits_for_nothing() -> None:
    """No queue, no job, no reason of a failure."""
    assert not NOT_ASKED.is_queued and NOT_ASKED.on_done is None
    assert NOT_ASKED.job is None and NOT_ASKED.failed_job is None
