"""The file in which a download grows."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netstack_sync.base.exceptions import ChecksumMismatch
from netstack_sync.workers import part_file, part_place
from netstack_sync.workers.file_lock import lock_file
from netstack_sync.workers.gaps import Gap
from netstack_sync.workers.part_file import Checksum, PartFile, Piece
from netstack_sync.workers.part_record import PartRecord, read_part_record
from tests.support.download_site import fill_disk
from tests.support.waiting import wait_until

URL = "http://h/f"
RECORD = PartRecord(URL, '"a"', 6)
RECORD_WITH_GAPS = PartRecord(URL, '"a"', 6, (Gap(0, 2), Gap(2, 6)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "f"


@pytest.fixture
def umask() -> Iterator[None]:
    old = os.umask(0o027)
    yield
    os.umask(old)


def _part(path: Path, may_replace: bool = False, expected: bytes | None = None) -> PartFile:
    checksum = None if expected is None else Checksum("sha256", hashlib.sha256(expected).hexdigest())
    return PartFile(str(path), may_replace, checksum)


def _begun(path: Path, record: PartRecord | None = RECORD, expected: bytes | None = None) -> PartFile:
    part = _part(path, expected=expected)
    part.inspect(URL)
    part.begin(record)
    return part


def _names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_a_file_in_one_go(path: Path, umask: None) -> None:
    """With the permissions of any new file, and nothing left beside it."""
    part = _begun(path)
    assert _names(path) == ["f.part"]
    part.finish([b"abc", b"def"])
    assert (path.read_bytes(), _names(path), part.size) == (b"abcdef", ["f"], 6)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("expected", [None, b"abcdef"])
def test_another_attempt_goes_on(expected: bytes | None, path: Path) -> None:
    """What is there is hashed with the rest."""
    _begun(path, expected=b"x").write([b"ab", b"c"])
    assert _names(path) == ["f.part", "f.part.json"]
    part = _part(path, expected=expected)
    part.inspect(URL)
    assert (part.record, part.size) == (RECORD, 3)
    part.write([b"d"])
    part.finish([b"ef"])
    assert (path.read_bytes(), _names(path)) == (b"abcdef", ["f"])


@pytest.mark.parametrize("url", [None, "http://h/other"])
def test_a_part_of_something_else_is_not_gone_on_with(url: str | None, path: Path) -> None:
    """It stays until there is something to put in its place."""
    _begun(path).write([b"abc"])
    part = _part(path)
    part.inspect(url)
    assert (part.record, part.size, _names(path)) == (None, 0, ["f.part", "f.part.json"])
    part.begin(None)
    part.write([b"x"])
    assert _names(path) == ["f.part"]
    part.finish([])
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("size", [0, 7])
def test_a_part_that_does_not_fit_its_record_is_not_gone_on_with(size: int, path: Path) -> None:
    _begun(path).write([b"abc"])
    os.truncate(f"{path}.part", size)
    part = _part(path)
    part.inspect(URL)
    assert (part.record, part.size) == (None, 0)


def test_a_wrong_checksum_leaves_nothing(path: Path) -> None:
    """Else the next attempt would go on from what is wrong, for ever."""
    part = _begun(path, expected=b"abcdef")
    part.write([b"abc"])
    with pytest.raises(ChecksumMismatch, match=r"ERR_INVALID_RESPONSE.*the body has sha256:\w+, not sha256:\w+"):
        part.finish([b"xyz"])
    assert (_names(path), part.size) == ([], 0)


def test_a_file_that_is_there_is_replaced_only_if_that_is_wanted(path: Path) -> None:
    """Looked at before anything is sent and again at the end; its permissions stay, and so does a link to it."""
    path.write_bytes(b"old")
    path.chmod(0o750)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        _part(path).inspect(URL)
    assert _names(path) == ["f"]
    link = path.parent / "link"
    link.symlink_to(path)
    part = _part(link, may_replace=True)
    part.inspect(URL)
    part.begin(RECORD)
    assert path.read_bytes() == b"old"
    part.finish([b"new"])
    assert link.is_symlink() and path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    late = _begun(path.parent / "late")
    (path.parent / "late").write_bytes(b"another program's")
    with pytest.raises(FileExistsError):
        late.finish([b"x"])
    assert (path.parent / "late").read_bytes() == b"another program's"


def test_what_is_no_file_is_left_alone(path: Path) -> None:
    """A folder, a device; and a pipe or a link in the part's place."""
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        _part(path, may_replace=True).inspect(URL)
    with pytest.raises(OSError, match="not a regular file"):
        _part(Path("/dev/null"), may_replace=True).inspect(URL)
    os.mkfifo(path.parent / "g.part")
    with pytest.raises(OSError, match="not a regular file"):
        _part(path.parent / "g").inspect(URL)
    (path.parent / "h.part").symlink_to("elsewhere")
    with pytest.raises(OSError) as raised:
        _part(path.parent / "h").inspect(URL)
    assert raised.value.errno == errno.ELOOP


