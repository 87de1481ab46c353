"""Who may take a request over, and when."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_FAILED, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.response_info import HttpResponseInfo
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.interceptor import MakeJob, URLRequestInterceptor, intercepted_job
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo
from tests.support.jobs import Played, RaisingJob, ScriptedJob, make_hop
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack


class Scripted(URLRequestInterceptor):
    """Gives what it has, and notes what it is asked."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        self.at_start: URLRequestJob | None = None
        self.at_redirect: URLRequestJob | None = None
        self.at_response: URLRequestJob | None = None

    def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
        self.log.append(f"{self.name}: {hop.info.method}")
        return self.at_start

    def maybe_intercept_redirect(
        self, hop: Hop, redirect: RedirectInfo, response: HttpResponseInfo
    ) -> URLRequestJob | None:
        self.log.append(f"{self.name}: {response.head.status} {redirect.url}")
        return self.at_redirect

    def maybe_intercept_response(self, hop: Hop, response: HttpResponseInfo) -> URLRequestJob | None:
        self.log.append(f"{self.name}: {response.head.status}")
        return self.at_response


class Site:
    """Two interceptors, and a job behind them."""

    def __init__(self, stack: ScriptedStack) -> None:
        self.stack = stack
        self.log: list[str] = []
        self.first, self.second = Scripted("1", self.log), Scripted("2", self.log)
        self.hop = make_hop(stack, "http://a.test/")
        self.plain = ScriptedJob(stack, self.hop.info)

    def make(self, info: HttpRequestInfo) -> URLRequestJob:
        self.log.append("plain")
        return self.plain

    def other(self, status: int = 299) -> ScriptedJob:
        return ScriptedJob(self.stack, self.hop.info, status)

    def job(self) -> URLRequestJob:
        return intercepted_job((self.first, self.second), self.hop, self.make)

    def played(self) -> Played:
        return Played(self.stack, self.job())


@pytest.fixture
def site(stack: ScriptedStack) -> Site:
    return Site(stack)


def test_nobody_wants_it(site: Site) -> None:
    """All are asked, in order, at its start and at its response."""
    played = site.played()
    assert (played.result, played.response.head.status, played.body) == (OK, 200, b"body")
    assert site.log == ["1: GET", "2: GET", "plain", "1: 200", "2: 200"] and site.plain.is_closed


def test_at_the_start(site: Site) -> None:
    """The first one that gives a job gets it; the plain one is not made."""
    site.first.at_start = site.other()
    assert site.played().response.head.status == 299
    assert site.log == ["1: GET", "1: 299", "2: 299"]


def test_at_the_response(site: Site) -> None:
    """The other answer stands in, and nobody is asked about it."""
    other = site.first.at_response = site.other()
    assert site.played().response.head.status == 299
    assert site.log == ["1: GET", "2: GET", "plain", "1: 200"]
    assert site.plain.is_closed and other.is_closed


def test_at_a_redirect(site: Site) -> None:
    """Also one that nobody may follow."""
    for location in ("http://b.test/", "file:///etc/passwd"):
        site.log.clear()
        site.plain = ScriptedJob(site.stack, site.hop.info, 302, [("Location", location)])
        site.second.at_redirect = site.other()
        assert site.played().response.head.status == 299
        assert site.log == ["1: GET", "2: GET", "plain", f"1: 302 {location}", f"2: 302 {location}"]


@pytest.mark.parametrize("headers", [[], [("Location", "")], [("Location", "http://[")]])
def test_redirects_that_lead_nowhere(site: Site, headers: list[tuple[str, str]]) -> None:
    """They are responses like others."""
    site.plain = ScriptedJob(site.stack, site.hop.info, 302, headers)
    assert site.played().response.head.status == 302
    assert site.log[-2:] == ["1: 302", "2: 302"]


