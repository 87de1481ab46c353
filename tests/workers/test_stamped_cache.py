"""Values that last as long as the files they were made of."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from netstack_sync.base.net_errors import ERR_FILE_NOT_FOUND, OK
from netstack_sync.workers.stamped_cache import StampedCache, Stamps, source_stamps, stamp


@dataclass
class Text:
    """What a file holds."""

    text: str
    net_error: int = OK


def _load(path: str) -> Text:
    try:
        return Text(Path(path).read_text())
    except OSError:
        return Text("", ERR_FILE_NOT_FOUND)


def _stamps(path: str) -> Stamps:
    return (stamp(path),)


def _cache() -> StampedCache[str, Text]:
    return StampedCache(_load, _stamps)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with something in it."""
    path = tmp_path / "file"
    path.write_text("a")
    return path


def test_a_value_is_made_once(file: Path) -> None:
    """The same comes back until it is forgotten."""
    cache = _cache()
    value = cache.get(str(file))
    assert cache.get(str(file)) is value
    cache.forget()
    assert cache.get(str(file)) is not value


def test_a_changed_file_is_read_again(file: Path) -> None:
    """A file that has gone is an error, not the old contents; errors are not kept."""
    cache = _cache()
    assert cache.get(str(file)).text == "a"
    file.write_text("ab")
    assert cache.get(str(file)).text == "ab"
    file.unlink()
    assert cache.get(str(file)).net_error == ERR_FILE_NOT_FOUND
    error = cache.get(str(file))
    assert error is not cache.get(str(file))
    file.write_text("c")
    assert cache.get(str(file)).text == "c"


def test_stamps_tell_files_apart(file: Path) -> None:
    """What is written anew or replaced has another; what is not there, or cannot be named, has none."""
    first = stamp(str(file))
    assert first is not None and first == stamp(str(file))
    other = file.with_name("other")
    other.write_text("a")
    os.utime(other, ns=(0, first[0]))
    os.replace(other, file)
    assert stamp(str(file)) != first
    assert stamp("/no/such/file") is None
    assert stamp("a\0b") is None


def test_stamps_of_a_directory_are_those_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is written in place, or behind a link, does not change its directory."""
    folder, target = tmp_path / "folder", tmp_path / "target"
    folder.mkdir()
    (folder / "file").write_text("a")
    target.write_text("a")
    (folder / "link").symlink_to(target)
    seen = {source_stamps(str(folder))}
    for path in (folder / "file", target):
        path.write_text("longer")
        seen.add(source_stamps(str(folder)))
    (folder / "link").unlink()
    seen.add(source_stamps(str(folder)))
    assert len(seen) == 4
    assert source_stamps(str(target)) == (stamp(str(target)),) and source_stamps("/no/such") == (None,)

    def deny(path: str) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", deny)  # root may read everything
    assert source_stamps(str(folder)) == (stamp(str(folder)),)


def test_the_number_of_values_is_bounded(tmp_path: Path) -> None:
    """The oldest goes."""
    paths = [tmp_path / str(number) for number in range(17)]
    for path in paths:
        path.write_text("")
    cache = _cache()
    values = [cache.get(str(path)) for path in paths[:16]]
    assert [cache.get(str(path)) for path in paths[:16]] == values
    cache.get(str(paths[16]))
    assert cache.get(str(paths[15])) is values[15]
    assert cache.get(str(paths[0])) is not values[0]


def test_who_reads_holds_nobody_else_up(file: Path) -> None:
    """Other keys are served meanwhile, and forgetting waits for nobody."""
    is_reading, may_end = threading.Event(), threading.Event()

    def load(path: str) -> Text:
        if path == "slow":
            is_reading.set()
            may_end.wait()
        return _load(path)

    cache = StampedCache(load, _stamps)
    thread = threading.Thread(target=cache.get, args=("slow",))
    thread.start()
    try:
        is_reading.wait()
        value = cache.get(str(file))
        cache.forget()
        assert cache.get(str(file)) is not value
    finally:
        may_end.set()
        thread.join()


def test_workers_that_need_the_same_make_it_once(file: Path) -> None:
    """The second waits for the first."""
    calls = []
    is_reading, may_end = threading.Event(), threading.Event()

    def load(path: str) -> Text:
        calls.append(path)
        is_reading.set()
        may_end.wait()
        return _load(path)

    cache = StampedCache(load, _stamps)
    threads = [threading.Thread(target=cache.get, args=(str(file),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    is_reading.wait()
    may_end.set()
    for thread in threads:
        thread.join()
    assert calls == [str(file)]
