"""A request head and its body, as they are written to a socket."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from netstack_sync.base.net_errors import (
    ERR_CONNECTION_RESET,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_UPLOAD_FILE_CHANGED,
    OK,
)
from netstack_sync.http.request_sender import MERGE_LIMIT_BYTES, RequestSender, should_merge
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from netstack_sync.loop.completion import Completion
from tests.support.loops import RecordedCompletion
from tests.support.scripted_socket import ScriptedSocket, Step, Write, each_step_failing, one_byte_at_a_time
from tests.support.scripted_stack import ScriptedStack

HEAD = b"POST / HTTP/1.1\r\n\r\n"


def send(
    stack: ScriptedStack, steps: list[Step], upload: UploadStream | None = None
) -> tuple[int, RequestSender, ScriptedSocket]:
    """Sends over a socket with this script; the result comes exactly once."""
    socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
    sender = RequestSender(socket, HEAD, upload)
    done = RecordedCompletion()
    result = sender.send(done)
    stack.run_workers()
    assert done.is_called == (result == ERR_IO_PENDING)
    assert not socket.problems and not sender.is_pending
    result = done.result if done.is_called else result
    assert sender.error == OK or result == OK, "the server may have answered"
    return result or sender.error, sender, socket


def from_file(stack: ScriptedStack, data: bytes, size: int | None) -> WorkerUpload:
    return WorkerUpload(FileSource(io.BytesIO(data)), size, stack.workers)


def from_pieces(stack: ScriptedStack, *pieces: bytes) -> WorkerUpload:
    return WorkerUpload(IterableSource(pieces), None, stack.workers)


def test_a_head_alone(stack: ScriptedStack) -> None:
    """Row 147, NoBody, and row 148: one write, counted."""
    result, sender, socket = send(stack, [Write(HEAD)])
    assert result == OK and socket.is_done and sender.sent_bytes == len(HEAD)


def test_a_head_in_pieces(stack: ScriptedStack) -> None:
    """A socket may take as little as it likes."""
    result, sender, socket = send(stack, one_byte_at_a_time([Write(HEAD)]))
    assert result == OK and socket.written == HEAD and sender.sent_bytes == len(HEAD)


def test_a_small_body_in_memory_shares_the_write(stack: ScriptedStack) -> None:
    """Row 147, SmallBodyInMemory."""
    result, sender, socket = send(stack, [Write(HEAD + b"hello")], BytesUpload(b"hello"))
    assert result == OK and socket.is_done and sender.sent_bytes == len(HEAD) + 5


@pytest.mark.parametrize("pieces", [1, 2], ids=["whole", "one byte a write"])
def test_a_large_body_in_memory_comes_after_the_head(stack: ScriptedStack, pieces: int) -> None:
    """Row 147, LargeBodyInMemory: two writes, nothing copied together."""
    body = b"x" * MERGE_LIMIT_BYTES
    steps: list[Step] = [Write(HEAD), Write(body)]
    result, sender, socket = send(stack, steps if pieces == 1 else one_byte_at_a_time(steps), BytesUpload(body))
    assert result == OK and socket.is_done and sender.sent_bytes == len(HEAD) + len(body)


def test_an_empty_body_in_memory(stack: ScriptedStack) -> None:
    """Row 147, EmptyBody: only the head is written."""
    result, _, socket = send(stack, [Write(HEAD)], BytesUpload(b""))
    assert result == OK and socket.is_done


def test_a_file_comes_after_the_head(stack: ScriptedStack) -> None:
    """Row 147, FileBody: the head does not wait for the file."""
    result, _, socket = send(stack, [Write(HEAD), Write(b"file")], from_file(stack, b"file", 4))
    assert result == OK and socket.is_done


def test_an_empty_file(stack: ScriptedStack) -> None:
    """No write of nothing."""
    result, _, socket = send(stack, [Write(HEAD)], from_file(stack, b"", 0))
    assert result == OK and socket.is_done


def test_every_piece_of_unknown_size_becomes_a_chunk(stack: ScriptedStack) -> None:
    """Rows 146, 148, SentBytesChunkedPostBody, and 149: hexadecimal size, data, and the last chunk at the end."""
    large, rest = b"y" * 0x11F40, b"abc"
    chunks = (b"11f40\r\n" + large + b"\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n")
    steps: list[Step] = [Write(HEAD), *map(Write, chunks)]
    result, sender, socket = send(stack, steps, from_pieces(stack, large, rest))
    assert result == OK and socket.is_done and sender.sent_bytes == len(socket.written)


def test_an_empty_body_of_unknown_size(stack: ScriptedStack) -> None:
    """Row 149, EmptyChunkedUpload: only the last chunk."""
    result, _, socket = send(stack, [Write(HEAD), Write(b"0\r\n\r\n")], from_pieces(stack))
    assert result == OK and socket.is_done


def test_a_body_in_memory_whose_size_is_hidden_is_not_merged(stack: ScriptedStack) -> None:
    """Row 147, ChunkedBody: it is sent in chunks, so head and body stay apart."""
    upload = BytesUpload(b"abc")
    upload.size = None
    result, _, socket = send(stack, [Write(HEAD), Write(b"3\r\nabc\r\n"), Write(b"0\r\n\r\n")], upload)
    assert result == OK and socket.is_done


def test_a_failing_source_ends_the_sending(stack: ScriptedStack) -> None:
    """Row 145, DataReadErrorAsynchronous: the upload's error is the result."""
    result, sender, _ = send(stack, [Write(HEAD), Write(b"abc")], from_file(stack, b"abc", 4))
    assert result == ERR_UPLOAD_FILE_CHANGED and sender.sent_bytes == len(HEAD) + 3


