"""Scheme to job."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_CONTEXT_SHUT_DOWN,
    ERR_INVALID_REDIRECT,
    ERR_IO_PENDING,
    ERR_UNKNOWN_URL_SCHEME,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import MAX_URL_LENGTH
from netstack_sync.http.hsts_store import TransportSecurityState, host_keys
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.redirect_job import RedirectJob
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


# --- HTTP Strict Transport Security


def store_for(name: str) -> TransportSecurityState:
    return TransportSecurityState(ManualWallClock(1e9), {host_keys(name)[0]: True})


@pytest.mark.parametrize(
    "url, is_upgraded",
    [
        ("http://a.test/", True),
        ("http://x.A.test.:8080/y", True),
        ("https://a.test/", False),
        ("http://b.test/", False),
        ("http://127.0.0.1/", False),
    ],
)
def test_hosts_that_want_https(stack: ScriptedStack, url: str, is_upgraded: bool) -> None:
    """Row 242: before there is a job that could send anything; the log says what was decided about each http URL."""
    job = job_for(stack, url, URLRequestJobFactory(stack.session, store_for("a.test")))
    assert isinstance(job, RedirectJob if is_upgraded else HttpJob)
    if isinstance(job, RedirectJob):
        assert job.redirect.url.scheme == "https"
    if stack.is_async:
        type = NetLogEventType.TRANSPORT_SECURITY_STATE_SHOULD_UPGRADE_TO_SSL
        shown = stack.recorded.params_of(type, NetLogEventPhase.NONE)
        decided = {"get_sts_state_result": is_upgraded, "should_upgrade_to_ssl": is_upgraded}
        assert shown == ([{"host": Url.parse(url).host, **decided}] if url.startswith("http:") else [])


def test_an_upgrade_that_is_impossible(stack: ScriptedStack) -> None:
    """Fails; it does not go out in clear."""
    url = "http://a.test/".ljust(MAX_URL_LENGTH, "x")
    job = job_for(stack, url, URLRequestJobFactory(stack.session, store_for("a.test")))
    assert job.start(lambda _: None) == ERR_INVALID_REDIRECT and "long" in job.error_detail


def test_waiting_until_hosts_are_known(stack: ScriptedStack) -> None:
    """Only where it matters: over https there is nothing to decide."""
    store, calls = store_for("a.test"), list[str]()
    store.loaded.is_open = False
    factory = URLRequestJobFactory(stack.session, store)

    def never() -> None:
        calls.append("never")

    assert factory.wait(Url.parse("https://a.test/"), never) == OK
    assert factory.wait(Url.parse("http://a.test/"), never) == ERR_IO_PENDING
    assert factory.wait(Url.parse("http://a.test/"), lambda: calls.append("ready")) == ERR_IO_PENDING
    factory.stop_waiting(never)
    store.loaded.open()
    assert calls == ["ready"] and factory.wait(Url.parse("http://a.test/"), never) == OK


def test_without_it_nobody_waits(stack: ScriptedStack) -> None:
    """And nobody has to stop."""
    factory = URLRequestJobFactory(stack.session)
    assert factory.wait(Url.parse("http://a.test/"), lambda: None) == OK
    factory.stop_waiting(lambda: None)
