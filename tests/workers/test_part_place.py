"""Where a download grows, and where it belongs."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from netstack_sync.workers import part_place
from netstack_sync.workers.file_lock import lock_file
from netstack_sync.workers.part_place import PartPlace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f"


def _place(path: Path, may_replace: bool = False) -> PartPlace:
    return PartPlace(str(path), may_replace)


def _write(place: PartPlace, data: bytes) -> None:
    with place.open_any() as file:
        place.adopt(file)
        file.write(data)


def test_a_file_grows_and_is_moved(path: Path) -> None:
    place = _place(path)
    _write(place, b"abc")
    with place.open_known(3) as file:
        place.move(file)
    place.sync_folder()
    assert path.read_bytes() == b"abc" and os.listdir(path.parent) == ["f"]


def test_only_the_file_that_is_known(path: Path) -> None:
    """Of the same length, and the same file."""
    place = _place(path)
    with pytest.raises(FileNotFoundError), place.open_known(0):
        pass
    _write(place, b"abc")
    with pytest.raises(OSError, match="something else writes") as raised, place.open_known(4):
        pass
    assert raised.value.errno == errno.EBUSY
    os.rename(f"{path}.part", path)
    Path(f"{path}.part").write_bytes(b"abc")
    with pytest.raises(OSError, match="something else writes"), place.open_known(3):
        pass


def test_a_folder_that_is_not_there(path: Path) -> None:
    """It is named, and not the file that would have been made in it."""
    with pytest.raises(FileNotFoundError, match="no such folder") as raised, _place(path / "g").open_any():
        pass
    assert raised.value.filename == os.path.realpath(path) and raised.value.errno == errno.ENOENT


def test_what_is_taken_away(path: Path) -> None:
    place = _place(path)
    with place.open_any() as file:
        place.remove(file)
    assert os.listdir(path.parent) == []


def test_the_destination(path: Path) -> None:
    """Nothing, a file that may be replaced or not, and what is no file."""
    assert _place(path).check_destination() is None
    path.touch(0o640)
    assert _place(path, may_replace=True).check_destination() == stat.S_IMODE(path.stat().st_mode)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        _place(path).check_destination()
    with pytest.raises(IsADirectoryError):
        _place(path.parent).check_destination()
    with pytest.raises(OSError, match="not a regular file"):
        _place(Path("/dev/null"), may_replace=True).check_destination()


def test_permissions_stay(path: Path) -> None:
    path.touch()
    path.chmod(0o751)
    place = _place(path, may_replace=True)
    with place.open_any() as file:
        place.move(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o751


def test_what_is_no_file_is_not_written(path: Path) -> None:
    os.mkfifo(f"{path}.part")
    with pytest.raises(OSError, match="not a regular file"), _place(path).open_any():
        pass


def test_a_link_is_followed_to_what_it_points_at(path: Path) -> None:
    path.symlink_to(path.parent / "target")
    assert _place(path).part_path == os.path.realpath(path.parent / "target") + ".part"


def _when_the_lock_is_there(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object], times: int = 1) -> None:
    """Others did this while the lock was waited for."""
    left = [happen] * times

    def lock(descriptor: int) -> None:
        if left:
            left.pop()()
        lock_file(descriptor)

    monkeypatch.setattr(part_place, "lock_file", lock)


def test_a_file_that_has_lost_its_name_meanwhile_is_not_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in its place, and no part any more."""
    place = _place(path)
    _write(place, b"abc")
    _when_the_lock_is_there(monkeypatch, lambda: os.rename(f"{path}.part", path))
    with place.open_any() as file:
        assert os.fstat(file.fileno()).st_size == 0
    assert path.read_bytes() == b"abc"


def test_a_name_that_changes_all_the_time_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _when_the_lock_is_there(monkeypatch, lambda: os.unlink(f"{path}.part"), times=100)
    with pytest.raises(OSError, match="something else writes"), _place(path).open_any():
        pass


def test_where_open_files_keep_their_names_they_are_closed_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    monkeypatch.setattr(part_place, "let_go_for_rename", io.FileIO.close)
    place = _place(path)
    for end in (place.remove, place.move):
        with place.open_any() as file:
            end(file)
            assert file.closed
    assert path.exists()


def test_a_folder_that_cannot_be_synced_is_put_up_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "cannot")

    monkeypatch.setattr(os, "fsync", refuse)
    _place(path).sync_folder()