def test_a_source_that_fails_at_once_ends_the_sending(stack: ScriptedStack) -> None:
    """Row 145, DataReadErrorSynchronous."""

    class Failing(BytesUpload):
        __slots__ = ()

        def read(self, on_data: object) -> bytes | int:
            return ERR_FAILED

    result, sender, _ = send(stack, [Write(HEAD)], Failing(b"x" * MERGE_LIMIT_BYTES))
    assert result == ERR_FAILED and sender.sent_bytes == len(HEAD)


def test_a_source_that_fails_later_ends_the_sending(stack: ScriptedStack) -> None:
    """Row 145, DataReadErrorAsynchronous, of a piece that was waited for."""

    class Failing(BytesUpload):
        __slots__ = ()

        def read(self, on_data: Callable[[bytes | int], None]) -> bytes | int:
            stack.thread.post(lambda: on_data(ERR_FAILED))
            return ERR_IO_PENDING

    result, sender, _ = send(stack, [Write(HEAD)], Failing(b"x" * MERGE_LIMIT_BYTES))
    assert result == ERR_FAILED and sender.sent_bytes == len(HEAD)


@pytest.mark.parametrize("kind", ["none", "merged", "large", "file", "chunked"])
def test_any_write_may_fail(stack: ScriptedStack, kind: str) -> None:
    """Row 182, HttpSyncWriteError and HttpAsyncWriteError: told exactly once; what was sent before is counted."""
    large = b"z" * MERGE_LIMIT_BYTES
    bodies: dict[str, tuple[list[Step], UploadStream | None]] = {
        "none": ([Write(HEAD)], None),
        "merged": ([Write(HEAD), Write(b"ab")], BytesUpload(b"ab")),
        "large": ([Write(HEAD), Write(large[:7]), Write(large[7:])], BytesUpload(large)),
        "file": ([Write(HEAD), Write(b"ab"), Write(b"c")], from_file(stack, b"abc", 3)),
        "chunked": ([Write(HEAD), Write(b"1\r\na\r\n"), Write(b"0\r\n\r\n")], from_pieces(stack, b"a")),
    }
    steps, upload = bodies[kind]
    for script in each_step_failing(steps):
        if upload is not None:
            assert upload.rewind() == OK
        result, sender, socket = send(stack, script, upload)
        assert result == ERR_CONNECTION_RESET and sender.sent_bytes == len(socket.written)


def test_a_head_that_breaks_off(stack: ScriptedStack) -> None:
    """The error after a part of the head is the result."""
    result, sender, _ = send(stack, [Write(HEAD[:4]), Write(ERR_CONNECTION_RESET)])
    assert result == ERR_CONNECTION_RESET and sender.sent_bytes == 4


def test_cancelled_while_the_socket_is_full(stack: ScriptedStack) -> None:
    """No callback, and the upload is cancelled as well."""
    socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, [Write(HEAD)], True)
    sender = RequestSender(socket, HEAD, None)
    done = RecordedCompletion()
    assert sender.send(done) == ERR_IO_PENDING
    sender.cancel()
    socket.cancel_notify()
    sender.cancel()
    stack.run()
    assert not done.is_called


