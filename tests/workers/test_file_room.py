"""Room for a file, before it is written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync.workers.file_room import reserve_room


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    os.write(descriptor, b"abc")
    yield descriptor
    os.close(descriptor)


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 100)


def test_the_file_is_that_long_afterwards(descriptor: int) -> None:
    """What was in it stays."""
    reserve_room(descriptor, 8)
    assert _content(descriptor) == b"abc" + bytes(5)


def test_where_the_system_reserves_nothing(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is still that long."""
    monkeypatch.delattr(os, "posix_fallocate")
    reserve_room(descriptor, 8)
    assert _content(descriptor) == b"abc" + bytes(5)


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EOPNOTSUPP])
def test_where_the_file_system_reserves_nothing(error: int, descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    reserve_room(descriptor, 8)
    assert _content(descriptor) == b"abc" + bytes(5)


def test_a_disk_without_room(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told, and the file is as it was."""

    def fill(descriptor: int, offset: int, length: int) -> None:
        os.ftruncate(descriptor, 5)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", fill)
    with pytest.raises(OSError) as raised:
        reserve_room(descriptor, 8)
    assert raised.value.errno == errno.ENOSPC and _content(descriptor) == b"abc"
