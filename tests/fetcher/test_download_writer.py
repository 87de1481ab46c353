"""Batches on their way from the network thread to a worker."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync.fetcher.download_writer import BATCH_BYTES, HIGH_WATER_BYTES, DownloadWriter
from netstack_sync.workers.gaps import Gap
from netstack_sync.workers.part_file import PartFile
from netstack_sync.workers.part_record import PartRecord
from tests.support.download_site import fill_disk
from tests.support.loops import LoopDriver, driven_loop
from tests.support.workers import ScriptedWorkers


class Scene:
    """A writer whose worker works when it is told to."""

    def __init__(self, driver: LoopDriver, path: Path) -> None:
        self.driver = driver
        self.path = path
        self.workers = ScriptedWorkers(driver.loop.task_runner)
        self.replies: list[BaseException | None] = []
        self.part = PartFile(str(path), may_replace=False)
        self.writer = DownloadWriter(self.part, self.workers, driver.loop.timers, self)
        self.writer.run(lambda: self.part.begin(None))
        self.work()

    def on_idle(self, error: BaseException | None) -> None:
        self.replies.append(error)

    def work(self) -> None:
        """The worker does the next piece of work."""
        self.workers.run_next()
        self.driver.run_until_idle()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with driven_loop() as driver:
        yield Scene(driver, tmp_path / "f")


def test_a_full_batch_is_handed_over_at_once(scene: Scene) -> None:
    """What comes meanwhile is the next one, however much it is."""
    writer = scene.writer
    writer.add(0, b"a" * (BATCH_BYTES - 1))
    assert writer.is_idle and writer.pending_bytes == BATCH_BYTES - 1
    writer.add(0, b"b")
    assert not writer.is_idle and writer.pending_bytes == 0
    writer.add(0, b"c" * 2 * BATCH_BYTES)
    scene.work()
    assert writer.is_idle and scene.part.size == BATCH_BYTES
    writer.maybe_flush()
    scene.work()
    assert (scene.part.size, scene.replies) == (3 * BATCH_BYTES, [None] * 3)


def test_a_batch_that_fills_slowly_is_handed_over_after_a_second(scene: Scene) -> None:
    """Counted from its first piece; also from one that came while the worker had the file."""
    writer = scene.writer
    writer.add(0, b"a")
    scene.driver.advance(0.5)
    writer.add(0, b"b")
    scene.driver.advance(0.4)
    assert writer.is_idle
    scene.driver.advance(0.2)
    assert not writer.is_idle
    writer.add(0, b"c")
    scene.driver.advance(2.0)
    scene.work()
    assert scene.part.size == 2 and writer.is_idle
    writer.maybe_flush()
    scene.driver.advance(1.1)
    scene.work()
    assert scene.part.size == 3
    writer.maybe_flush()
    scene.driver.advance(5.0)
    assert writer.is_idle


def test_a_slow_disk_fills_the_writer(scene: Scene) -> None:
    writer = scene.writer
    writer.flush()
    writer.add(0, b"a" * (HIGH_WATER_BYTES - 1))
    assert not writer.is_full
    writer.add(0, b"a")
    assert writer.is_full
    scene.work()
    writer.maybe_flush()
    assert not writer.is_full


def test_the_end_takes_the_last_pieces_along(scene: Scene) -> None:
    scene.writer.add(0, b"abc")
    scene.writer.finish()
    scene.work()
    assert scene.path.read_bytes() == b"abc" and scene.replies == [None, None]
    scene.driver.advance(5.0)
    assert scene.writer.is_idle


@pytest.mark.parametrize("is_busy", [False, True])
def test_a_new_beginning_waits_for_what_is_under_way(is_busy: bool, scene: Scene) -> None:
    """What was added before it belongs to what is thrown away."""
    writer, log = scene.writer, []
    if is_busy:
        writer.run(lambda: log.append("old"))
    writer.add(0, b"abc")
    writer.begin(lambda: log.append("new"))
    assert writer.pending_bytes == 0 and not writer.is_idle
    writer.add(0, b"d")
    replies = len(scene.replies)
    for _ in range(1 + is_busy):
        assert len(scene.replies) == replies, "the owner is told of the end of both"
        scene.work()
    assert log == ["old", "new"][1 - is_busy :] and len(scene.replies) == replies + 1
    writer.flush()
    scene.work()
    assert scene.part.size == 1


def test_a_new_beginning_is_not_made_after_an_error(scene: Scene) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    writer = scene.writer
    writer.run(fail)
    writer.begin(lambda: None)
    scene.work()
    assert isinstance(scene.replies[-1], ZeroDivisionError) and not scene.workers.jobs


def test_pieces_of_a_file_that_is_filled_keep_their_places(scene: Scene) -> None:
    record = PartRecord("http://h/", '"a"', 4)
    scene.writer.begin(lambda: scene.part.begin(record, (Gap(0, 2), Gap(2, 4))))
    scene.work()
    for position, data in ((2, b"cd"), (0, b"ab")):
        scene.writer.add(position, data)
    scene.writer.flush()
    scene.work()
    scene.writer.finish()
    scene.work()
    assert scene.path.read_bytes() == b"abcd" and scene.replies == [None] * 4


def test_an_error_of_the_disk_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, 1)
    scene.writer.add(0, b"abc")
    scene.writer.flush()
    scene.work()
    error = scene.replies[-1]
    assert isinstance(error, OSError) and error.errno == errno.ENOSPC and scene.part.size == 1


@pytest.mark.parametrize("is_busy", [False, True])
def test_after_drop_nobody_is_told_and_nothing_more_is_written(is_busy: bool, scene: Scene) -> None:
    """What waits for a worker is not done at all."""
    scene.writer.add(0, b"abc")
    if is_busy:
        scene.writer.flush()
    scene.writer.drop()
    scene.writer.drop()
    if is_busy:
        scene.work()
    scene.driver.advance(5.0)
    assert (scene.replies, scene.part.size) == ([None], 0)
