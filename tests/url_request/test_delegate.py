"""The interface of those a URLRequest reports to."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONTEXT_SHUT_DOWN,
    ERR_IO_PENDING,
    ERR_TOO_MANY_REDIRECTS,
    ERR_UNSAFE_REDIRECT,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.http.upload import IterableSource, WorkerUpload
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.delegate import RedirectAction, URLRequestDelegate
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.url_request import URLRequest
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


# --- deferred redirects

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


def head(host: str = "a.test", extra: str = "", target: str = "/x") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n{extra}\r\n".encode()


def redirect_to(location: str) -> bytes:
    return f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.fixture
def context(stack: ScriptedStack) -> URLRequestContext:
    return context_over(stack)


def deferred(
    stack: ScriptedStack,
    context: URLRequestContext,
    headers: list[tuple[str, str]] | None = None,
    max_redirects: int = 20,
) -> tuple[URLRequest, RecordingDelegate]:
    """A request whose delegate has deferred its first redirect."""
    delegate = RecordingDelegate(action=RedirectAction.DEFER)
    request, _ = new_request(context, request_info("http://a.test/", headers=headers), delegate, max_redirects)
    request.start()
    stack.run()
    assert delegate.events == ["connected", "sent", "redirect"] and delegate.result == ERR_IO_PENDING
    assert request.load_state == LoadState.WAITING_FOR_DELEGATE
    return request, delegate


def test_a_redirect_can_be_deferred(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 237, DeferredRedirect: nothing happens until it is followed, and the next one is deferred as well."""
    stack.connection(Write(GET), Read(redirect_to("/x")), Write(head()), Read(redirect_to("/y")))
    request, delegate = deferred(stack, context)
    assert request.url.path == "/" and request.response is not None and request.response.head.status == 302
    stack.advance(100.0)
    request.follow_deferred_redirect()
    stack.run()
    assert request.url.path == "/x" and delegate.events[3:] == ["connected", "sent", "redirect"]
    stack.sockets[0].extend(Write(head(target="/y")), Read(FINE))
    request.follow_deferred_redirect()
    stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine") and request.load_state == LoadState.IDLE


def test_headers_change_with_a_deferred_redirect(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 237, DeferredRedirectRemovedHeaders and ModifiedHeaders: all occurrences go, what is modified is there."""
    sent = head(extra="A: 1\r\nb: new\r\nD: 4\r\n")
    stack.connection(Write(head(target="/", extra="A: 1\r\nB: 2\r\nC: 3\r\nc: 3\r\n")), Read(redirect_to("/x")))
    request, delegate = deferred(stack, context, [("A", "1"), ("B", "2"), ("C", "3"), ("c", "3")])
    stack.sockets[0].extend(Write(sent), Read(FINE))
    request.follow_deferred_redirect(["C", "nothing"], {"b": "new", "D": "4"})
    stack.run()
    assert delegate.body == b"fine"


def test_what_is_put_in_by_hand_reaches_another_origin(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Rule R5: the old credentials do not go along; new ones are the delegate's will."""
    old = head(target="/", extra="Authorization: old\r\nCookie: a=1\r\n")
    stack.connection(Write(old), Read(redirect_to("http://b.test/x")))
    request, delegate = deferred(stack, context, [("Authorization", "old"), ("Cookie", "a=1")])
    stack.connection(Write(head("b.test", "Authorization: new\r\n")), Read(FINE))
    request.follow_deferred_redirect(modified_headers=[("Authorization", "new")])
    stack.run()
    assert delegate.body == b"fine"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "a b"])
def test_headers_that_cannot_be_set(stack: ScriptedStack, context: URLRequestContext, name: str) -> None:
    """Rule R16: the redirect stays deferred, and can still be followed."""
    stack.connection(Write(GET), Read(redirect_to("/x")), Write(head()), Read(FINE))
    request, delegate = deferred(stack, context)
    with pytest.raises(ValueError, match=name.title() if "-" in name else name):
        request.follow_deferred_redirect(modified_headers={name: "1"})
    with pytest.raises(ValueError, match="list of names"):
        request.follow_deferred_redirect(removed_headers="Cookie")
    request.follow_deferred_redirect(modified_headers={})
    stack.run()
    assert delegate.body == b"fine"


