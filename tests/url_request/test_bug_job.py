"""What takes the place of code that raised."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.net_errors import ERR_FAILED, ERR_UNEXPECTED
from netstack_sync.url_request.bug_job import bug_job, bug_job_for
from netstack_sync.url_request.error_job import ErrorJob


def test_it_fails_and_the_bug_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """With the traceback, and a word on whose it is."""
    try:
        raise RuntimeError("a bug")
    except RuntimeError:
        job = bug_job("the handler")
    assert job.start(lambda _: None) == ERR_UNEXPECTED and job.error_detail == "the handler raised an exception"
    assert "RuntimeError: a bug" in capsys.readouterr().err


def test_the_job_that_raised_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its close() does, and were it no job."""
    closed: list[object] = []

    class Broken(ErrorJob):
        def close(self) -> None:
            closed.append(self)
            raise RuntimeError("a bug of close()")

    nothing: Any = None
    for broken in (Broken(ERR_FAILED), nothing):
        job = bug_job_for(broken)
        assert job.start(lambda _: None) == ERR_UNEXPECTED
        assert job.error_detail == "the start() of a job raised an exception"
    assert len(closed) == 1