def test_a_folder_that_is_not_there_is_known_before_anything_is_sent(path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        _part(path / "g").inspect(URL)
    assert raised.value.filename == os.path.realpath(path)


def test_of_two_downloads_one_fails_and_none_is_mixed_up(path: Path) -> None:
    first = _begun(path)
    first.write([b"abc"])
    second = _part(path)
    second.inspect(URL)
    first.write([b"d"])
    with pytest.raises(OSError, match="something else writes") as raised:
        second.write([b"x"])
    assert raised.value.errno == errno.EBUSY
    first.finish([b"ef"])
    assert path.read_bytes() == b"abcdef"
    with pytest.raises(FileNotFoundError):
        second.write([b"x"])
    third = _begun(path.parent / "g")
    (path.parent / "g.part").rename(path.parent / "moved")
    (path.parent / "g.part").touch()
    with pytest.raises(OSError, match="something else writes"):
        third.finish([b"x"])


def test_who_holds_the_lock_is_waited_for(path: Path) -> None:
    """A write of a download that was dropped may still be under way when the next one looks at the part."""
    part = _begun(path)
    with open(f"{path}.part", "rb") as held:
        lock_file(held.fileno())
        writing = threading.Thread(target=part.write, args=[[b"abc"]])
        writing.start()
        wait_until(lambda: Path(f"{path}.part.json").exists())
        assert writing.is_alive() and part.size == 0
    writing.join(20.0)
    assert part.size == 3


def _when_the_lock_is_there(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object], times: int = 1) -> None:
    """Others did this while the lock was waited for."""
    left = [happen] * times

    def lock(descriptor: int) -> None:
        if left:
            left.pop()()
        lock_file(descriptor)

    monkeypatch.setattr(part_place, "lock_file", lock)


def test_a_file_that_was_finished_while_its_lock_was_waited_for_is_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another download has put it in its place: to begin anew in it would empty the file that is there."""
    first, second = _begun(path), _part(path, may_replace=True)
    first.write([b"abc"])
    _when_the_lock_is_there(monkeypatch, lambda: os.rename(f"{path}.part", path))
    second.begin(None)
    assert path.read_bytes() == b"abc"
    second.finish([b"x"])
    assert (path.read_bytes(), _names(path)) == (b"x", ["f"])


def test_a_name_that_changes_all_the_time_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = _part(path)
    _when_the_lock_is_there(monkeypatch, lambda: os.unlink(f"{path}.part"), times=100)
    with pytest.raises(OSError, match="something else writes"):
        part.begin(None)


def test_where_open_files_keep_their_names_they_are_closed_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: at a trial, at a wrong checksum, and at the end."""
    closed: list[io.FileIO] = []

    def let_go(file: io.FileIO) -> None:
        file.close()
        closed.append(file)

    monkeypatch.setattr(part_place, "let_go_for_rename", let_go)
    rename, unlink = os.replace, os.unlink

    def checked_replace(source: str, target: str) -> None:
        assert closed and closed[-1].closed
        rename(source, target)

    def checked_unlink(name: str) -> None:
        assert closed and closed[-1].closed
        unlink(name)

    monkeypatch.setattr(os, "replace", checked_replace)
    monkeypatch.setattr(os, "unlink", checked_unlink)
    _part(path).inspect(URL)
    assert len(closed) == 1
    closed.clear()
    wrong = _part(path, expected=b"y")
    monkeypatch.setattr(part_file, "remove_part_record", lambda path: None)
    wrong.begin(None)
    with pytest.raises(ChecksumMismatch):
        wrong.finish([b"x"])
    closed.clear()
    part = _part(path)
    part.begin(None)
    part.finish([b"abc"])
    assert path.read_bytes() == b"abc" and len(closed) == 1


def test_a_full_disk_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What found room counts, and the next attempt goes on behind it."""
    part = _begun(path, expected=b"abcdef")
    with monkeypatch.context() as patch:
        part.write([b"a"])
        fill_disk(patch, 3)
        with pytest.raises(OSError) as raised:
            part.write([b"bc", b"def"])
        assert raised.value.errno == errno.ENOSPC
    assert part.size == 4
    again = _part(path, expected=b"abcdef")
    again.inspect(URL)
    assert again.size == 4
    again.finish([b"ef"])
    assert path.read_bytes() == b"abcdef"


@pytest.mark.parametrize(("size", "is_recorded"), [(64 * 1024, False), (64 * 1024 + 1, True)])
def test_a_disk_that_is_full_at_the_end(
    size: int, is_recorded: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that comes in one go is worth a record from some size on."""
    part = _begun(path, PartRecord(URL, '"a"', size))
    with monkeypatch.context() as patch:
        fill_disk(patch, 5)
        with pytest.raises(OSError):
            part.finish([bytes(size)])
    again = _part(path)
    again.inspect(URL)
    assert (part.is_recorded, again.size) == (is_recorded, 5 if is_recorded else 0)


