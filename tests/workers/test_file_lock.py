"""The lock that keeps downloads apart."""

from __future__ import annotations

import fcntl
import io
import os
import threading
from pathlib import Path

import pytest

from netstack_sync.workers.file_lock import let_go_for_rename, lock_file


def test_the_second_waits_until_the_first_has_closed(tmp_path: Path) -> None:
    """Descriptors of one process exclude each other as well."""
    first, second = (os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT) for _ in range(2))
    lock_file(first)
    with pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    waiting = threading.Thread(target=lock_file, args=[second])
    waiting.start()
    os.close(first)
    waiting.join(20.0)
    assert not waiting.is_alive()
    os.close(second)


def test_a_file_system_without_locks_is_put_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock_file(0)


def test_the_lock_outlives_the_change_of_the_name(tmp_path: Path) -> None:
    """Where open files can be renamed."""
    with io.FileIO(tmp_path / "f", "w") as file:
        lock_file(file.fileno())
        let_go_for_rename(file)
        assert not file.closed
        with open(tmp_path / "f", "rb") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
