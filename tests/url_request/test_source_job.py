"""Answers that come from workers."""

from __future__ import annotations

import errno

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_CONNECTION_REFUSED,
    ERR_CONTENT_LENGTH_MISMATCH,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.loop.completion import Completion
from netstack_sync.url_request.job import URLRequestJob
from netstack_sync.url_request.source_job import ReadySource, SourceJob, SourceMaker
from netstack_sync.workers.answer_source import AnswerSource, ReadyAnswer, SourceAnswer
from tests.support.jobs import Played, Witness, make_hop
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack

HEAD = SourceAnswer(200, "OK", (("A", "b"),), None)


class Pieces:
    """A source that gives these pieces, or raises them."""

    def __init__(self, answer: SourceAnswer | Exception, *pieces: bytes | Exception, is_remote: bool = False) -> None:
        self.answer = answer
        self.pieces = list(pieces)
        self.is_remote = is_remote
        self.has_effects = True
        self.calls: list[str] = []

    def open(self) -> SourceAnswer:
        self.calls.append("open")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def read_piece(self) -> bytes:
        self.calls.append("read")
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def abort(self, is_busy: bool) -> None:
        self.calls.append("abort")

    def close(self) -> None:
        self.calls.append("close")


class LateSource:
    """A SourceMaker that a test finishes."""

    def __init__(self, source: AnswerSource | None) -> None:
        self.source: AnswerSource | None = source
        self.load_state = LoadState.RESOLVING_HOST
        self.error_detail = ""
        self.on_done: Completion | None = None
        self.is_cancelled = False

    def start(self, on_done: Completion) -> int:
        self.on_done = on_done
        return ERR_IO_PENDING

    def cancel(self) -> None:
        self.is_cancelled = True

    def finish(self, result: int) -> None:
        assert self.on_done is not None
        self.on_done(result)


def job_of(
    stack: ScriptedStack, source: AnswerSource, method: str = "GET", witness: Witness | None = None
) -> SourceJob:
    return SourceJob(make_hop(stack, method=method, witness=witness), ReadySource(source), stack.workers)


def test_head_and_pieces(stack: ScriptedStack) -> None:
    """The source is closed on a worker once its end was read."""
    source, witness = Pieces(HEAD, b"a", b"b"), Witness()
    job: URLRequestJob = job_of(stack, source, witness=witness)
    assert job.load_state == LoadState.IDLE and job.response is None and not job.has_sent_bytes
    stack.advance(1)
    played = Played(stack, job)
    assert (played.result, played.read_result, played.body) == (OK, OK, b"ab")
    head = played.response.head
    assert (head.status, head.reason, head.version, head.content_length) == (200, "OK", (1, 1), None)
    assert head.headers.items() == [("A", "b")] and played.response.url.href == "app:x"
    assert source.calls == ["open", "read", "read", "read", "abort", "close"]
    assert witness.events == ["connected", "sent"] and job.is_body_complete and job.has_sent_bytes
    assert job.timing is not None and job.timing.request_start == job.timing.receive_headers_end == 101.0
    assert job.ssl_info is None and job.sent_bytes == 0 and job.error_detail == "" and job.connecting_since is None
    assert played.response.timing is job.timing


def test_a_piece_is_read_when_it_is_wanted(stack: ScriptedStack) -> None:
    """Back pressure: nobody reads ahead."""
    source = Pieces(HEAD, b"a", b"b")
    job = job_of(stack, source)
    job.start(RecordedCompletion())
    stack.run_workers()
    states = [job.load_state]
    assert source.calls == ["open"]
    came: list[bytes | int] = []
    assert job.read(came.append) == ERR_IO_PENDING
    states.append(job.load_state)
    assert states == [LoadState.WAITING_FOR_RESPONSE, LoadState.READING_RESPONSE]
    stack.run_workers()
    assert came == [b"a"] and source.calls == ["open", "read"]
    job.close()
    stack.run_workers()
    assert source.calls == ["open", "read", "abort", "close"]