def test_a_folder_that_cannot_be_synced_is_put_up_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is; and it is in its place."""
    synced: list[bool] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        if synced[-1]:
            raise OSError(errno.EINVAL, "cannot")
        sync(descriptor)

    part = _begun(path)
    monkeypatch.setattr(os, "fsync", fsync)
    part.finish([b"abc"])
    assert synced == [False, True] and path.read_bytes() == b"abc"


# --- a part that is filled in several places


GAPS = (Gap(0, 2), Gap(2, 6))


def _filled(path: Path, expected: bytes | None = None) -> PartFile:
    part = _part(path, expected=expected)
    part.inspect(URL)
    part.begin(RECORD, GAPS)
    return part


@pytest.mark.parametrize("expected", [None, b"abcdef"])
def test_a_file_that_is_filled(expected: bytes | None, path: Path) -> None:
    """It has its length and a record from the beginning; the checksum is that of the whole."""
    part = _filled(path, expected)
    assert (os.path.getsize(f"{path}.part"), part.size, part.gaps) == (6, 0, GAPS)
    assert read_part_record(f"{path}.part.json") == RECORD_WITH_GAPS
    part.fill([Piece(2, b"cd"), Piece(0, b"a")])
    assert (part.size, part.gaps) == (3, (Gap(1, 2), Gap(4, 6)))
    part.fill([Piece(1, b"b"), Piece(4, b"ef")])
    assert part.gaps == ()
    part.finish()
    assert (path.read_bytes(), _names(path)) == (b"abcdef", ["f"])


def test_a_wrong_checksum_of_a_file_that_is_filled(path: Path) -> None:
    part = _filled(path, b"abcdef")
    part.fill([Piece(0, b"ab"), Piece(2, b"xxxx")])
    with pytest.raises(ChecksumMismatch):
        part.finish()
    assert _names(path) == []


@pytest.mark.parametrize("expected", [None, b"abcdef"])
def test_another_attempt_goes_on_in_every_gap(expected: bytes | None, path: Path) -> None:
    """As the last batch has left them; they may be divided anew."""
    _filled(path).fill([Piece(2, b"c"), Piece(0, b"a")])
    part = _part(path, expected=expected)
    part.inspect(URL)
    assert (part.size, part.gaps, part.is_recorded) == (2, (Gap(1, 2), Gap(3, 6)), True)
    part.spread((Gap(1, 2), Gap(3, 4), Gap(4, 6)))
    part.fill([Piece(4, b"ef"), Piece(1, b"b"), Piece(3, b"d")])
    part.finish()
    assert path.read_bytes() == b"abcdef"


def test_a_part_that_has_grown_may_be_filled_from_then_on(path: Path) -> None:
    _begun(path).write([b"abc"])
    part = _part(path, expected=b"abcdef")
    part.inspect(URL)
    part.spread((Gap(3, 4), Gap(4, 6)))
    assert (os.path.getsize(f"{path}.part"), part.size) == (6, 3)
    part.fill([Piece(4, b"ef"), Piece(3, b"d")])
    part.finish()
    assert path.read_bytes() == b"abcdef"


def test_a_part_whose_length_is_not_that_of_its_record_is_not_filled(path: Path) -> None:
    _filled(path)
    os.truncate(f"{path}.part", 5)
    part = _part(path)
    part.inspect(URL)
    assert (part.record, part.size) == (None, 0)


def test_of_two_that_fill_one_file_one_fails(path: Path) -> None:
    """Their lengths are the same, so the record tells."""
    first, second = _filled(path), _part(path)
    second.inspect(URL)
    first.fill([Piece(0, b"a")])
    with pytest.raises(OSError, match="something else writes") as raised:
        second.fill([Piece(0, b"x")])
    assert raised.value.errno == errno.EBUSY
    other = _part(path)
    other.begin(RECORD._replace(validator='"b"'), GAPS)
    with pytest.raises(OSError, match="something else writes"):
        first.fill([Piece(1, b"b")])


def test_a_disk_without_room_for_the_whole_is_told_early(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a byte of it has come; what was there stays as it was."""
    _begun(path).write([b"abc"])
    part = _part(path)
    part.inspect(URL)

    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError) as raised:
        part.spread((Gap(3, 4), Gap(4, 6)))
    assert raised.value.errno == errno.ENOSPC
    part = _part(path)
    part.inspect(URL)
    assert (part.size, part.gaps) == (3, None)


def test_a_disk_that_fails_while_it_is_filled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come to the disk counts."""
    part = _filled(path)
    write = os.write

    def write_some(descriptor: int, data: bytes) -> int:
        if bytes(data) == b"ef":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        with pytest.raises(OSError):
            part.fill([Piece(0, b"ab"), Piece(2, b"cd"), Piece(4, b"ef")])
    again = _part(path)
    again.inspect(URL)
    assert (again.size, again.gaps) == (4, (Gap(4, 6),))
