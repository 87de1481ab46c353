"""Functions that answer in the server's place."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.exceptions import ConnectionRefused
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_FAILED, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.http.upload import BytesUpload
from netstack_sync.url_request.function_interceptor import FunctionInterceptor
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest, Interceptor
from tests.support.jobs import Played, RaisingJob, ScriptedJob, make_hop
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack


class Site:
    """A job of which functions are asked."""

    def __init__(self, stack: ScriptedStack) -> None:
        self.stack = stack
        self.hop = make_hop(stack, "http://a.test/x", "POST", [("A", "b")], BytesUpload(b"body"))
        self.plain = ScriptedJob(stack, self.hop.info)

    def job(self, *functions: Interceptor) -> URLRequestJob:
        job = FunctionInterceptor(functions).maybe_intercept_request(self.hop, lambda info: self.plain)
        assert job is not None
        return job

    def played(self, *functions: Interceptor) -> Played:
        return Played(self.stack, self.job(*functions))


@pytest.fixture
def site(stack: ScriptedStack) -> Site:
    return Site(stack)


def decline(request: HandlerRequest) -> HandlerAnswer | None:
    return None


def test_nobody_answers(site: Site) -> None:
    """The plain job does; the functions have seen the request."""
    seen: list[HandlerRequest] = []

    def note(request: HandlerRequest) -> HandlerAnswer | None:
        seen.append(request)
        return None

    played = site.played(note, note)
    assert (played.result, played.body) == (OK, b"body") and site.plain.is_started
    request = seen[0]
    assert len(seen) == 2 and (request.url, request.method, request.body) == ("http://a.test/x", "POST", b"body")
    assert request.headers.get("a") == "b"


def test_somebody_answers(site: Site) -> None:
    """The first one; nothing goes to the network."""
    played = site.played(
        decline, lambda request: HandlerAnswer(iter([b"a", b"b"]), 201), lambda request: HandlerAnswer(b"no")
    )
    assert (played.response.head.status, played.body) == (201, b"ab")
    assert site.plain.is_closed and not site.plain.is_started


def test_somebody_raises(site: Site) -> None:
    """Then there is no answer: a filter that fails lets nobody through."""

    def fail(request: HandlerRequest) -> HandlerAnswer | None:
        raise KeyError("odd")

    played = site.played(fail, decline)
    assert played.result == ERR_FAILED and "KeyError: 'odd'" in played.job.error_detail
    assert "test_function_interceptor.py, line" in played.job.error_detail and not site.plain.is_started

    def refuse(request: HandlerRequest) -> HandlerAnswer | None:
        raise ConnectionRefused(ERR_CONNECTION_REFUSED)

    assert Site(site.stack).played(refuse).result == ERR_CONNECTION_REFUSED


def test_somebody_gives_what_is_no_answer(site: Site) -> None:
    played = site.played(lambda request: b"x")  # type: ignore[arg-type,return-value]
    assert played.result == ERR_FAILED and "HandlerAnswer" in played.job.error_detail


def test_our_own_redirects(site: Site) -> None:
    """Functions are asked about where they lead."""
    redirect = RedirectInfo(307, Url.parse("https://a.test/"), "GET", True, True)
    job = RedirectJob(Url.parse("http://a.test/"), redirect, "HSTS", ManualClock(), site.hop.net_log)
    assert FunctionInterceptor([decline]).maybe_intercept_request(site.hop, lambda info: job) is job


def test_while_it_asks(site: Site) -> None:
    """It says so; a priority reaches the plain job with the request."""
    job = site.job(decline)
    assert job.start(RecordedCompletion()) == ERR_IO_PENDING
    states = [job.load_state]
    job.set_priority(RequestPriority.LOWEST)
    assert not site.plain.priorities
    site.stack.run_workers()
    states.append(job.load_state)
    job.set_priority(RequestPriority.HIGHEST)
    assert states == [LoadState.WAITING_FOR_DELEGATE, LoadState.IDLE]
    assert site.plain.priorities == [RequestPriority.HIGHEST]
    job.close()
    site.stack.run()


@pytest.mark.parametrize("steps", [0, 1])
def test_closed_while_it_asks(site: Site, steps: int) -> None:
    """Before a worker takes it up, or when the reply is on its way."""
    job, on_headers = site.job(decline), RecordedCompletion()
    job.start(on_headers)
    for _ in range(steps):
        site.stack.workers.run_next()
    job.close()
    site.stack.run_workers()
    assert not on_headers.is_called and site.plain.is_closed and not site.plain.is_started


def test_a_job_that_raises_when_it_is_started(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody waits for it."""
    broken = RaisingJob()
    job = FunctionInterceptor((decline,)).maybe_intercept_request(site.hop, lambda info: broken)
    assert job is not None and Played(site.stack, job).result == ERR_UNEXPECTED
    assert broken.is_closed and "a bug of the job" in capsys.readouterr().err
