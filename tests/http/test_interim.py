"""The 1xx responses of a request, and the body that waits for one."""

from __future__ import annotations

import io

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_CLOSED,
    ERR_CONNECTION_RESET,
    ERR_EMPTY_RESPONSE,
    ERR_INVALID_HTTP_RESPONSE,
    ERR_IO_PENDING,
    ERR_RESPONSE_HEADERS_TOO_BIG,
    OK,
)
from netstack_sync.http.interim import CONTINUE_WAIT_S, InterimAnswers
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.wire.http1_response import ResponseHead
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import EOF, Pause, Read, ScriptedSocket, Step, Write
from tests.support.scripted_stack import ScriptedStack, read_body, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
PLAIN_HEAD = b"POST / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"
HEAD = PLAIN_HEAD.replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length")
CHUNKED_HEAD = HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!"
REFUSED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"


class Post:
    """An exchange whose body waits; it ends exactly once."""

    def __init__(self, stack: ScriptedStack, upload: UploadStream | None = None, expects: bool = True) -> None:
        self.stack = stack
        self.seen: list[int] = []
        self.done = RecordedCompletion()
        self.transaction = stack.transaction()
        self.interim = InterimAnswers(expects, lambda head: self.seen.append(head.status))
        self.info = post_info(upload if upload is not None else BytesUpload(b"hello"), self.interim)

    def start(self) -> None:
        """Runs as far as it goes without time."""
        result = self.transaction.start(self.info, self.done)
        assert result == ERR_IO_PENDING and not self.done.is_called
        self.stack.run_workers()

    def finish(self) -> tuple[int | None, bytes | int]:
        """The status, and the body or the error."""
        status: int | None = None
        body: bytes | int = self.done.result
        if body == OK:
            assert self.transaction.response is not None
            status, body = self.transaction.response.head.status, read_body(self.stack, self.transaction)
        self.transaction.close()
        self.stack.run()
        return status, body


def post_info(upload: UploadStream, interim: InterimAnswers) -> HttpRequestInfo:
    info = request_info(method="POST", upload=upload)
    info.interim = interim
    return info


def fetch(stack: ScriptedStack, upload: UploadStream | None = None) -> tuple[int | None, bytes | int]:
    post = Post(stack, upload)
    post.start()
    return post.finish()


def used_connection(stack: ScriptedStack, *steps: Step) -> ScriptedSocket:
    """A connection that has served a request and idles; then it plays `steps`."""
    socket = stack.connection(Write(GET), Read(FINE), *steps)
    transaction, done = stack.transaction(), RecordedCompletion()
    transaction.start(request_info(), done)
    stack.run()
    assert read_body(stack, transaction) == b"fine"
    transaction.close()
    return socket


# --- the body waits


@pytest.mark.parametrize("split", [False, True])
def test_the_body_comes_when_the_server_asks_for_it(stack: ScriptedStack, split: bool) -> None:
    """Row 152, ContinueWithBody: head, 100, body, answer; the connection is as good as ever."""
    asked = [Read(bytes([byte])) for byte in CONTINUE] if split else [Read(CONTINUE)]
    socket = stack.connection(Write(HEAD), *asked, Write(b"hello"), Read(FINE))
    post = Post(stack)
    post.start()
    assert post.transaction.timing.send_end is not None and post.transaction.sent_bytes == len(HEAD) + 5
    assert post.finish() == (200, b"fine")
    assert socket.is_done and socket.is_open and post.seen == [100]


def test_a_chunked_body_waits_as_well(stack: ScriptedStack) -> None:
    """Of a generator nothing is taken before."""
    taken: list[int] = []

    def pieces() -> object:
        taken.append(1)
        yield b"hello"

    upload = WorkerUpload(IterableSource(pieces()), None, stack.workers)  # type: ignore[arg-type]
    stack.connection(
        Write(CHUNKED_HEAD), Pause(), Read(CONTINUE), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n"), Read(FINE)
    )
    post = Post(stack, upload)
    post.start()
    assert not taken and post.transaction.load_state == LoadState.SENDING_REQUEST
    stack.sockets[0].resume()
    stack.run_workers()
    assert post.finish() == (200, b"fine")


def test_other_1xx_responses_do_not_call_the_body(stack: ScriptedStack) -> None:
    """They are told all the same, those that come after the 100 in one piece with it as well."""
    socket = stack.connection(Write(HEAD), Read(HINTS), Pause())
    post = Post(stack)
    post.start()
    assert post.seen == [103] and not post.done.is_called
    socket.extend(Read(CONTINUE + HINTS), Write(b"hello"), Read(HINTS), Read(FINE))
    socket.resume()
    stack.run()
    assert post.finish() == (200, b"fine")
    assert post.seen == [103, 100, 103, 103]


