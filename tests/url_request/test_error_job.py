"""A hop that fails with a given error."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_FAILED
from netstack_sync.base.priority import RequestPriority
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.job import URLRequestJob


def test_it_fails_at_once() -> None:
    """No callback is made, whatever is asked."""
    job: URLRequestJob = ErrorJob(ERR_FAILED, "why")
    calls: list[object] = []
    assert job.start(calls.append) == ERR_FAILED == job.read(calls.append)
    job.set_priority(RequestPriority.HIGHEST)
    job.close()
    assert job.error_detail == "why" and not calls


def test_it_knows_nothing() -> None:
    """Nothing was sent, nothing came."""
    job: URLRequestJob = ErrorJob(ERR_FAILED)
    assert job.error_detail == "" and job.response is None and job.timing is None
    assert (
        job.load_state == LoadState.IDLE
        and job.connecting_since is None
        and not job.has_sent_bytes
        and not job.is_body_complete
    )
