"""read_hosts(): the file's text, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync.workers import read_hosts as module
from netstack_sync.workers.read_hosts import read_hosts


def test_the_text_is_read(tmp_path: Path) -> None:
    """As UTF-8; the mark that Windows' editors write does not belong to the first address."""
    path = tmp_path / "hosts"
    path.write_bytes(b"\xef\xbb\xbf127.0.0.1 a # caf\xc3\xa9 \xff\n")
    assert read_hosts(str(path)) == "127.0.0.1 a # café \ufffd\n"


@pytest.mark.parametrize("name", ["missing", ".", "a\0b"])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, name: str) -> None:
    """It never raises: a machine without the file has no hosts."""
    assert read_hosts(str(tmp_path / name)) == ""


def test_a_file_that_is_too_large_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of it would be worse: the last line may be half a name."""
    path = tmp_path / "hosts"
    monkeypatch.setattr(module, "_MAX_BYTES", 10)
    path.write_text("0123456789")
    assert read_hosts(str(path)) == "0123456789"
    path.write_text("0123456789a")
    assert read_hosts(str(path)) == ""