def test_silence_is_an_answer_too(stack: ScriptedStack) -> None:
    """Servers that know nothing of expectations get the body after a second; a late 100 is passed over."""
    socket = stack.connection(Write(HEAD), Write(b"hello"), Read(CONTINUE), Read(FINE))
    post = Post(stack)
    post.start()
    stack.advance(CONTINUE_WAIT_S - 0.01)
    assert socket.written == HEAD
    stack.advance(0.01)
    assert socket.written == HEAD + b"hello"
    assert post.finish() == (200, b"fine")
    assert socket.is_open


def test_half_a_head_does_not_end_the_wait(stack: ScriptedStack) -> None:
    """What has come of it before the second was over counts afterwards."""
    socket = stack.connection(Write(HEAD), Read(FINE[:10]), Write(b"hello"), Read(FINE[10:]))
    post = Post(stack)
    post.start()
    assert socket.written == HEAD
    stack.advance(CONTINUE_WAIT_S)
    assert post.finish() == (200, b"fine")


@pytest.mark.parametrize("is_asked", [True, False])
def test_once_the_body_goes_nobody_reads(stack: ScriptedStack, is_asked: bool) -> None:
    """An answer that comes meanwhile waits in the socket, as with every upload."""
    asked: list[Step] = [Read(CONTINUE)] if is_asked else []
    socket = stack.connection(Write(HEAD), *asked, Write(b"he"), Read(TOO_LARGE))
    post = Post(stack)
    post.start()
    stack.advance(0 if is_asked else CONTINUE_WAIT_S)
    reads = len(socket.read_sizes)
    stack.advance(CONTINUE_WAIT_S)
    assert socket.written == HEAD + b"he" and not post.done.is_called
    assert len(socket.read_sizes) == reads <= 1 + is_asked
    post.transaction.close()


@pytest.mark.parametrize("before", [b"", CONTINUE], ids=["at once", "with 100"])
@pytest.mark.parametrize("answer, body", [(TOO_LARGE, b"no!"), (FINE, b"fine")])
def test_a_final_answer_makes_the_body_superfluous(
    stack: ScriptedStack, answer: bytes, body: bytes, before: bytes
) -> None:
    """It is not sent, and the connection not used again: the server may take the next request for it."""
    socket = stack.connection(Write(HEAD), Read(before + answer))
    upload = WorkerUpload(FileSource(io.BytesIO(b"hello")), 5, stack.workers)
    assert fetch(stack, upload)[1] == body
    assert socket.is_done and socket.written == HEAD and not socket.is_open
    assert upload.rewind() == OK and not stack.workers.jobs


def test_an_unread_answer_before_the_body_is_not_drained(stack: ScriptedStack) -> None:
    """Its connection is of no use."""
    socket = stack.connection(Write(HEAD), Read(TOO_LARGE))
    post = Post(stack)
    post.start()
    post.transaction.close()
    assert not socket.is_open and not stack.workers.jobs


@pytest.mark.parametrize("is_late", [False, True])
def test_417_is_asked_again_without_an_expectation(stack: ScriptedStack, is_late: bool) -> None:
    """RFC 9110 §10.1.1: once, over another connection; also when the body had been sent meanwhile."""
    late: list[Step] = [Write(b"hello")] if is_late else []
    stack.connection(Write(HEAD), *late, Read(REFUSED))
    stack.connection(Write(PLAIN_HEAD + b"hello"), Read(REFUSED))
    post = Post(stack)
    post.start()
    stack.advance(CONTINUE_WAIT_S if is_late else 0)
    assert post.finish() == (417, b"")
    assert all(socket.is_done for socket in stack.sockets) and not post.interim.expects_continue


