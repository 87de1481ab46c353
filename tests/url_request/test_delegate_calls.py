"""The calls of a network delegate for one request."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_ABORTED, ERR_FAILED, ERR_IO_PENDING, ERR_UNEXPECTED, OK
from netstack_sync.base.url import Url
from netstack_sync.http.exchange_delegate import ExchangeDelegate
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.url_request.delegate_calls import MAX_AUTH_ROUNDS, DelegateCalls
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.url_request import URLRequest
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.loops import RecordedCompletion
from tests.support.network_delegates import STAGES, RecordingNetworkDelegate
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.url_requests import context_over, new_request


def head(status: int = 200) -> ResponseHead:
    text = f'HTTP/1.1 {status} X\r\nWWW-Authenticate: Basic realm="r"\r\nContent-Length: 3\r\n\r\n'
    found = ResponseHeadParser().receive(text.encode())
    assert found is not None
    return found


class Scene:
    """The calls for a request that is not under way, and the delegate."""

    def __init__(self, stack: ScriptedStack) -> None:
        self.stack = stack
        self.delegate = RecordingNetworkDelegate()
        self.request: URLRequest = new_request(context_over(stack), request_info("http://a.test/dir/", "POST"))[0]
        self.calls = DelegateCalls(self.delegate, self.request, stack.thread)
        self.done = RecordedCompletion()

    def ask(self, stage: str) -> int:
        if stage == "before_url_request":
            return self.calls.before_url_request(self.done)
        if stage == "before_send_headers":
            return self.calls.before_send_headers(RequestHeaders(), self.done)
        return self.calls.headers_received(head(), self.done)


@pytest.fixture
def scene(stack: ScriptedStack) -> Scene:
    return Scene(stack)


@pytest.mark.parametrize("stage", STAGES)
def test_an_answer_at_once(scene: Scene, stage: str) -> None:
    """It is the result, and nothing comes later; an error is named."""
    assert not scene.calls.has_begun
    assert scene.ask(stage) == OK and scene.calls.error_detail == ""
    assert scene.calls.has_begun
    scene.delegate.results[stage] = ERR_FAILED
    assert scene.ask(stage) == ERR_FAILED and scene.calls.error_detail == "the network delegate said ERR_FAILED"
    scene.stack.run()
    assert not scene.done.is_called and not scene.calls.is_waiting
    scene.request.cancel()


@pytest.mark.parametrize("stage", STAGES)
def test_an_answer_later(scene: Scene, stage: str) -> None:
    """In a task of its own, from whichever thread; the second one does not count. The NetLog shows the wait."""
    scene.delegate.results[stage] = ERR_IO_PENDING
    assert scene.ask(stage) == ERR_IO_PENDING and scene.calls.is_waiting
    answer = scene.delegate.waiting.pop()
    answer(ERR_FAILED)
    answer(OK)
    assert not scene.done.is_called
    scene.stack.run()
    assert scene.done.result == ERR_FAILED and not scene.calls.is_waiting
    if scene.stack.is_async:
        event = {
            "before_url_request": NetLogEventType.NETWORK_DELEGATE_BEFORE_URL_REQUEST,
            "before_send_headers": NetLogEventType.NETWORK_DELEGATE_BEFORE_START_TRANSACTION,
            "headers_received": NetLogEventType.NETWORK_DELEGATE_HEADERS_RECEIVED,
        }[stage]
        assert scene.stack.recorded.params_of(event, NetLogEventPhase.END) == [{"net_error": ERR_FAILED}]
    scene.request.cancel()


def test_an_answer_to_the_last_question(scene: Scene) -> None:
    """It is none to this one."""
    scene.delegate.results["before_url_request"] = ERR_IO_PENDING
    scene.ask("before_url_request")
    late = scene.delegate.waiting.pop()
    late(OK)
    scene.stack.run()
    second = RecordedCompletion()
    scene.done = second
    scene.ask("before_url_request")
    late(ERR_FAILED)
    scene.stack.run()
    assert not second.is_called
    scene.calls.completed(ERR_ABORTED, False)
    scene.request.cancel()


def test_the_end_while_it_waits(scene: Scene) -> None:
    """Nobody is called; the delegate hears of it once."""
    scene.delegate.results["before_url_request"] = ERR_IO_PENDING
    scene.ask("before_url_request")
    scene.calls.completed(ERR_ABORTED, False)
    scene.delegate.release()
    scene.stack.run()
    assert not scene.done.is_called and scene.delegate.completed == [(False, ERR_ABORTED)]
    scene.request.cancel()


def test_the_end_from_inside_a_question(scene: Scene) -> None:
    """What the method answers then counts no more."""
    scene.delegate.act = lambda name, _: scene.calls.completed(ERR_FAILED, True) if name != "completed" else None
    assert scene.ask("headers_received") == ERR_IO_PENDING
    scene.stack.run()
    assert not scene.done.is_called
    scene.request.cancel()


def test_a_bug_at_the_end(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed, and nobody takes it for why the request has failed."""

    def act(name: str, _: object) -> None:
        raise RuntimeError(name)

    scene.delegate.act = act
    scene.calls.completed(ERR_FAILED, True)
    assert "RuntimeError: completed" in capsys.readouterr().err and scene.calls.error_detail == ""
    scene.request.cancel()


