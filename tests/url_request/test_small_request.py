"""SmallRequest: answers whole or not at all, within size and time, and once."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_FILE_TOO_BIG,
    ERR_TIMED_OUT,
    ERR_UNSAFE_REDIRECT,
    OK,
)
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.small_request import SmallAnswer, SmallRequest
from tests.support.scripted_socket import EOF, Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info
from tests.support.url_requests import context_over

SENT = Write(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
LIMIT_S = 5.0
MAX_BYTES = 10


def head(size: int = 6, status: str = "200 OK", *fields: str) -> Read:
    """The head of an answer."""
    return Read("\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *fields, "", ""]).encode())


class Asking:
    """One request over a stack, and what it said."""

    def __init__(self, stack: ScriptedStack) -> None:
        self.stack = stack
        self.context: URLRequestContext = context_over(stack)
        self.answers: list[SmallAnswer] = []

    def start(self, *, has_limit_for_each: bool = False) -> SmallRequest:
        """Asks; nothing comes from inside."""
        request = SmallRequest(
            self.context,
            request_info("http://a.test/"),
            MAX_BYTES,
            LIMIT_S,
            self.answers.append,
            has_limit_for_each=has_limit_for_each,
        )
        request.start()
        assert not self.answers
        self.stack.run()
        return request

    @property
    def answer(self) -> SmallAnswer:
        """The one, after which nothing is under way and no limit means anything."""
        self.stack.advance(3 * LIMIT_S)
        assert len(self.answers) == 1 and self.context.request_count == 0
        return self.answers[0]


@pytest.fixture
def asking(stack: ScriptedStack) -> Asking:
    return Asking(stack)


def test_an_answer(asking: Asking) -> None:
    """In pieces or not; with what the head says."""
    asking.stack.connection(SENT, head(6, "203 Hm", "Content-Type: Text/Plain; a=b"), Read(b"ans"), Read(b"wer"))
    asking.start()
    answer = asking.answer
    assert (answer.net_error, answer.status, answer.body, answer.media_type) == (OK, 203, b"answer", "text/plain")


def test_an_answer_that_begins_with_its_head(asking: Asking) -> None:
    """What has come of the body with the head is taken before the rest is waited for."""
    asking.stack.connection(SENT, Read(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nans"), Read(b"wer"))
    asking.start()
    assert asking.answer.body == b"answer"


def test_redirects_are_answers(asking: Asking) -> None:
    """Nobody else is asked."""
    asking.stack.connection(SENT, head(0, "302 Found", "Location: http://b.test/"))
    asking.start()
    assert asking.answer.status == 302 and asking.answer.media_type == ""


@pytest.mark.parametrize("size, result", [(MAX_BYTES, OK), (MAX_BYTES + 1, ERR_FILE_TOO_BIG)])
def test_the_size_has_a_limit(asking: Asking, size: int, result: int) -> None:
    """An answer beyond it is none."""
    socket = asking.stack.connection(SENT, head(size), Read(b"x" * 5), Pause(), Read(b"x" * (size - 5)))
    asking.start()
    socket.resume()
    asking.stack.run()
    assert asking.answer.net_error == result


def test_why_there_is_none(asking: Asking) -> None:
    """The number, and words where there are some."""
    asking.stack.failed_connection(ERR_CONNECTION_REFUSED)
    asking.start()
    assert asking.answer.net_error == ERR_CONNECTION_REFUSED and asking.answer.headers is None
    asking.answers.clear()
    asking.stack.connection(SENT, head(), Read(b"ans"), EOF)
    asking.start()
    assert asking.answer == SmallAnswer(ERR_CONTENT_LENGTH_MISMATCH, "")


@pytest.mark.parametrize("has_limit_for_each", [False, True])
def test_the_time_has_a_limit(asking: Asking, has_limit_for_each: bool) -> None:
    """One for everything, or one to connect and one from then on."""
    if has_limit_for_each:
        asking.stack.failed_connection(NEVER)
        asking.stack.connection(SENT)  # the pool's second try
    else:
        asking.stack.connection(SENT)
    asking.start(has_limit_for_each=has_limit_for_each)
    asking.stack.advance(LIMIT_S - 0.1)
    assert not asking.answers
    asking.stack.advance(0.2)
    assert bool(asking.answers) != has_limit_for_each
    asking.stack.advance(LIMIT_S)
    assert asking.answer.net_error == ERR_TIMED_OUT and "no answer within 5 s, while" in asking.answer.detail


def test_a_cancelled_one_is_silent(asking: Asking) -> None:
    """Idempotent."""
    asking.stack.connection(SENT, head(), Read(b"ans"))
    request = asking.start()
    request.cancel()
    request.cancel()
    asking.stack.advance(3 * LIMIT_S)
    assert not asking.answers and asking.context.request_count == 0


def test_an_answer_without_a_type() -> None:
    """Has an empty one."""
    assert SmallAnswer(OK).media_type == "" and SmallAnswer(OK, headers=ResponseHeaders(b"")).media_type == ""


def test_a_redirect_to_nowhere_is_no_answer(stack: ScriptedStack) -> None:
    """Row 236, RestrictUnsafeRedirect: it is an error, as is no answer at all."""
    stack.connection(SENT, Read(b"HTTP/1.1 302 Go\r\nLocation: file:///x\r\nContent-Length: 0\r\n\r\n"))
    answers: list[SmallAnswer] = []
    SmallRequest(context_over(stack), request_info(), 10, 5.0, answers.append).start()
    stack.run()
    assert [answer.net_error for answer in answers] == [ERR_UNSAFE_REDIRECT]
