"""explain_proxies(): the answers, the limit, and how the wait ends."""

from __future__ import annotations

import pytest

from netstack_sync import ContextShutDown, DeadlineExceeded, NetError, PacUrl, ProxyConfig, Session
from netstack_sync.base.proxy_chain import DIRECT
from netstack_sync.base.url import Url
from netstack_sync.fetcher.network_call import call_on_network_thread
from netstack_sync.fetcher.proxy_question import explain_proxies
from netstack_sync.proxy.rule_decision import RuleDecision, RuleKind
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from netstack_sync.url_request.context import URLRequestContext
from tests.support.waiting import Caller, wait_until

URL = Url.parse("http://www.test/")
NOWHERE = "http://127.0.0.1:1/proxy.pac"


@pytest.fixture
def context(session: Session) -> URLRequestContext:
    return session.context


def test_rules_are_values(context: URLRequestContext) -> None:
    """Nobody waits for them."""
    config = ProxyConfig("http://a.test:3128").config
    explanation, error = explain_proxies(context, config, URL)
    assert error is None and explanation.rule == RuleDecision(RuleKind.ALL)
    assert [str(chain) for chain in explanation.chains] == ["http://a.test:3128"]


def test_a_script_that_is_not_to_be_had(context: URLRequestContext) -> None:
    """It is told why."""
    explanation, error = explain_proxies(context, ProxyConfig(pac=NOWHERE).config, URL)
    assert error is None and explanation.chains == (DIRECT,) and explanation.script_detail.startswith(NOWHERE)
    mandatory = ProxyConfig(pac=PacUrl(NOWHERE, mandatory=True)).config
    explanation, error = explain_proxies(context, mandatory, URL)
    assert isinstance(error, NetError) and error.net_error.name == "ERR_MANDATORY_PROXY_CONFIGURATION_FAILED"
    assert NOWHERE in str(error) and not explanation.chains


def test_the_limit_holds(context: URLRequestContext, server: EmbeddedServer) -> None:
    """Though a script may take its time."""
    server.route("/slow.pac", Answer(fault=stall_before_headers()))
    explanation, error = explain_proxies(context, ProxyConfig(pac=server.url("/slow.pac")).config, URL, 0.05)
    assert isinstance(error, DeadlineExceeded) and "within 0.05 s" in str(error) and not explanation.chains
    wait_until(lambda: call_on_network_thread(context.thread, lambda: context.request_count) == 0)


def test_the_end_of_the_session_is_one(session: Session, server: EmbeddedServer) -> None:
    """For who waits, and for who comes later."""
    server.route("/slow.pac", Answer(fault=stall_before_headers()))
    config = ProxyConfig(pac=server.url("/slow.pac")).config
    caller = Caller(lambda: explain_proxies(session.context, config, URL))
    wait_until(lambda: call_on_network_thread(session.context.thread, lambda: session.context.request_count) == 1)
    session.close()
    caller.join()
    assert isinstance(caller.error, ContextShutDown)
    with pytest.raises(ContextShutDown):
        explain_proxies(session.context, config, URL)


def test_not_on_the_network_thread(context: URLRequestContext) -> None:
    """It would wait for itself."""
    config = ProxyConfig(pac=NOWHERE).config
    with pytest.raises(RuntimeError, match="wait for itself"):
        call_on_network_thread(context.thread, lambda: explain_proxies(context, config, URL))


def test_a_context_that_is_shut_down_refuses(context: URLRequestContext) -> None:
    """Also while its thread goes on."""
    call_on_network_thread(context.thread, context.shut_down)
    with pytest.raises(ContextShutDown):
        explain_proxies(context, ProxyConfig(pac=NOWHERE).config, URL)
