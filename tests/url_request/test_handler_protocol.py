"""Schemes of the user's."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_FAILED, ERR_FILE_TOO_BIG, ERR_IO_PENDING, OK
from netstack_sync.base.url import Url
from netstack_sync.http.upload import BytesUpload, IterableSource, WorkerUpload
from netstack_sync.url_request import handler_protocol as module
from netstack_sync.url_request.handler_protocol import HandlerProtocol, handler_request
from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest
from tests.support.jobs import Played, make_hop
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack, request_info


def echo(request: HandlerRequest) -> HandlerAnswer:
    words = f"{request.method} {request.url} {request.headers.get('a')} ".encode()
    return HandlerAnswer(words + request.body)


def streamed(stack: ScriptedStack, *pieces: bytes) -> WorkerUpload:
    return WorkerUpload(IterableSource(list(pieces)), None, stack.workers)


def test_the_function_gets_plain_values(stack: ScriptedStack) -> None:
    """On a worker, and none of them is ours."""
    hop = make_hop(stack, "app://h/x?y#z", "PATCH", [("A", "b")])
    played = Played(stack, HandlerProtocol(echo).create_job(hop))
    assert (played.result, played.body) == (OK, b"PATCH app://h/x?y#z b ")
    assert played.job.has_sent_bytes
    assert not HandlerProtocol(echo).is_safe_redirect_target(Url.parse("app:x"))
    request = handler_request(hop.info, None)
    request.headers.remove("a")
    assert hop.info.headers.get("a") == "b"


@pytest.mark.parametrize("is_streamed", [False, True])
def test_the_body_is_bytes(stack: ScriptedStack, is_streamed: bool) -> None:
    """A file or an iterator is read first."""
    upload = streamed(stack, b"on", b"e") if is_streamed else BytesUpload(b"one")
    hop = make_hop(stack, "app:x", "POST", upload=upload)
    job = HandlerProtocol(echo).create_job(hop)
    assert Played(stack, job).body == b"POST app:x None one"


def test_a_body_that_cannot_be_read(stack: ScriptedStack) -> None:
    """The function is not called."""
    calls: list[object] = []

    def note(request: HandlerRequest) -> HandlerAnswer:
        calls.append(request)
        return HandlerAnswer()

    upload = WorkerUpload(IterableSource([5]), None, stack.workers)  # type: ignore[list-item]
    played = Played(stack, HandlerProtocol(note).create_job(make_hop(stack, upload=upload)))
    assert played.result == ERR_FAILED and isinstance(upload.error, TypeError) and not calls


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_body_without_end(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch, is_streamed: bool) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(module, "_MAX_BODY_BYTES", 5)
    upload = streamed(stack, b"123", b"456", b"789") if is_streamed else BytesUpload(b"123456")
    played = Played(stack, HandlerProtocol(echo).create_job(make_hop(stack, upload=upload)))
    assert played.result == ERR_FILE_TOO_BIG and "exceeds 5 bytes" in played.job.error_detail


def test_closed_while_the_body_is_read(stack: ScriptedStack) -> None:
    """Neither the function nor anybody else is called."""
    on_headers = RecordedCompletion()
    job = HandlerProtocol(echo).create_job(make_hop(stack, upload=streamed(stack, b"a", b"b")))
    assert job.start(on_headers) == ERR_IO_PENDING and job.load_state == LoadState.SENDING_REQUEST
    stack.workers.run_next()
    job.close()
    stack.run_workers()
    assert not on_headers.is_called


def test_what_an_interceptor_sees_of_a_body(stack: ScriptedStack) -> None:
    """What is in memory; the rest is for who sends it."""
    upload = streamed(stack, b"a")
    seen = handler_request(request_info(upload=upload), None)
    assert (seen.body, seen.is_body_streamed) == (b"", True) and not stack.workers.jobs
    seen = handler_request(request_info(upload=BytesUpload(b"a")), None)
    assert (seen.body, seen.is_body_streamed) == (b"a", False)
    seen = handler_request(request_info(), None)
    assert (seen.body, seen.is_body_streamed) == (b"", False)