def test_cancelled_while_the_file_is_read(stack: ScriptedStack) -> None:
    """The worker's piece is dropped."""
    socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, [Write(HEAD)], stack.is_async)
    sender = RequestSender(socket, HEAD, from_file(stack, b"abc", 3))
    done = RecordedCompletion()
    assert sender.send(done) == ERR_IO_PENDING
    stack.run()
    stack.workers.run_next()
    sender.cancel()
    stack.run_workers()
    assert not done.is_called and socket.is_done


def test_once_all_is_sent_the_upload_is_left_alone(stack: ScriptedStack) -> None:
    """After a 307 the next hop reads the same upload while this hop's body is still being drained."""
    upload = from_file(stack, b"abc", 3)
    _, sender, _ = send(stack, [Write(HEAD), Write(b"abc")], upload)
    assert upload.rewind() == OK
    pieces: list[bytes | int] = []
    assert upload.read(pieces.append) == ERR_IO_PENDING
    sender.cancel()
    stack.run_workers()
    assert pieces == [b"abc"]


@pytest.mark.parametrize(
    "size, merges",
    [(0, False), (1, True), (MERGE_LIMIT_BYTES - len(HEAD), True), (MERGE_LIMIT_BYTES - len(HEAD) + 1, False)],
)
def test_what_fits_one_packet_is_merged(size: int, merges: bool) -> None:
    """Row 147: up to 1400 bytes together, and only if there is a body."""
    assert should_merge(len(HEAD), BytesUpload(b"x" * size)) is merges


def test_files_and_iterators_are_not_merged(stack: ScriptedStack) -> None:
    """Row 147, FileBody and ChunkedBody: they would have to be waited for."""
    assert not should_merge(len(HEAD), from_file(stack, b"abc", 3))
    assert not should_merge(len(HEAD), from_pieces(stack, b"abc"))


class Hold:
    """Holds a body back until the test lets it go."""

    def __init__(self) -> None:
        self.on_done: Completion | None = None

    def __call__(self, on_done: Completion) -> int:
        self.on_done = on_done
        return ERR_IO_PENDING


def held(
    stack: ScriptedStack, steps: list[Step], upload: UploadStream
) -> tuple[RequestSender, Hold, RecordedCompletion]:
    """A sender whose head has left."""
    socket = ScriptedSocket(stack.thread.task_runner, stack.net_log, steps, stack.is_async)
    hold, done = Hold(), RecordedCompletion()
    sender = RequestSender(socket, HEAD, upload, hold)
    assert sender.send(done) == ERR_IO_PENDING
    stack.run_workers()
    assert hold.on_done is not None and socket.written == HEAD and not done.is_called
    return sender, hold, done


@pytest.mark.parametrize("kind", ["small", "file", "chunked"])
def test_a_body_that_is_held_back_follows_later(stack: ScriptedStack, kind: str) -> None:
    """Row 152, ContinueWithBody: also a small one, which otherwise shares the head's packet."""
    bodies: dict[str, tuple[list[Step], UploadStream]] = {
        "small": ([Write(b"abc")], BytesUpload(b"abc")),
        "file": ([Write(b"abc")], from_file(stack, b"abc", 3)),
        "chunked": ([Write(b"3\r\nabc\r\n"), Write(b"0\r\n\r\n")], from_pieces(stack, b"abc")),
    }
    steps, upload = bodies[kind]
    sender, hold, done = held(stack, [Write(HEAD), *steps], upload)
    assert hold.on_done is not None
    hold.on_done(OK)
    stack.run_workers()
    assert done.result == OK and not sender.is_body_withheld


@pytest.mark.parametrize("result, is_withheld", [(OK, True), (ERR_CONNECTION_RESET, True), (ERR_FAILED, False)])
def test_a_hold_may_end_without_the_body(stack: ScriptedStack, result: int, is_withheld: bool) -> None:
    """It is superfluous, or cannot be sent any more; nothing is read of it."""
    sender, hold, done = held(stack, [Write(HEAD)], from_file(stack, b"abc", 3))
    if is_withheld:
        sender.withhold_body()
    assert hold.on_done is not None
    hold.on_done(result)
    assert (done.result or sender.error) == result and sender.is_body_withheld is is_withheld and not stack.workers.jobs


def test_cancelled_while_the_body_is_held_back(stack: ScriptedStack) -> None:
    sender, _, done = held(stack, [Write(HEAD)], BytesUpload(b"abc"))
    sender.cancel()
    stack.run()
    assert not done.is_called


def test_a_body_that_tells_how_far_it_is_goes_in_pieces() -> None:
    """Row 147: its end must be seen."""

    class Told(BytesUpload):
        __slots__ = ()

    assert not should_merge(len(HEAD), Told(b"abc"))
