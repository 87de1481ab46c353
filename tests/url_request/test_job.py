"""The interface of jobs."""

from __future__ import annotations

from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob

MEMBERS = [name for name in vars(URLRequestJob) if not name.startswith("_")]


def test_every_job_has_every_member() -> None:
    """The type checker knows; this finds a member that is only declared in __slots__ and never filled too late."""
    assert {"start", "read", "close", "response", "timing", "load_state"} <= set(MEMBERS)
    for kind in (HttpJob, ErrorJob):
        assert [name for name in MEMBERS if not hasattr(kind, name)] == []