def test_417_after_a_body_that_is_gone_is_the_answer(stack: ScriptedStack) -> None:
    stack.connection(Write(CHUNKED_HEAD), Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n"), Read(REFUSED))
    post = Post(stack, WorkerUpload(IterableSource(iter([b"hello"])), None, stack.workers))
    post.start()
    stack.advance(CONTINUE_WAIT_S)
    stack.run_workers()
    assert post.finish() == (417, b"")


def test_417_without_an_expectation_is_an_answer(stack: ScriptedStack) -> None:
    stack.connection(Write(PLAIN_HEAD + b"hello"), Read(REFUSED))
    post = Post(stack, expects=False)
    post.start()
    assert post.finish() == (417, b"")


def test_a_dead_connection_is_noticed_while_the_body_waits(stack: ScriptedStack) -> None:
    """Row 174, ResendRequestOnWriteBodyError: a body that nobody has touched goes to another one."""
    for end in (EOF, Read(ERR_CONNECTION_RESET), Read(ERR_CONNECTION_CLOSED)):
        used_connection(stack, Write(CHUNKED_HEAD), end)
        upload = WorkerUpload(IterableSource(iter([b"hello"])), None, stack.workers)
        writes = [Write(b"5\r\nhello\r\n"), Write(b"0\r\n\r\n")]
        fresh = stack.connection(Write(CHUNKED_HEAD), Read(CONTINUE), *writes, Read(FINE + b"x"))
        assert fetch(stack, upload) == (200, b"fine") and fresh.is_done


@pytest.mark.parametrize(
    "steps, error",
    [
        ([EOF], ERR_EMPTY_RESPONSE),
        ([Read(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET),
        ([Read(HINTS), EOF], ERR_CONNECTION_CLOSED),
        ([Read(b"nonsense")], ERR_INVALID_HTTP_RESPONSE),
        ([Read(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")], ERR_INVALID_HTTP_RESPONSE),
        ([Read(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 256 * 1024)], ERR_RESPONSE_HEADERS_TOO_BIG),
        ([Read(HINTS * 33)], ERR_INVALID_HTTP_RESPONSE),
        ([Read(CONTINUE), Write(ERR_CONNECTION_RESET)], ERR_CONNECTION_RESET),
    ],
)
def test_a_wait_that_fails(stack: ScriptedStack, steps: list[Step], error: int) -> None:
    """The error is the result, exactly once, on a connection that was made for the request."""
    stack.connection(Write(HEAD), *steps)
    assert fetch(stack) == (None, error)
    assert not any(socket.is_open for socket in stack.sockets)


def test_a_reset_after_the_100_may_have_a_reason(stack: ScriptedStack) -> None:
    """Row 181, PostReadsErrorResponseAfterReset …And100."""
    stack.connection(Write(HEAD), Read(CONTINUE), Write(b"he"), Write(ERR_CONNECTION_RESET), Read(TOO_LARGE))
    assert fetch(stack) == (413, b"no!")


@pytest.mark.parametrize("size", [0, 5])
def test_who_expects_nothing_waits_for_nothing(stack: ScriptedStack, size: int) -> None:
    """Nor does an empty body, which must not announce itself (RFC 9110 §10.1.1)."""
    head = PLAIN_HEAD.replace(b"5", b"%d" % size)
    stack.connection(Write(head + b"hello"[:size]), Read(CONTINUE + FINE))
    post = Post(stack, BytesUpload(b"hello"[:size]), expects=size == 0)
    post.start()
    assert post.finish() == (200, b"fine") and post.seen == [100]


# --- cancelling


@pytest.mark.parametrize("moment", ["head", "wait", "body"])
def test_closed_while_the_body_waits(stack: ScriptedStack, moment: str) -> None:
    """Row 180: no callback comes, no timer is left, and the connection is closed."""
    scripts: dict[str, list[Step]] = {
        "head": [Write(HEAD[:5]), Pause()],
        "wait": [Write(HEAD), Pause()],
        "body": [Write(HEAD), Read(CONTINUE), Write(b"h"), Pause()],
    }
    socket = stack.connection(*scripts[moment])
    post = Post(stack)
    post.start()
    post.transaction.close()
    stack.advance(2 * CONTINUE_WAIT_S)
    assert not post.done.is_called and not socket.is_open and len(stack.thread.timers) == 0


@pytest.mark.parametrize("interim", [HINTS, CONTINUE], ids=["103", "100"])
@pytest.mark.parametrize("waits", [False, True])
def test_who_is_told_may_close(stack: ScriptedStack, interim: bytes, waits: bool) -> None:
    """While the body waits and afterwards; what has come in the same piece is not looked at."""
    steps: list[Step] = [Write(HEAD)] if waits else [Write(PLAIN_HEAD + b"hello")]
    socket = stack.connection(*steps, Read(interim + CONTINUE + FINE))
    post = Post(stack, expects=waits)

    def close(head: ResponseHead) -> None:
        post.seen.append(head.status)
        post.transaction.close()

    post.interim.on_interim = close
    post.start()
    assert len(post.seen) == 1 and not post.done.is_called and not socket.is_open


# --- telling


def test_early_hints_are_logged(stack: ScriptedStack) -> None:
    """Row 152, EarlyHints: with their headers, where somebody asked for them."""
    stack.connection(Write(PLAIN_HEAD + b"hello"), Read(HINTS + CONTINUE + FINE))
    post = Post(stack, expects=False)
    post.start()
    assert post.finish() == (200, b"fine") and post.seen == [103, 100]
    entries = [
        entry
        for entry in stack.recorded.entries
        if entry.type is NetLogEventType.HTTP_TRANSACTION_READ_EARLY_HINTS_RESPONSE_HEADERS
    ]
    assert len(entries) == (1 if stack.is_async else 0)
    kind, phase = NetLogEventType.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, NetLogEventPhase.NONE
    heads = [params["headers"] for params in stack.recorded.params_of(kind, phase)]
    expected = ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"] if stack.is_async else []
    assert [head[0] for head in heads if isinstance(head, list)] == expected


def test_an_expectation_without_a_listener(stack: ScriptedStack) -> None:
    stack.connection(Write(HEAD), Read(CONTINUE), Write(b"hello"), Read(FINE))
    transaction, done = stack.transaction(), RecordedCompletion()
    transaction.start(post_info(BytesUpload(b"hello"), InterimAnswers(expects_continue=True)), done)
    stack.run()
    assert done.result == OK and read_body(stack, transaction) == b"fine"
    transaction.close()
