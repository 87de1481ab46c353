"""The job of a request whose low-level delegate has a bug: it fails at once, so that nobody waits for the deadline."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING

from netstack_sync.base.net_errors import ERR_UNEXPECTED
from netstack_sync.url_request.error_job import ErrorJob

if TYPE_CHECKING:
    from netstack_sync.url_request.job import URLRequestJob


def bug_job(who: str) -> ErrorJob:
    """Prints the exception that is being handled; the job names `who` raised it."""
    traceback.print_exc()
    return ErrorJob(ERR_UNEXPECTED, f"{who} raised an exception")


def bug_job_for(job: URLRequestJob) -> ErrorJob:
    """The same in place of a job whose start() raised: it is closed, as far as it can be."""
    stand_in = bug_job("the start() of a job")
    with contextlib.suppress(Exception):  # it may be no job at all
        job.close()
    return stand_in
