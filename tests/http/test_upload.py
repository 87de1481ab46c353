"""Bodies from bytes, files and iterables."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netstack_sync.base.net_errors import (
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_UPLOAD_FILE_CHANGED,
    ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED,
    OK,
)
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from netstack_sync.workers.read_ahead import BodySource
from tests.support.scripted_stack import ScriptedStack


def read_all(stack: ScriptedStack, upload: UploadStream) -> list[bytes | int]:
    """Reads to the end or to an error; every pending read is answered exactly once."""
    pieces: list[bytes | int] = []
    while True:
        answers: list[bytes | int] = []
        piece = upload.read(answers.append)
        if piece == ERR_IO_PENDING:
            assert answers == []
            stack.run_workers()
            (piece,) = answers
        else:
            assert answers == []
        pieces.append(piece)
        if isinstance(piece, int) or not piece:
            return pieces


def file_upload(stack: ScriptedStack, file: Any, size: int | None) -> WorkerUpload:
    return WorkerUpload(FileSource(file), size, stack.workers)


def iterable_upload(stack: ScriptedStack, pieces: Iterable[bytes], size: int | None = None) -> WorkerUpload:
    return WorkerUpload(IterableSource(pieces), size, stack.workers)


class Unseekable(io.BytesIO):
    """A pipe, say."""

    def seekable(self) -> bool:
        return False


class OnlyRead:
    """The least that has a read method."""

    def read(self, size: int) -> bytes:
        return b""


class TextFile:
    """A file that was opened in text mode."""

    def read(self, size: int) -> str:
        return "text"


def test_bytes_come_in_one_piece_and_again_after_a_rewind(stack: ScriptedStack) -> None:
    """A body in memory never waits; it can be sent as often as need be."""
    upload = BytesUpload(b"hello")
    assert upload.size == 5 and upload.error is None
    assert read_all(stack, upload) == [b"hello", b""]
    assert read_all(stack, upload) == [b""]
    assert upload.rewind() == OK
    assert read_all(stack, upload) == [b"hello", b""]
    upload.cancel()


def test_a_file_is_read_in_pieces(stack: ScriptedStack, tmp_path: Path) -> None:
    """From its present position, 256 KiB at a time, and it is not closed."""
    path = tmp_path / "body"
    path.write_bytes(b"skip" + b"x" * 300_000)
    with path.open("rb") as file:
        file.seek(4)
        upload = file_upload(stack, file, 300_000)
        assert [len(piece) for piece in read_all(stack, upload) if isinstance(piece, bytes)] == [262144, 37856, 0]
        assert upload.rewind() == OK
        assert read_all(stack, upload)[0] == b"x" * 262144
        assert not file.closed


def test_an_empty_file_needs_no_worker(stack: ScriptedStack) -> None:
    """Nothing to read, nothing to wait for."""
    assert read_all(stack, file_upload(stack, io.BytesIO(), 0)) == [b""]
    assert not stack.workers.jobs


def test_a_file_of_unknown_size_is_read_to_its_end(stack: ScriptedStack) -> None:
    """The end of the file ends the body."""
    assert read_all(stack, file_upload(stack, Unseekable(b"data"), None)) == [b"data", b""]
    assert read_all(stack, file_upload(stack, OnlyRead(), None)) == [b""]


def test_a_file_that_shrank_is_an_error(stack: ScriptedStack) -> None:
    """Row 174, UploadFileSmallerThanLength: the announced length cannot be kept any more."""
    assert read_all(stack, file_upload(stack, io.BytesIO(b"abc"), 5)) == [b"abc", ERR_UPLOAD_FILE_CHANGED]


def test_a_file_that_grew_is_cut(stack: ScriptedStack) -> None:
    """What is beyond the announced length would be read as the next request."""
    assert read_all(stack, file_upload(stack, io.BytesIO(b"abcdef"), 4)) == [b"abcd", b""]


def test_what_cannot_go_back_can_be_rewound_only_unread(stack: ScriptedStack) -> None:
    """An unread body may still be sent; a consumed one is gone."""
    for upload in (
        file_upload(stack, Unseekable(b"abc"), 3),
        file_upload(stack, OnlyRead(), None),
        iterable_upload(stack, iter([b"abc"])),
    ):
        assert upload.rewind() == OK
        upload.read(lambda _: None)
        assert upload.rewind() == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
        upload.cancel()


def test_an_iterable_skips_empty_pieces_and_can_be_iterated_again(stack: ScriptedStack) -> None:
    """An empty piece means the end, so it is passed over; a list starts anew."""
    upload = iterable_upload(stack, [b"", b"ab", b"", b"c", b""])
    assert upload.size is None
    assert read_all(stack, upload) == [b"abc", b""]
    assert upload.rewind() == OK
    assert read_all(stack, upload) == [b"abc", b""]


def test_an_iterator_is_read_once(stack: ScriptedStack) -> None:
    """What a generator gives at once goes together, all kinds of bytes."""

    def generate() -> Iterator[Any]:
        yield b"a"
        yield bytearray(b"b")
        yield memoryview(b"c")

    upload = iterable_upload(stack, generate())
    assert read_all(stack, upload) == [b"abc", b""]


@pytest.mark.parametrize("size", [4, 2])
def test_an_iterable_must_keep_the_announced_size(stack: ScriptedStack, size: int) -> None:
    """Too short is an error, what is too much is not sent."""
    expected: list[bytes | int] = [b"abc", ERR_UPLOAD_FILE_CHANGED] if size == 4 else [b"ab", b""]
    assert read_all(stack, iterable_upload(stack, [b"abc"], size)) == expected


def test_an_error_of_the_users_iterator_is_kept(stack: ScriptedStack) -> None:
    """Row 145: the read fails, and what was raised can be raised again where the user called."""
    error = KeyboardInterrupt("user")

    def generate() -> Iterator[bytes]:
        yield b"a"
        raise error

    upload = iterable_upload(stack, generate())
    assert read_all(stack, upload) == [b"a", ERR_FAILED]
    assert upload.error is error
    assert read_all(stack, upload) == [ERR_FAILED]


def test_text_is_refused(stack: ScriptedStack) -> None:
    """With an error that says what to do."""
    upload = file_upload(stack, TextFile(), None)
    assert read_all(stack, upload) == [ERR_FAILED]
    assert isinstance(upload.error, TypeError) and "binary mode" in str(upload.error)


@pytest.mark.parametrize("has_run", [False, True], ids=["before the worker", "after the worker"])
def test_a_cancelled_read_is_never_answered(stack: ScriptedStack, has_run: bool) -> None:
    """Also when the worker is through and its reply is on the way."""
    answers: list[bytes | int] = []
    upload = iterable_upload(stack, [b"ab"])
    upload.read(answers.append)
    if has_run:
        stack.workers.run_next()
    upload.cancel()
    upload.cancel()
    stack.run_workers()
    assert answers == []


def test_a_rewind_drops_a_pending_read(stack: ScriptedStack) -> None:
    """The piece of the abandoned attempt does not reach the next one."""
    answers: list[bytes | int] = []
    upload = iterable_upload(stack, [b"ab", b"c"])
    assert not upload.is_pending
    upload.read(answers.append)
    assert upload.is_pending
    stack.workers.run_next()
    assert upload.rewind() == OK
    assert read_all(stack, upload) == [b"abc", b""]
    assert answers == []


def test_a_read_that_was_given_up_is_over_before_the_next_begins(stack: ScriptedStack) -> None:
    """Two threads in one file would each take away what the other one is to send."""
    is_reading, go_on = threading.Event(), threading.Event()
    log: list[str] = []

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            is_reading.set()
            assert go_on.wait(20.0)
            log.append("read")
            return super().read(size)

        def seek(self, offset: int, whence: int = 0) -> int:
            log.append("seek")
            return super().seek(offset, whence)

    upload = file_upload(stack, Slow(b"abc"), 3)
    threads = []
    for _ in range(3):
        upload.read(lambda _: None)
        threads.append(threading.Thread(target=stack.workers.run_next))
        threads[-1].start()
        assert is_reading.wait(20.0)
        assert upload.rewind() == OK
    answers: list[bytes | int] = []
    upload.read(answers.append)
    threads.append(threading.Thread(target=stack.workers.run_next))
    threads[-1].start()
    go_on.set()
    for thread in threads:
        thread.join(20.0)
    stack.run_workers()
    assert answers == [b"abc"] and log == ["seek", "read", "seek", "read"]


def test_each_upload_begins_at_the_beginning(stack: ScriptedStack) -> None:
    """One request may be sent again as another, wherever the first has stopped."""
    sources: list[BodySource] = [FileSource(io.BytesIO(b"abc")), IterableSource([b"abc"])]
    for source in sources * 2:
        assert read_all(stack, WorkerUpload(source, 3, stack.workers)) == [b"abc", b""]


@pytest.mark.parametrize("is_file", [True, False])
def test_what_was_read_and_cannot_go_back_says_so(is_file: bool, stack: ScriptedStack) -> None:
    """An upload that was never read takes nothing away from the next one."""
    source: BodySource = FileSource(Unseekable(b"abc")) if is_file else IterableSource(iter([b"abc"]))
    WorkerUpload(source, 3, stack.workers).cancel()
    assert read_all(stack, WorkerUpload(source, 3, stack.workers)) == [b"abc", b""]
    late = WorkerUpload(source, 3, stack.workers)
    assert read_all(stack, late) == [ERR_FAILED]
    assert isinstance(late.error, ValueError) and "sent before and cannot be read again" in str(late.error)


def test_rewinding_happens_on_the_worker(stack: ScriptedStack) -> None:
    """seek() may block, and may fail."""

    class Broken(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            if self.tell():
                raise OSError("no way back")
            return super().seek(offset, whence)

    upload = file_upload(stack, Broken(b"abc"), 3)
    assert read_all(stack, upload) == [b"abc", b""]
    assert upload.rewind() == OK
    assert read_all(stack, upload) == [ERR_FAILED]
    assert isinstance(upload.error, OSError)


def test_an_error_belongs_to_its_attempt(stack: ScriptedStack) -> None:
    """What is sent again from the beginning may go well."""
    errors = [OSError("for once")]

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            if errors:
                raise errors.pop()

    upload = iterable_upload(stack, Pieces())
    assert read_all(stack, upload) == [b"a", ERR_FAILED]
    assert upload.rewind() == OK and upload.error is None
    assert read_all(stack, upload) == [b"a", b""]


def test_what_a_slow_iterator_gives_leaves_at_once(stack: ScriptedStack) -> None:
    """Also while its worker waits for the next piece; and that comes in the same job."""
    is_waiting, go_on = threading.Event(), threading.Event()

    def generate() -> Iterator[bytes]:
        yield b"first"
        is_waiting.set()
        assert go_on.wait(20.0)
        yield b"second"

    answers: list[bytes | int] = []
    upload = iterable_upload(stack, generate())
    assert upload.read(answers.append) == ERR_IO_PENDING
    worker = threading.Thread(target=stack.workers.run_next)
    worker.start()
    assert is_waiting.wait(20.0)
    stack.run()
    assert answers == [b"first"] and not upload.is_pending
    assert upload.read(answers.append) == ERR_IO_PENDING and not stack.workers.jobs
    go_on.set()
    worker.join(20.0)
    stack.run()
    assert answers == [b"first", b"second"] and read_all(stack, upload) == [b""]


def test_a_job_reads_much_and_the_next_one_goes_on(stack: ScriptedStack) -> None:
    """Few crossings for a large body; a piece that is large already is passed on as it is."""
    piece = b"x" * 65536
    upload = iterable_upload(stack, [piece] * 33, size=33 * 65536)
    jobs = 0
    for _ in range(33):
        answers: list[bytes | int] = []
        data = upload.read(answers.append)
        if data == ERR_IO_PENDING:
            jobs += len(stack.workers.jobs)
            stack.run_workers()
            (data,) = answers
        assert data is piece
    assert jobs == 3 and upload.read(answers.append) == b""


def test_a_reply_that_finds_nothing_new_asks_for_more(stack: ScriptedStack) -> None:
    """All that a job has read was taken before its reply came."""
    answers: list[bytes | int] = []
    upload = iterable_upload(stack, [b"x" * 1_048_576, b"y"])
    assert upload.read(answers.append) == ERR_IO_PENDING
    stack.workers.run_next()
    stack.thread.task_runner.post_task(lambda: answers.append(upload.read(answers.append)))
    stack.run_workers()
    assert answers == [b"x" * 1_048_576, ERR_IO_PENDING, b"y"]


def test_a_system_without_threads_is_an_error(stack: ScriptedStack) -> None:
    """Nobody waits for ever."""
    answers: list[bytes | int] = []
    error = RuntimeError("can't start new thread")
    upload = iterable_upload(stack, [b"a"])
    assert upload.read(answers.append) == ERR_IO_PENDING
    stack.workers.jobs.popleft().fail(error)
    stack.run()
    assert answers == [ERR_FAILED] and upload.error is error
