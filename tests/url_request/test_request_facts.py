"""What is known of a request before, during and after its hops."""

from __future__ import annotations

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import OK
from netstack_sync.url_request.delegate import RedirectAction
from netstack_sync.url_request.request_facts import RequestFacts
from tests.support.scripted_socket import Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, context_over, new_request

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


def load_state(facts: RequestFacts) -> LoadState:
    """A property that changes by itself, which the type checker cannot know."""
    return facts.load_state


def test_before_the_first_hop_nothing_is_known(stack: ScriptedStack) -> None:
    """But what was asked for."""
    info = request_info()
    request, _ = new_request(context_over(stack), info)
    facts: RequestFacts = request
    assert facts.url is info.url and facts.info is info and facts.history == []
    assert (facts.response, facts.timing, facts.ssl_info, facts.connecting_since) == (None, None, None, None)
    assert (facts.load_state, facts.error_detail, facts.sent_bytes) == (LoadState.IDLE, "", 0)
    assert not facts.has_sent_bytes and not facts.is_over
    request.cancel()


def test_each_hop_tells_of_itself(stack: ScriptedStack) -> None:
    """But that something was sent is never forgotten."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 302 Go\r\nLocation: http://b.test/\r\nContent-Length: 0\r\n\r\n"))
    stack.failed_connection(NEVER)
    request, _ = new_request(context_over(stack), request_info(), RecordingDelegate(action=RedirectAction.DEFER))
    facts: RequestFacts = request
    request.start()
    stack.run()
    assert load_state(facts) == LoadState.WAITING_FOR_DELEGATE and facts.sent_bytes == len(GET)
    assert facts.response is not None and not facts.is_over and facts.timing is not None
    request.follow_deferred_redirect()
    stack.run()
    assert load_state(facts) == LoadState.CONNECTING and facts.connecting_since == 100.0
    assert (facts.url.host, facts.sent_bytes, facts.has_sent_bytes) == ("b.test", 0, True)
    assert len(facts.history) == 1 and facts.error_detail == "" and facts.ssl_info is None
    request.cancel()


def test_the_end_leaves_the_last_hop(stack: ScriptedStack) -> None:
    """Its values stay."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 204 Fine\r\n\r\n"), Pause())
    request, delegate = new_request(context_over(stack), request_info())
    request.start()
    stack.run()
    assert delegate.result == OK and request.response is not None and request.response.head.status == 204
