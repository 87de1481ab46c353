"""Scheme to job."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import ManualWallClock
from netstack_sync.base.net_errors import (
    ERR_BLOCKED_BY_CLIENT,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_FAILED,
    ERR_INVALID_REDIRECT,
    ERR_IO_PENDING,
    ERR_UNEXPECTED,
    ERR_UNKNOWN_URL_SCHEME,
    ERR_UNSAFE_REDIRECT,
    OK,
)
from netstack_sync.base.url import Url
from netstack_sync.base.url_parts import MAX_URL_LENGTH
from netstack_sync.http.hsts_store import TransportSecurityState, host_keys
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.interceptor import MakeJob, URLRequestInterceptor
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.redirect_job import RedirectJob
from netstack_sync.url_request.redirects import RedirectInfo, secure_upgrade
from tests.support.jobs import ScriptedJob, make_hop
from tests.support.scripted_stack import ScriptedStack, request_info


class Deaf:
    """A TransactionObserver that does not care."""

    def on_connected(self) -> None:
        """Nothing."""

    def on_reconnect(self) -> None:
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


# --- other schemes, and interceptors


class Counting(ProtocolHandler):
    """Notes the hops that it is asked for."""

    def __init__(self, is_safe: bool = False) -> None:
        self.hops: list[Hop] = []
        self._is_safe = is_safe

    def create_job(self, hop: Hop) -> URLRequestJob:
        self.hops.append(hop)
        return ErrorJob(ERR_FAILED)

    def is_safe_redirect_target(self, url: Url) -> bool:
        return self._is_safe


class Taking(URLRequestInterceptor):
    """Takes over what goes to one host."""

    def __init__(self, host: str) -> None:
        self._host = host

    def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
        return ErrorJob(ERR_BLOCKED_BY_CLIENT) if hop.info.url.host == self._host else None


def factory_of(stack: ScriptedStack, hsts: TransportSecurityState | None = None) -> URLRequestJobFactory:
    return URLRequestJobFactory(stack.session, hsts, services=make_hop(stack).services)


def outcome(stack: ScriptedStack, url: str, factory: URLRequestJobFactory) -> int:
    return job_for(stack, url, factory).start(lambda _: None)


def test_a_scheme_with_a_handler(stack: ScriptedStack) -> None:
    """It is told who asks for what; later it may be taken away."""
    factory, handler = factory_of(stack), Counting()
    factory.set_protocol_handler("app", handler)
    assert outcome(stack, "app:x", factory) == ERR_FAILED and outcome(stack, "b:x", factory) == ERR_UNKNOWN_URL_SCHEME
    (hop,) = handler.hops
    assert hop.info.url.href == "app:x" and hop.services.job_workers is stack.workers
    factory.set_protocol_handler("app", None)
    factory.set_protocol_handler("app", None)
    assert outcome(stack, "app:x", factory) == ERR_UNKNOWN_URL_SCHEME


def test_where_servers_may_send_us(stack: ScriptedStack) -> None:
    """Row 236, RestrictUnsafeRedirect: to http and https, and where a handler agrees."""
    factory = factory_of(stack)
    factory.set_protocol_handler("open", Counting(is_safe=True))
    factory.set_protocol_handler("closed", Counting())
    safe = {url: factory.is_safe_redirect_target(Url.parse(url)) for url in ("http://a", "https://a", "open:x")}
    assert all(safe.values())
    assert not any(factory.is_safe_redirect_target(Url.parse(url)) for url in ("closed:x", "file:///x", "data:,x"))


def test_where_an_answer_sends_its_request(stack: ScriptedStack) -> None:
    """Row 236, RestrictUnsafeRedirect: a handler is asked about targets of its scheme; other answers cost nothing."""
    factory = factory_of(stack)
    factory.set_protocol_handler("open", Counting(is_safe=True))
    info = request_info("http://a.test/")
    for headers, outcome in (
        ([("Location", "open:x")], "open:x"),
        ([("Location", "file:///x")], ERR_UNSAFE_REDIRECT),
        ([], OK),
    ):
        job = ScriptedJob(stack, info, 302, headers)
        assert factory.redirect_of(job, info) == OK  # there is no answer yet
        job.start(lambda _: None)
        redirect = factory.redirect_of(job, info)
        assert (redirect if isinstance(redirect, int) else redirect.url.href) == outcome
        stack.run()
    job = ScriptedJob(stack, info, 200, [("Location", "open:x")])
    job.start(lambda _: None)
    assert factory.redirect_of(job, info) == OK
    upgrade = secure_upgrade(info.url, "GET")
    assert isinstance(upgrade, RedirectInfo)
    assert factory.redirect_of(RedirectJob(info.url, upgrade, "HSTS", stack.clock, stack.log()), info) is upgrade


def test_interceptors_come_and_go(stack: ScriptedStack) -> None:
    """Those who are there when a request begins are asked, in order."""
    factory, first, second = factory_of(stack), Taking("a.test"), Taking("b.test")
    factory.add_interceptor(first)
    factory.add_interceptor(second)
    assert (
        outcome(stack, "http://a.test/", factory) == outcome(stack, "http://b.test/", factory) == ERR_BLOCKED_BY_CLIENT
    )
    job = job_for(stack, "http://c.test/", factory)
    assert not isinstance(job, (HttpJob, ErrorJob)) and job.response is None
    job.close()
    factory.remove_interceptor(first)
    with pytest.raises(ValueError):
        factory.remove_interceptor(first)
    job_for(stack, "http://a.test/", factory).close()
    assert outcome(stack, "http://b.test/", factory) == ERR_BLOCKED_BY_CLIENT
    factory.remove_interceptor(second)
    assert isinstance(job_for(stack, "http://b.test/", factory), HttpJob)


def test_interceptors_and_hosts_that_want_https(stack: ScriptedStack) -> None:
    """They are asked before anybody thinks of https, and leave such a redirect as it is."""
    factory = factory_of(stack, store_for("a.test"))
    factory.add_interceptor(Taking("b.test"))
    assert isinstance(job_for(stack, "http://a.test/", factory), RedirectJob)
    factory.add_interceptor(Taking("a.test"))
    assert outcome(stack, "http://a.test/", factory) == ERR_BLOCKED_BY_CLIENT


@pytest.mark.parametrize("removes", [False, True])
def test_nobody_is_asked_after_the_shutdown(stack: ScriptedStack, removes: bool) -> None:
    factory, interceptor = factory_of(stack), Taking("a.test")
    factory.add_interceptor(interceptor)
    factory.shut_down()
    if removes:
        factory.remove_interceptor(interceptor)
    assert outcome(stack, "http://a.test/", factory) == ERR_CONTEXT_SHUT_DOWN


def test_without_services_there_is_only_http(stack: ScriptedStack) -> None:
    """A context of the stack's own has no use for more."""
    factory = URLRequestJobFactory(stack.session)
    factory.set_protocol_handler("app", Counting())
    assert outcome(stack, "app:x", factory) == ERR_UNKNOWN_URL_SCHEME