@pytest.mark.parametrize("answer", [None, True, 5, "x"])
@pytest.mark.parametrize("later", [False, True])
def test_an_answer_that_is_none(scene: Scene, answer: int, later: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug of the delegate, printed with what it answered."""
    scene.delegate.results["before_url_request"] = ERR_IO_PENDING if later else answer
    result = scene.ask("before_url_request")
    if later:
        scene.delegate.release(answer)
        scene.stack.run()
        result = scene.done.result
    assert result == ERR_UNEXPECTED and repr(answer) in capsys.readouterr().err
    assert scene.calls.error_detail == "the network delegate raised an exception"
    scene.request.cancel()


def test_where_a_hop_is_sent(scene: Scene) -> None:
    """A reference is resolved, a URL is taken; asked once."""
    assert scene.calls.take_redirect() is None
    targets: list[str | Url] = ["x", Url.parse("http://a.test/dir/x")]
    scene.delegate.on_start = lambda start: start.redirect(targets.pop())
    while targets:
        scene.ask("before_url_request")
        redirect = scene.calls.take_redirect()
        assert redirect == RedirectInfo(307, Url.parse("http://a.test/dir/x"), "POST", True, is_from_delegate=True)
    assert scene.calls.take_redirect() is None
    scene.request.cancel()


def test_what_an_answer_is_taken_for(scene: Scene) -> None:
    """Nothing else unless it was changed; its framing stays."""
    assert scene.calls.take_head() is None
    scene.ask("headers_received")
    assert scene.calls.take_head() is None
    scene.delegate.on_head = lambda answer: answer.set_status(299, "Other")
    scene.ask("headers_received")
    changed = scene.calls.take_head()
    assert changed is not None and (changed.status, changed.reason, changed.content_length) == (299, "Other", 3)
    assert scene.calls.take_head() is None
    scene.request.cancel()


def test_who_is_asking(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Rule R22: an identity once, a pair or a value, an error, OK; five questions and no more."""
    calls: ExchangeDelegate = scene.calls
    mine = AuthIdentity("u", "q", ("basic",))
    scene.delegate.auth = [("u", "p"), ("u", "p"), mine, ERR_FAILED, ("only one",)]  # type: ignore[list-item]
    found = [calls.auth_required(head(401)) for _ in range(MAX_AUTH_ROUNDS + 1)]
    assert found == [password_identity("u", "p"), OK, mine, ERR_FAILED, ERR_UNEXPECTED, OK]
    assert scene.delegate.challenges == ["basic"] * MAX_AUTH_ROUNDS
    assert "Traceback" in capsys.readouterr().err
    scene.request.cancel()


@pytest.mark.parametrize("answer", [("u", "p"), OK, 17, "raises"])
def test_the_end_while_it_looks_for_a_password(scene: Scene, answer: object) -> None:
    """Nobody is left who could be told of it, nor whose bug it was."""
    scene.delegate.auth = [] if answer == "raises" else [answer]  # type: ignore[list-item]

    def act(name: str, _: object) -> None:
        if name == "auth_required":
            scene.calls.completed(ERR_ABORTED, True)
            if answer == "raises":
                raise RuntimeError("a bug, of no request")

    scene.delegate.act = act
    assert scene.calls.auth_required(head(401)) == ERR_IO_PENDING
    scene.request.cancel()


def test_news(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """They are passed on once, and a delegate that raises does not stop the end."""
    redirect = RedirectInfo(302, Url.parse("http://b.test/"), "GET", True)
    assert scene.calls.before_redirect(redirect) == OK and scene.delegate.redirects == [redirect]
    assert [scene.calls.response_started(ERR_FAILED) for _ in range(2)] == [ERR_FAILED] * 2
    assert scene.delegate.started == [ERR_FAILED]

    def act(*_: object) -> None:
        raise RuntimeError("a bug")

    scene.delegate.act = act
    assert scene.calls.before_redirect(redirect) == ERR_UNEXPECTED
    scene.calls.completed(OK, True)
    assert capsys.readouterr().err.count("a bug") >= 2 and scene.delegate.completed == [(True, OK)]
    scene.request.cancel()
