"""Uploads that tell how much of them has been sent."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from netstack_sync.base.clock import ManualClock
from netstack_sync.base.net_errors import ERR_FAILED, ERR_IO_PENDING, ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED, OK
from netstack_sync.fetcher.upload_meter import PROGRESS_S, metered
from netstack_sync.http.upload import BytesUpload, FileSource, IterableSource, UploadStream, WorkerUpload
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers

PIECE = 256 * 1024


@pytest.fixture
def driver() -> Iterator[LoopDriver]:
    with driven_loop() as driver:
        yield driver


class Sent:
    """Sends an upload as a RequestSender does; `step_s` pass with each piece."""

    def __init__(self, driver: LoopDriver, step_s: float = 0.0) -> None:
        self.driver = driver
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.clock = ManualClock()
        self.step_s = step_s
        self.told: list[tuple[int, int | None]] = []
        self.sent_bytes = 0

    def meter(self, upload: UploadStream) -> UploadStream:
        return metered(upload, self._on_progress, self.clock)

    def _on_progress(self, sent: int, total: int | None) -> None:
        assert sent <= self.sent_bytes, "never more than has been taken"
        self.told.append((sent, total))

    def send(self, upload: UploadStream, pieces: int = 1000) -> bytes | int:
        """At most so many pieces."""
        body = b""
        self.sent_bytes = max(self.sent_bytes, 0)
        for _ in range(pieces):
            answers: list[bytes | int] = []
            piece = upload.read(answers.append)
            assert upload.is_pending == bool(self.workers.jobs) == (piece == ERR_IO_PENDING)
            if piece == ERR_IO_PENDING:
                self.workers.run_next()
                self.driver.run_until_idle()
                (piece,) = answers
            if isinstance(piece, int):
                return piece
            if not piece:
                break
            body += piece
            self.sent_bytes = max(self.sent_bytes, len(body))
            self.clock.advance(self.step_s)
        return body


def uploads(sent: Sent, data: bytes) -> list[tuple[UploadStream, int | None]]:
    pieces = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
    return [
        (BytesUpload(data), len(data)),
        (WorkerUpload(FileSource(io.BytesIO(data)), len(data), sent.workers), len(data)),
        (WorkerUpload(IterableSource(pieces), None, sent.workers), None),
    ]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["bytes", "file", "iterable"])
def test_each_piece_is_told_when_the_next_is_asked_for(driver: LoopDriver, kind: int) -> None:
    """Row 246, UploadProgress: from nothing to all, upwards, never ahead; of chunks the end tells the total."""
    sent, size = Sent(driver, PROGRESS_S), 2 * PIECE + 5
    upload, total = uploads(sent, b"x" * size)[kind]
    meter = sent.meter(upload)
    assert sent.told == [(0, total)] and meter.size == total and not meter.is_pending
    assert sent.send(meter) == b"x" * size
    end = [(size, size)] if total is not None else [(size, None), (size, size)]
    assert sent.told == [(0, total), (PIECE, total), (2 * PIECE, total), *end]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["bytes", "file", "iterable"])
def test_what_is_fast_is_told_twice(driver: LoopDriver, kind: int) -> None:
    """Beginning and end, and nothing that is less than PROGRESS_S away from the last."""
    sent, size = Sent(driver, PROGRESS_S / 100), 5 * PIECE
    upload, total = uploads(sent, b"x" * size)[kind]
    sent.send(sent.meter(upload))
    assert sent.told == [(0, total), (size, size)]


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["bytes", "file", "iterable"])
def test_it_never_goes_back(driver: LoopDriver, kind: int) -> None:
    """Also when the body is sent again from its beginning: only what is more than before is told."""
    sent, size = Sent(driver, PROGRESS_S), 3 * PIECE
    upload, total = uploads(sent, b"x" * size)[kind]
    meter = sent.meter(upload)
    sent.send(meter, pieces=2)
    assert sent.told == [(0, total), (PIECE, total)]
    assert meter.rewind() == OK
    assert sent.send(meter) == b"x" * size
    end = [(2 * PIECE, total), (size, size)]
    assert [told for told in sent.told[2:] if told != (size, None)] == end
    assert meter.rewind() == OK
    count = len(sent.told)
    sent.send(meter)
    assert len(sent.told) == count


def test_a_shorter_second_time_is_not_told(driver: LoopDriver) -> None:
    """The total of chunks may be another one."""
    sent, left = Sent(driver, PROGRESS_S), [b"x" * 5, b"x" * 3]

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            return iter([left.pop(0)])

    meter = sent.meter(WorkerUpload(IterableSource(Pieces()), None, sent.workers))
    assert sent.send(meter) == b"x" * 5
    assert meter.rewind() == OK
    assert sent.send(meter) == b"x" * 3
    assert sent.told == [(0, None), (5, None), (5, 5)]


def test_an_empty_body_is_told_once(driver: LoopDriver) -> None:
    sent = Sent(driver)
    assert sent.send(sent.meter(BytesUpload(b""))) == b""
    assert sent.told == [(0, 0)]


def test_a_body_in_memory_is_still_one(driver: LoopDriver) -> None:
    """Whoever has to sign it can."""
    meter = Sent(driver).meter(BytesUpload(b"abc"))
    assert isinstance(meter, BytesUpload) and meter.data == b"abc"


def test_errors_and_the_end_of_a_source_go_through(driver: LoopDriver) -> None:
    sent = Sent(driver)

    def broken() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError

    meter = sent.meter(WorkerUpload(IterableSource(broken()), None, sent.workers))
    assert meter.error is None
    assert sent.send(meter) == ERR_FAILED
    assert isinstance(meter.error, ZeroDivisionError)
    assert meter.rewind() == ERR_UPLOAD_STREAM_REWIND_NOT_SUPPORTED
    assert sent.told == [(0, None)]


def test_a_cancelled_read_is_never_answered(driver: LoopDriver) -> None:
    sent = Sent(driver)
    meter = sent.meter(WorkerUpload(IterableSource([b"a"]), None, sent.workers))
    answers: list[bytes | int] = []
    assert meter.read(answers.append) == ERR_IO_PENDING and meter.is_pending
    meter.cancel()
    sent.workers.run_next()
    driver.run_until_idle()
    assert not answers and not meter.is_pending
