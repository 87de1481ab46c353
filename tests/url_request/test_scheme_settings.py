"""What a context serves."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_UNKNOWN_URL_SCHEME, OK
from netstack_sync.url_request.error_job import ErrorJob
from netstack_sync.url_request.hop import Hop
from netstack_sync.url_request.http_job import HttpJob
from netstack_sync.url_request.interceptor import MakeJob, URLRequestInterceptor
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.job_factory import URLRequestJobFactory
from netstack_sync.url_request.late_schemes import install_usual_schemes
from netstack_sync.url_request.protocol_handler import ProtocolHandler
from netstack_sync.url_request.scheme_settings import SchemeSettings
from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest, Interceptor
from tests.support.jobs import Played, make_hop
from tests.support.scripted_stack import ScriptedStack


def job_of(stack: ScriptedStack, settings: SchemeSettings, url: str) -> URLRequestJob:
    hop = make_hop(stack, url)
    factory = URLRequestJobFactory(stack.session, services=hop.services)
    install_usual_schemes(factory)
    settings.install(factory)
    return factory.create_job(hop.info, hop.net_log, hop.observer)


def handler(request: HandlerRequest) -> HandlerAnswer:
    return HandlerAnswer(b"handled")


def test_the_defaults(stack: ScriptedStack) -> None:
    """Neither files nor other machines than those of http; http itself takes no detour."""
    settings = SchemeSettings()
    assert settings.names == {"http", "https", "data", "about"}
    assert Played(stack, job_of(stack, settings, "data:,x")).body == b"x"
    assert Played(stack, job_of(stack, settings, "about:blank")).result == OK
    for url in ("file:///etc/passwd", "ftp://a/", "app:x"):
        assert Played(stack, job_of(stack, settings, url)).result == ERR_UNKNOWN_URL_SCHEME
    assert isinstance(job_of(stack, settings, "http://a.test/"), HttpJob)


class Protocol(ProtocolHandler):
    def create_job(self, hop: Hop) -> URLRequestJob:
        return ErrorJob(ERR_UNKNOWN_URL_SCHEME, "mine")


def test_what_is_turned_on(stack: ScriptedStack) -> None:
    """Both forms of a handler."""
    settings = SchemeSettings("/root", True, {"app": handler, "low": Protocol()})
    assert settings.names == {"http", "https", "data", "about", "file", "ftp", "app", "low"}
    for url in ("file:///root/x", "ftp://a/"):
        assert not isinstance(job_of(stack, settings, url), ErrorJob)
    assert Played(stack, job_of(stack, settings, "app:x")).body == b"handled"
    assert job_of(stack, settings, "low:x").error_detail == "mine"


class LowLevel(URLRequestInterceptor):
    def __init__(self, log: list[str]) -> None:
        self.log = log

    def maybe_intercept_request(self, hop: Hop, make_job: MakeJob) -> URLRequestJob | None:
        self.log.append("low")
        return None


@pytest.mark.parametrize("shape", ["", "f", "l", "ff", "fl", "lf", "flf", "ffllff"])
def test_interceptors_are_asked_in_order(stack: ScriptedStack, shape: str) -> None:
    """Functions that follow each other share a worker's turn; a low-level one is asked when the job is made."""
    log: list[str] = []

    def note(request: HandlerRequest) -> HandlerAnswer | None:
        log.append("function")
        return None

    chain: dict[str, Interceptor | URLRequestInterceptor] = {"f": note, "l": LowLevel(log)}
    settings = SchemeSettings(handlers={"app": handler}, interceptors=tuple(chain[kind] for kind in shape))
    assert Played(stack, job_of(stack, settings, "app:x")).body == b"handled"
    assert log == ["low"] * shape.count("l") + ["function"] * shape.count("f")