def test_a_body_that_is_there(stack: ScriptedStack) -> None:
    """It comes with the head, without another crossing."""
    played = Played(stack, job_of(stack, ReadyAnswer(lambda: SourceAnswer(200, "OK", (), 4, b"here"))))
    assert played.body == b"here" and played.response.head.headers.items() == [("Content-Length", "4")]
    assert played.response.head.content_length == 4
    played = Played(stack, job_of(stack, ReadyAnswer(lambda: SourceAnswer(200, "OK", (), 0, b""))))
    assert played.body == b"" and played.job.is_body_complete


@pytest.mark.parametrize("method, status, length", [("HEAD", 200, "5"), ("GET", 204, None), ("GET", 304, None)])
def test_answers_without_a_body(stack: ScriptedStack, method: str, status: int, length: str | None) -> None:
    """The source is asked for none, even if it has one."""
    for body in (None, b"12345"):
        source = Pieces(SourceAnswer(status, "", (), 5, body), b"12345")
        played = Played(stack, job_of(stack, source, method))
        assert played.result == OK and played.body == b""
        assert source.calls == ["open", "abort", "close"]
        assert played.response.head.headers.get("content-length") == length


@pytest.mark.parametrize(
    "pieces, result",
    [([b"abc", b"de"], OK), ([b"abc"], ERR_CONTENT_LENGTH_MISMATCH), ([b"abc", b"def"], ERR_CONTENT_LENGTH_MISMATCH)],
)
def test_the_length_holds(stack: ScriptedStack, pieces: list[bytes], result: int) -> None:
    """Neither less nor more than was announced."""
    source = Pieces(SourceAnswer(200, "OK", (), 5), *pieces)
    played = Played(stack, job_of(stack, source))
    assert played.read_result == result and bool(played.job.error_detail) == (result != OK)
    assert source.calls[-2:] == ["abort", "close"]


def test_failures_before_the_head(stack: ScriptedStack) -> None:
    source = Pieces(FileNotFoundError(2, "No such file"))
    played = Played(stack, job_of(stack, source))
    assert played.result == ERR_FILE_NOT_FOUND and played.job.error_detail == "No such file"
    assert source.calls == ["open", "abort", "close"] and played.job.response is None


def test_failures_in_the_body(stack: ScriptedStack) -> None:
    """What came before stays."""
    source = Pieces(HEAD, b"a", ValueError("odd"))
    played = Played(stack, job_of(stack, source))
    assert (played.body, played.read_result) == (b"a", ERR_FAILED) and "odd" in played.job.error_detail
    assert source.calls == ["open", "read", "read", "abort", "close"]


def test_what_makes_no_difference(stack: ScriptedStack) -> None:
    """Priorities; closing twice; workers that cannot close; a read after the end."""
    source = Pieces(HEAD)
    job = job_of(stack, source)
    job.set_priority(RequestPriority.HIGHEST)
    Played(stack, job)
    job.close()
    assert job.read(lambda _: None) == b""


# --- sources that are far away, and those that are made


def test_a_server_is_connected_to_first(stack: ScriptedStack) -> None:
    """The time until its answer counts as connecting."""
    source, witness = Pieces(HEAD, is_remote=True), Witness()
    job = job_of(stack, source, witness=witness)
    on_headers = RecordedCompletion()
    job.start(on_headers)
    assert job.connecting_since == 100.0 and job.load_state == LoadState.CONNECTING and not witness.events
    stack.run_workers()
    assert on_headers.result == OK and witness.events == ["connected", "sent"] and job.connecting_since is None
    job.close()
    stack.run_workers()


def test_a_lookup_is_a_part_of_connecting(stack: ScriptedStack) -> None:
    """One limit holds for both; when it has failed nothing is under way any more."""
    source = Pieces(ConnectionRefusedError(errno.ECONNREFUSED, "Refused"), is_remote=True)
    maker = LateSource(source)
    job = SourceJob(make_hop(stack), maker, stack.workers)
    on_headers = RecordedCompletion()
    job.start(on_headers)
    assert job.connecting_since == 100.0 and job.load_state == LoadState.RESOLVING_HOST
    stack.advance(1)
    maker.finish(OK)
    assert job.connecting_since == 100.0
    stack.run_workers()
    assert on_headers.result == ERR_CONNECTION_REFUSED and job.connecting_since is None
    job.close()
    stack.run_workers()


