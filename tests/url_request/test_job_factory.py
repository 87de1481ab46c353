"""Scheme to job."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_UNKNOWN_URL_SCHEME
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from tests.support.scripted_stack import ScriptedStack, request_info


class Deaf:
    """A TransactionObserver that does not care."""

    def on_connected(self) -> None:
        """Nothing."""

    def on_request_sent(self) -> None:
        """Nothing."""


def job_for(stack: ScriptedStack, url: str, factory: URLRequestJobFactory | None = None) -> URLRequestJob:
    factory = factory if factory is not None else URLRequestJobFactory(stack.session)
    return factory.create_job(request_info(url), stack.log(), Deaf())


@pytest.mark.parametrize("url", ["http://a.test/", "HTTPS://a.test/"])
def test_http_and_https(stack: ScriptedStack, url: str) -> None:
    """One kind of job for both; it is not started."""
    job = job_for(stack, url)
    assert isinstance(job, HttpJob) and job.response is None


@pytest.mark.parametrize(
    "url", ["ftp://a.test/", "ws://a.test/", "wss://a.test/", "data:,x", "file:///x", "about:blank"]
)
def test_schemes_that_nobody_handles(stack: ScriptedStack, url: str) -> None:
    """Row 233, WsUrlTest and AboutBlankTest: the error names the scheme."""
    job = job_for(stack, url)
    assert isinstance(job, ErrorJob) and job.error_detail == url.partition(":")[0]
    assert job.start(lambda _: None) == ERR_UNKNOWN_URL_SCHEME


def test_after_the_shutdown(stack: ScriptedStack) -> None:
    """No job goes to the network any more."""
    factory = URLRequestJobFactory(stack.session)
    factory.shut_down()
    assert job_for(stack, "http://a.test/", factory).start(lambda _: None) == ERR_CONTEXT_SHUT_DOWN
