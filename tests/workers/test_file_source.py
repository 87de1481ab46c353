"""Files as answers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netstack_sync.workers.answer_source import AnswerSource
from netstack_sync.workers.file_source import FileSource

SIZE = 600_000
CONTENT = bytes(range(250)) * (SIZE // 250)
MTIME = 1_700_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.html").write_bytes(CONTENT)
    os.utime(tmp_path / "a.html", (MTIME, MTIME))
    return tmp_path


def source_of(
    root: Path, byte_range: tuple[int | None, int | None] | None = None, tag: str | None = None
) -> FileSource:
    return FileSource(str(root), ["a.html"], byte_range, tag)


def body_of(source: FileSource) -> bytes:
    pieces = list(iter(source.read_piece, b""))
    source.close()
    assert source.read_piece is not None and all(len(piece) <= 256 * 1024 for piece in pieces)
    return b"".join(pieces)


def test_the_whole_file(root: Path) -> None:
    """In pieces that are bounded, with what there is to say of it."""
    source: FileSource = source_of(root)
    interface: AnswerSource = source
    answer = interface.open()
    assert (answer.status, answer.reason, answer.size, answer.body) == (200, "OK", SIZE, None)
    headers = dict(answer.headers)
    assert headers["Content-Type"] == "text/html" and headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT" and headers["ETag"].startswith('"')
    assert body_of(source) == CONTENT
    assert not interface.is_remote and not interface.has_effects


@pytest.mark.parametrize(
    "asked, first, last",
    [
        ((0, 0), 0, 0),
        ((10, 19), 10, 19),
        ((SIZE - 1, None), SIZE - 1, SIZE - 1),
        ((5, SIZE * 9), 5, SIZE - 1),
        ((None, 7), SIZE - 7, SIZE - 1),
        ((None, SIZE * 9), 0, SIZE - 1),
    ],
)
def test_a_part(root: Path, asked: tuple[int | None, int | None], first: int, last: int) -> None:
    """206 says which."""
    source = source_of(root, asked)
    answer = source.open()
    assert (answer.status, answer.size) == (206, last - first + 1)
    assert dict(answer.headers)["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert body_of(source) == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", [(SIZE, None), (SIZE, SIZE + 5), (None, 0)])
def test_a_part_that_is_not_there(root: Path, asked: tuple[int | None, int | None]) -> None:
    """416 says how much there is."""
    source = source_of(root, asked)
    answer = source.open()
    assert (answer.status, answer.size, answer.body) == (416, 0, b"")
    assert dict(answer.headers) == {"Content-Range": f"bytes */{SIZE}"}
    source.close()


def test_a_part_of_the_same_file_only(root: Path) -> None:
    """If-Range (RFC 9110 §13.1.5): of another one the whole is given."""
    source = source_of(root)
    tag = dict(source.open().headers)["ETag"]
    source.close()
    for if_range, status in ((tag, 206), ('"other"', 200), ("Tue, 14 Nov 2023 22:13:20 GMT", 200)):
        source = source_of(root, (1, 2), if_range)
        assert source.open().status == status
        source.close()


def test_a_file_that_changes(root: Path) -> None:
    """What is added is left out; what is missing is missing."""
    source = source_of(root)
    source.open()
    with open(root / "a.html", "ab") as file:
        file.write(b"more")
    assert body_of(source) == CONTENT
    source = source_of(root)
    source.open()
    os.truncate(root / "a.html", 10)
    assert len(body_of(source)) == 10


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    source = source_of(tmp_path)
    assert source.open().size == 0 and body_of(source) == b""


def test_giving_it_back(root: Path) -> None:
    """Idle at once, busy by who is busy; any number of times, opened or not."""
    source = source_of(root)
    source.close()
    source.open()
    source.abort(is_busy=True)
    assert source.read_piece()
    source.abort(is_busy=False)
    with pytest.raises(OSError):
        source.read_piece()
    source.close()


def test_what_cannot_be_opened(root: Path) -> None:
    source = FileSource(str(root), ["none"], None, None)
    with pytest.raises(FileNotFoundError):
        source.open()
    source.close()