def test_a_source_that_takes_time_to_make(stack: ScriptedStack) -> None:
    source = Pieces(HEAD)
    maker: LateSource = LateSource(source)
    as_maker: SourceMaker = maker
    job = SourceJob(make_hop(stack), as_maker, stack.workers)
    on_headers = RecordedCompletion()
    assert job.start(on_headers) == ERR_IO_PENDING and job.load_state == LoadState.RESOLVING_HOST
    stack.run_workers()
    assert not source.calls
    maker.finish(OK)
    stack.run_workers()
    assert on_headers.result == OK
    job.close()
    stack.run_workers()


def test_a_source_that_cannot_be_made(stack: ScriptedStack) -> None:
    """At once or later; nothing is there to be closed."""
    maker = LateSource(None)
    job = SourceJob(make_hop(stack), maker, stack.workers)
    on_headers = RecordedCompletion()
    job.start(on_headers)
    maker.error_detail = "who?"
    maker.finish(ERR_NAME_NOT_RESOLVED)
    assert on_headers.result == ERR_NAME_NOT_RESOLVED and job.error_detail == "who?" and job.connecting_since is None
    job.close()

    class Failing(LateSource):
        def start(self, on_done: Completion) -> int:
            return ERR_FAILED

    job = SourceJob(make_hop(stack), Failing(None), stack.workers)
    assert job.start(on_headers) == ERR_FAILED
    job.close()
    assert not stack.workers.jobs


# --- closed in every state


def test_closed_before_it_is_started(stack: ScriptedStack) -> None:
    source = Pieces(HEAD)
    job_of(stack, source).close()
    stack.run_workers()
    assert not source.calls


def test_closed_while_the_source_is_made(stack: ScriptedStack) -> None:
    maker = LateSource(Pieces(HEAD))
    job = SourceJob(make_hop(stack), maker, stack.workers)
    job.start(RecordedCompletion())
    job.close()
    assert maker.is_cancelled and not stack.workers.jobs


@pytest.mark.parametrize("steps", [0, 1])
def test_closed_while_it_is_opened(stack: ScriptedStack, steps: int) -> None:
    """Before a worker takes it up, or when it has its reply on the way: nobody is called."""
    source, on_headers = Pieces(HEAD), RecordedCompletion()
    job = job_of(stack, source)
    job.start(on_headers)
    for _ in range(steps):
        stack.workers.run_next()
    job.close()
    stack.run_workers()
    assert not on_headers.is_called and source.calls == ["open"] * steps + ["abort", "close"]


@pytest.mark.parametrize("steps", [0, 1])
def test_closed_while_a_piece_is_read(stack: ScriptedStack, steps: int) -> None:
    source = Pieces(HEAD, b"a")
    job = job_of(stack, source)
    job.start(RecordedCompletion())
    stack.run_workers()
    came: list[bytes | int] = []
    job.read(came.append)
    for _ in range(steps):
        stack.workers.run_next()
    job.close()
    stack.run_workers()
    assert not came and source.calls == ["open"] + ["read"] * steps + ["abort", "close"]


@pytest.mark.parametrize("is_remote", [False, True])
@pytest.mark.parametrize("event", ["connected", "sent"])
def test_closed_by_who_is_told(stack: ScriptedStack, is_remote: bool, event: str) -> None:
    """An observer may cancel the request that tells it."""
    source, witness, on_headers = Pieces(HEAD, is_remote=is_remote), Witness(), RecordedCompletion()
    job = job_of(stack, source, witness=witness)

    def close(what: str) -> None:
        if what == event:
            job.close()

    witness.on_event = close
    assert job.start(on_headers) == ERR_IO_PENDING
    stack.run_workers()
    assert not on_headers.is_called and witness.events[-1] == event
    assert source.calls == (["open"] if is_remote else []) + ["abort", "close"]
