"""The interface of those a URLRequest reports to."""

from __future__ import annotations

from netstack_sync.url_request.delegate import URLRequestDelegate
from netstack_sync.url_request.redirects import RedirectInfo
from tests.support.scripted_socket import Read, Write
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.url_requests import RecordingDelegate, context_over, new_request

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


def test_a_redirect_is_a_plain_value(stack: ScriptedStack) -> None:
    """What the delegate is shown can be kept and compared, and the delegate decides."""
    delegate: URLRequestDelegate = RecordingDelegate(follows=False)
    assert isinstance(delegate, RecordingDelegate)
    stack.connection(Write(GET), Read(b"HTTP/1.1 303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"))
    request, _ = new_request(context_over(stack), request_info(), delegate)
    request.start()
    stack.run()
    assert delegate.redirects == [RedirectInfo(303, request.url.resolve("/x"), "GET", True)]
    assert delegate.events[:4] == ["connected", "sent", "redirect", "response"]


def test_connecting_may_be_told_from_inside_start(stack: ScriptedStack) -> None:
    """A connection that is there already is no reason to wait a turn; every other callback waits."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 204 No Content\r\n\r\n"))
    request, delegate = new_request(context_over(stack), request_info())
    request.start()
    assert delegate.events == ([] if stack.is_async else ["connected", "sent"])
    stack.run()
    assert delegate.events[:3] == ["connected", "sent", "response"]