def test_failures(site: Site) -> None:
    """Nobody is asked about an answer that is none; one that stands in may fail as well."""
    site.plain = ScriptedJob(site.stack, site.hop.info, net_error=ERR_FAILED)
    assert site.played().result == ERR_FAILED and site.log == ["1: GET", "2: GET", "plain"]
    site.plain = ScriptedJob(site.stack, site.hop.info)
    site.first.at_response = ErrorJob(ERR_ABORTED)
    assert site.played().result == ERR_ABORTED


def test_what_comes_later_can_be_used(site: Site) -> None:
    """With other headers, and the next one sees them."""
    seen: list[str | None] = []

    class Adding(URLRequestInterceptor):
        def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
            info = hop.info.copy()
            info.headers = info.headers.copy()
            info.headers.set("A", "b")
            return make_job(info)

    class Looking(URLRequestInterceptor):
        def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
            seen.append(hop.info.headers.get("a"))
            return None

    played = Played(site.stack, intercepted_job((Adding(), Looking()), site.hop, site.make))
    assert played.body == b"body" and seen == ["b"] and "a" not in site.hop.info.headers


def test_our_own_redirects(site: Site) -> None:
    """To https: they are no answers, so that nobody is asked about them."""
    redirect = RedirectInfo(307, Url.parse("https://a.test/"), "GET", True, True)
    job = RedirectJob(Url.parse("http://a.test/"), redirect, "HSTS", ManualClock(), site.hop.net_log)
    assert intercepted_job((site.first,), site.hop, lambda info: job) is job


@pytest.mark.parametrize("takes_over", [False, True])
def test_closed_while_it_waits(site: Site, takes_over: bool) -> None:
    """For the one job or for the other: nobody is called."""
    other = site.first.at_response = site.other() if takes_over else None
    job, on_headers = site.job(), RecordedCompletion()
    if job.start(on_headers) != ERR_IO_PENDING:
        job.close()
        return
    if takes_over:
        site.stack.thread.post(job.close)  # after the plain job's answer
    else:
        job.close()
    site.stack.run()
    assert not on_headers.is_called
    assert (other or site.plain).is_closed


def test_every_method_is_optional(site: Site) -> None:
    """One that does not care about redirects need not say so."""
    job = intercepted_job((URLRequestInterceptor(),), site.hop, site.make)
    assert Played(site.stack, job).body == b"body"
    site.plain = ScriptedJob(site.stack, site.hop.info, 302, [("Location", "/x")])
    job = intercepted_job((URLRequestInterceptor(),), site.hop, site.make)
    assert Played(site.stack, job).response.head.status == 302


@pytest.mark.parametrize("status", [0, 200, 302])
def test_one_that_raises(site: Site, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """At the start, at a response or at a redirect: it is printed, the request fails, and nothing stays open."""

    class Buggy(URLRequestInterceptor):
        def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
            if status:
                return None
            raise RuntimeError("a bug of the interceptor")

        def maybe_intercept_redirect(self, hop: Hop, redirect: RedirectInfo, response: HttpResponseInfo) -> None:
            raise RuntimeError("a bug of the interceptor")

        def maybe_intercept_response(self, hop: Hop, response: HttpResponseInfo) -> None:
            raise RuntimeError("a bug of the interceptor")

    site.plain = ScriptedJob(site.stack, site.hop.info, status or 200, [("Location", "/x")])
    job = intercepted_job((Buggy(),), site.hop, site.make)
    assert Played(site.stack, job).result == ERR_UNEXPECTED
    assert "a bug of the interceptor" in capsys.readouterr().err
    assert job.error_detail == "an interceptor raised an exception" and site.plain.is_closed == bool(status)


@pytest.mark.parametrize("stands_in", [False, True])
def test_a_job_that_raises_when_it_is_started(site: Site, stands_in: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The request's own, or one that an interceptor gives for an answer: it fails, and nothing stays open."""
    broken = RaisingJob()
    if stands_in:
        site.first.at_response = broken
        assert site.played().result == ERR_UNEXPECTED and site.plain.is_closed
    else:
        site.first.at_start = broken
        assert site.played().result == ERR_UNEXPECTED
    assert broken.is_closed and "a bug of the job" in capsys.readouterr().err
