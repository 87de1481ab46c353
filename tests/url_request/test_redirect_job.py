"""A hop that redirects by itself: Chromium's url_request_redirect_job."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo, secure_upgrade
from tests.support.scripted_stack import ScriptedStack


def job_for(stack: ScriptedStack, text: str) -> RedirectJob:
    url = Url.parse(text)
    redirect = secure_upgrade(url, "POST")
    assert isinstance(redirect, RedirectInfo)
    return RedirectJob(url, redirect, "HSTS", stack.clock, stack.log())


def test_its_answer(stack: ScriptedStack) -> None:
    """Row 242: a 307 of our own, at once, which says that it is and why."""
    job = job_for(stack, "http://a.test/x?y#z")
    assert job.response is None and job.timing is None
    stack.clock.advance(1)
    assert job.start(lambda _: None) == OK
    response = job.response
    assert response is not None and response.url.href == "http://a.test/x?y#z"
    head = response.head
    assert (head.version, head.status, head.reason) == ((1, 1), 307, "Internal Redirect")
    assert head.headers.items() == [("Location", "https://a.test/x?y#z"), ("Non-Authoritative-Reason", "HSTS")]
    assert head.content_length == 0 and not head.is_chunked and not head.keep_alive
    assert response.ssl_info is None and response.remote_address is None and not response.timing.socket_reused
    assert response.timing is job.timing is not None and job.timing.total == 0.0
    assert job.timing.request_start == job.timing.receive_headers_end == 101.0
    if stack.is_async:
        shown = stack.recorded.params_of(NetLogEventType.URL_REQUEST_REDIRECT_JOB, NetLogEventPhase.NONE)
        assert shown == [{"reason": "HSTS"}]


def test_nothing_goes_over_the_network(stack: ScriptedStack) -> None:
    """There is nothing to wait for, to read or to close."""
    job = job_for(stack, "http://a.test/")
    as_job: URLRequestJob = job
    as_job.start(lambda _: None)
    as_job.set_priority(RequestPriority.HIGHEST)
    assert as_job.read(lambda _: None) == b"" and as_job.is_body_complete
    assert not as_job.has_sent_bytes and as_job.sent_bytes == 0 and as_job.error_detail == ""
    assert as_job.load_state == LoadState.IDLE and as_job.connecting_since is None
    as_job.close()
    as_job.close()


def test_the_password_is_not_in_the_history(stack: ScriptedStack) -> None:
    """It goes with the request, but headers of answers are printed."""
    job = job_for(stack, "http://u:secret@a.test/")
    job.start(lambda _: None)
    assert job.response is not None and b"secret" not in job.response.head.headers.raw
    assert job.redirect.url.href == "https://u:secret@a.test/"