def test_a_handler_that_raises(stack: ScriptedStack, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed, and the job fails."""

    class Buggy(ProtocolHandler):
        def create_job(self, hop: Hop) -> URLRequestJob:
            raise RuntimeError("a bug of the handler")

    factory = factory_of(stack)
    factory.set_protocol_handler("app", Buggy())
    job = job_for(stack, "app:x", factory)
    assert job.start(lambda _: None) == ERR_UNEXPECTED
    assert job.error_detail == "the handler of app: raised an exception"
    assert "a bug of the handler" in capsys.readouterr().err


def test_a_handler_that_raises_about_a_redirect(stack: ScriptedStack, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed, and nobody is sent there."""

    class Buggy(ProtocolHandler):
        def is_safe_redirect_target(self, url: Url) -> bool:
            raise RuntimeError("a bug of the handler")

    factory = factory_of(stack)
    factory.set_protocol_handler("app", Buggy())
    assert not factory.is_safe_redirect_target(Url.parse("app:x"))
    assert "a bug of the handler" in capsys.readouterr().err


def test_a_bug_about_a_redirect(
    stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is printed, and the request fails at once instead of waiting for its deadline."""

    def redirect_in(*_: object) -> int:
        raise RuntimeError("a bug about targets")

    monkeypatch.setattr("netstack_sync.url_request.job_factory.redirect_in", redirect_in)
    info = request_info("http://a.test/")
    job = ScriptedJob(stack, info, 302, [("Location", "/")])
    job.start(lambda _: None)
    assert factory_of(stack).redirect_of(job, info) == ERR_UNEXPECTED
    assert "a bug about targets" in capsys.readouterr().err
