"""Files below a root, and none outside."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from netstack_sync.workers import open_below as module
from netstack_sync.workers.open_below import open_below


@pytest.fixture(params=[True, False], ids=["steps", "resolved"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], bytes]:
    """The content of a file, opened in both ways."""
    if request.param and not module._HAS_STEPS:
        pytest.skip("this system cannot open relative to a folder")
    monkeypatch.setattr(module, "_HAS_STEPS", request.param)

    def read(root: Path, path: str) -> bytes:
        descriptor = open_below(str(root), path.split("/") if path else [])
        with open(descriptor, "rb") as file:
            return file.read()

    return read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """With a file outside of it."""
    (tmp_path / "secret").write_bytes(b"secret")
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"here")
    return root


Opened = Callable[[Path, str], bytes]


def test_files_at_any_depth(opened: Opened, root: Path) -> None:
    """The root itself may be reached through a link."""
    assert opened(root, "a/b/file") == b"here"
    (root.parent / "link").symlink_to(root)
    assert opened(root.parent / "link", "a/b/file") == b"here"
    assert opened(root / "a" / "b", "file") == b"here"


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", ".", "a/./b/file", "a//b/file", "..", "a/b/file\0x"])
def test_names_that_lead_out(opened: Opened, root: Path, path: str) -> None:
    """CVE-2024-23334 (aiohttp), CVE-2021-41773 (Apache): no name is a way."""
    with pytest.raises(PermissionError, match="not below the root"):
        opened(root, path)


def test_separators_inside_a_name(root: Path) -> None:
    """Somebody has decoded them after the path was cut."""
    with pytest.raises(PermissionError, match="not below the root"):
        open_below(str(root), ["a", "../../secret"])


def test_links_that_lead_out(opened: Opened, root: Path) -> None:
    """CVE-2024-23334 (aiohttp): neither of a file nor of a folder."""
    (root / "file-link").symlink_to(root.parent / "secret")
    (root / "folder-link").symlink_to(root.parent)
    for path in ("file-link", "folder-link/secret"):
        with pytest.raises(PermissionError, match="links are not followed"):
            opened(root, path)


def test_what_is_no_file(opened: Opened, root: Path) -> None:
    """Nobody waits for a pipe's other end, and no device is touched."""
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        for path in ("pipe", "socket"):
            with pytest.raises(PermissionError, match="neither"):
                opened(root, path)
    with pytest.raises(PermissionError, match="neither"):
        opened(Path("/dev"), "null")
    for path in ("", "a"):
        with pytest.raises(IsADirectoryError):
            opened(root, path)


def test_what_is_not_there(opened: Opened, root: Path) -> None:
    for path in ("none", "none/file", "a/b/file/deeper"):
        with pytest.raises((FileNotFoundError, NotADirectoryError)):
            opened(root, path)


def test_a_file_that_becomes_something_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the opening: what was opened is looked at once more, and closed."""
    os.mkfifo(root / "pipe")
    opened: list[int] = []

    def open_pipe(root: str, names: list[str]) -> int:
        opened.append(os.open(f"{root}/pipe", os.O_RDONLY | os.O_NONBLOCK))
        return opened[0]

    monkeypatch.setattr(module, "_open_in_steps" if module._HAS_STEPS else "_open_resolved", open_pipe)
    with pytest.raises(PermissionError, match="neither"):
        open_below(str(root), ["file"])
    with pytest.raises(OSError):
        os.fstat(opened[0])