def test_a_deferred_redirect_is_cancelled(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 237, CancelDeferredRedirect: nothing comes any more, and there is nothing to follow."""
    stack.connection(Write(GET), Read(redirect_to("/x")))
    request, delegate = deferred(stack, context)
    events = list(delegate.events)
    request.cancel()
    stack.run()
    assert delegate.events == events and request.read() == ERR_ABORTED and context.request_count == 0
    with pytest.raises(AssertionError):
        request.follow_deferred_redirect()


def test_a_deferred_redirect_fails_from_outside(stack: ScriptedStack, context: URLRequestContext) -> None:
    """The end of the context, or a deadline, does not wait for the delegate."""
    stack.connection(Write(GET), Read(redirect_to("/x")))
    request, delegate = deferred(stack, context)
    request.fail(ERR_CONTEXT_SHUT_DOWN)
    assert delegate.result == ERR_CONTEXT_SHUT_DOWN and delegate.events[-1] == "response"


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_deferred_redirect_counts(stack: ScriptedStack, context: URLRequestContext, is_cancelled: bool) -> None:
    """Rule R22: one too many is an error, told later, and not at all once the request was cancelled."""
    stack.connection(Write(GET), Read(redirect_to("/x")))
    request, delegate = deferred(stack, context, max_redirects=0)
    request.follow_deferred_redirect()
    assert delegate.result == ERR_IO_PENDING
    if is_cancelled:
        request.cancel()
    stack.run()
    assert delegate.result == (ERR_IO_PENDING if is_cancelled else ERR_TOO_MANY_REDIRECTS)


def test_followed_from_inside(stack: ScriptedStack, context: URLRequestContext) -> None:
    """A delegate that only wants to change headers does not have to wait."""
    stack.connection(Write(GET), Read(redirect_to("/x")), Write(head(extra="X: 1\r\n")), Read(FINE))
    delegate = RecordingDelegate(action=RedirectAction.DEFER)
    request, _ = new_request(context, request_info(), delegate)

    def follow(event: str) -> None:
        if event == "redirect":
            request.follow_deferred_redirect(modified_headers={"X": "1"})

    delegate.on_event = follow
    request.start()
    stack.run()
    assert (delegate.result, delegate.body) == (OK, b"fine")


def test_a_deferred_body_that_is_gone(stack: ScriptedStack, context: URLRequestContext) -> None:
    """What cannot follow fails as it does without waiting."""
    once = WorkerUpload(IterableSource(iter([b"x"])), 1, stack.workers)
    post = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n"
    answer = b"HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    stack.connection(Write(post), Write(b"x"), Read(answer))
    delegate = RecordingDelegate(action=RedirectAction.DEFER)
    request, _ = new_request(context, request_info("http://a.test/", "POST", upload=once), delegate)
    request.start()
    stack.run_workers()
    request.follow_deferred_redirect()
    stack.run()
    assert delegate.result == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED


# --- redirects to nowhere


@pytest.mark.parametrize("follows", [True, False])
def test_a_redirect_to_nowhere_is_the_delegates_to_judge(
    stack: ScriptedStack, context: URLRequestContext, follows: bool
) -> None:
    """Row 236, RestrictUnsafeRedirect: an error, or an answer to look at."""
    stack.connection(Write(GET), Read(redirect_to("file:///etc/passwd")))
    request, delegate = new_request(context, request_info(), RecordingDelegate(follows=follows))
    request.start()
    stack.run()
    assert delegate.result == (ERR_UNSAFE_REDIRECT if follows else OK)
    assert delegate.events[2:4] == ["invalid redirect", "response"]


def test_cancelled_while_it_judges(stack: ScriptedStack, context: URLRequestContext) -> None:
    """Row 234: nothing comes any more."""
    stack.connection(Write(GET), Read(redirect_to("file:///etc/passwd")))
    request, delegate = new_request(context, request_info())
    delegate.on_event = lambda event: request.cancel() if event == "invalid redirect" else None
    request.start()
    stack.run()
    assert delegate.events[-1] == "invalid redirect"
