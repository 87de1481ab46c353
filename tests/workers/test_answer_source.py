"""Who calls a source, and who closes it."""

from __future__ import annotations

import threading

import pytest

from netstack_sync.base.exceptions import ConnectionRefused
from netstack_sync.base.net_errors import (
    ERR_ABORTED,
    ERR_CONNECTION_REFUSED,
    ERR_FAILED,
    ERR_FILE_NOT_FOUND,
    ERR_TIMED_OUT,
    ERR_UNSAFE_PORT,
)
from netstack_sync.workers.answer_source import (
    AnswerSource,
    ReadyAnswer,
    SourceAnswer,
    SourceError,
    SourceReader,
    failure_of,
)

HEAD = SourceAnswer(200, "OK", (), None)
LIMIT_S = 20.0


class Recorded:
    """A source that notes its calls; a call waits while `gate` is taken."""

    is_remote = False
    has_effects = False

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.is_called = threading.Event()
        self.failure: Exception | None = None

    def open(self) -> SourceAnswer:
        self._note("open")
        return HEAD

    def read_piece(self) -> bytes:
        self._note("read")
        return b"piece"

    def abort(self, is_busy: bool) -> None:
        self.calls.append("abort busy" if is_busy else "abort")

    def close(self) -> None:
        self.calls.append("close")

    def _note(self, name: str) -> None:
        self.calls.append(name)
        self.is_called.set()
        assert self.gate.wait(LIMIT_S)
        if self.failure is not None:
            raise self.failure


def test_calls_go_through() -> None:
    """One after another; the owner closes what is idle."""
    source = Recorded()
    reader = SourceReader(source)
    assert reader.open() is HEAD and reader.read_piece() == b"piece"
    assert reader.abandon()
    assert source.calls == ["open", "read", "abort"]


def test_nothing_is_called_once_it_is_abandoned() -> None:
    """A worker may have been about to."""
    source = Recorded()
    reader = SourceReader(source)
    assert reader.abandon()
    for call in (reader.open, reader.read_piece):
        with pytest.raises(SourceError) as caught:
            call()
        assert caught.value.net_error == ERR_ABORTED
    assert source.calls == ["abort"]


@pytest.mark.parametrize("failure", [None, OSError("x")])
def test_a_worker_that_is_busy_closes(failure: Exception | None) -> None:
    """Nobody else may touch the source before the call is over, whichever way it ends."""
    source = Recorded()
    source.failure = failure
    source.gate.clear()
    reader = SourceReader(source)
    ended: list[object] = []

    def call() -> None:
        try:
            ended.append(reader.open())
        except OSError as error:
            ended.append(error)

    worker = threading.Thread(target=call)
    worker.start()
    assert source.is_called.wait(LIMIT_S)
    assert not reader.abandon()
    assert source.calls == ["open", "abort busy"]
    source.gate.set()
    worker.join(LIMIT_S)
    assert source.calls == ["open", "abort busy", "close"] and ended == [failure or HEAD]


def test_an_answer_that_is_there() -> None:
    """All of it comes with the head."""
    answer = SourceAnswer(200, "OK", (), 2, b"ab")
    source: AnswerSource = ReadyAnswer(lambda: answer)
    assert source.open() is answer and source.read_piece() == b""
    assert not source.is_remote and not source.has_effects
    source.abort(is_busy=True)
    source.close()


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def raised_deeper(error: BaseException) -> BaseException:
    def fail() -> None:
        raise error

    try:
        fail()
    except BaseException as caught:
        return caught
    raise AssertionError


@pytest.mark.parametrize(
    "error, net_error, words",
    [
        (SourceError(ERR_UNSAFE_PORT, "why"), ERR_UNSAFE_PORT, "why"),
        (ConnectionRefused(ERR_CONNECTION_REFUSED, "who"), ERR_CONNECTION_REFUSED, "who"),
        (TimeoutError("slow"), ERR_TIMED_OUT, "slow"),
        (FileNotFoundError(2, "No such file"), ERR_FILE_NOT_FOUND, "No such file"),
        (FileNotFoundError(2, "No such file", "x"), ERR_FILE_NOT_FOUND, "No such file: x"),
        (OSError("odd"), ERR_FAILED, "odd"),
        (BlockingIOError(11, "again"), ERR_FAILED, "again"),
    ],
)
def test_failures(error: BaseException, net_error: int, words: str) -> None:
    """A failure is never OK, and never still to come."""
    assert failure_of(raised(error)) == (net_error, words)


def test_failures_of_other_code_say_where() -> None:
    """The text is all that the caller will see of them."""
    net_error, words = failure_of(raised_deeper(KeyError("x")))
    assert net_error == ERR_FAILED and words.startswith("KeyError: 'x' (") and "test_answer_source.py, line " in words
    assert failure_of(KeyError("x"))[1] == "KeyError: 'x'"
