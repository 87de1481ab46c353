"""Files that are sent."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from netstack_sync.cli.data_files import file_content, open_file, read_file
from netstack_sync.cli.exit_status import CommandError


def test_file_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read whole, or opened; standard input stays open."""
    path = tmp_path / "x"
    path.write_bytes(b"content")
    stdin = io.TextIOWrapper(io.BytesIO(b"typed"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_file(str(path)) == b"content" and read_file("-") == b"typed"
    with open_file(str(path)) as file, open_file("-") as typed:
        assert file.read() == b"content" and typed is stdin.buffer
    assert file.closed and not stdin.closed


def test_content_of_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is left where it is, after a look whether it can be read; all else is read at once."""
    path = tmp_path / "x"
    path.write_bytes(b"content")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert file_content(str(path)) == path and file_content("-") == b"typed" and file_content("/dev/null") == b""

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(CommandError, match=r"cannot read .*Permission denied") as caught:
        file_content(str(path))
    assert caught.value.status == 26


@pytest.mark.parametrize("name, why", [("none", "No such file"), (".", "[Ii]t is a folder|Is a directory")])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, why: str) -> None:
    """With curl's status."""
    for read in (read_file, open_file, file_content):
        with pytest.raises(CommandError, match=f"cannot read .*: ({why})") as caught:
            read(str(tmp_path / name))
        assert caught.value.status == 26
    with pytest.raises(CommandError, match=r"cannot read .*No such file"):
        open_file(str(tmp_path / "none"))
