"""Small files: read whole, replaced whole."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from netstack_sync.workers.file_io import is_pipe, read_small_file, replace_file


def test_reading(tmp_path: Path) -> None:
    """All of it, up to the limit; nothing is not the same as empty."""
    file = tmp_path / "f"
    assert read_small_file(str(file), 3) is None
    for data in (b"", b"abc"):
        file.write_bytes(data)
        assert read_small_file(str(file), 3) == data
    file.write_bytes(b"abcd")
    with pytest.raises(OSError, match="large"):
        read_small_file(str(file), 3)
    with pytest.raises(OSError):
        read_small_file(str(tmp_path), 3)


def test_replacing(tmp_path: Path) -> None:
    """The new content, in a file for its owner only, and nothing else in the folder."""
    file = tmp_path / "f"
    for data in (b"old", b"", b"new"):
        for is_synced in (True, False):
            replace_file(str(file), data + b"!" * is_synced, is_synced)
            assert file.read_bytes() == data + b"!" * is_synced
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Rule R10: also when the old file was open to all."""
    file = tmp_path / "f"
    file.write_bytes(b"old")
    file.chmod(0o666)
    replace_file(str(file), b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one in the working directory."""
    monkeypatch.chdir(tmp_path)
    replace_file("f", b"x")
    assert (tmp_path / "f").read_bytes() == b"x"


def test_a_write_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old content stays, and nothing else is left behind."""
    file = tmp_path / "f"
    file.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(file), b"new")
    assert file.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The error is the caller's to handle."""
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "no" / "f"), b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_what_is_a_pipe(tmp_path: Path) -> None:
    """Or a device. Neither a file, nor a directory, nor what is not there, nor what is no path."""
    file, pipe = tmp_path / "f", tmp_path / "p"
    file.touch()
    os.mkfifo(pipe)
    assert is_pipe(str(pipe)) and is_pipe(os.devnull)
    for path in (str(file), str(tmp_path), str(tmp_path / "no"), "a\0b"):
        assert not is_pipe(path)
