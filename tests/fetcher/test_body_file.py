"""Files in request bodies, looked at before anything is sent."""

from __future__ import annotations

import gc
import io
import os
import warnings
from pathlib import Path

import pytest

from netstack_sync.fetcher.body_file import measure_file, open_path


@pytest.mark.parametrize("offset, size", [(0, 10), (4, 6), (10, 0), (99, 0)])
def test_a_file_counts_from_where_it_stands(offset: int, size: int) -> None:
    """And stands there afterwards."""
    file = io.BytesIO(b"0123456789")
    file.seek(offset)
    measured = measure_file("content", file)
    assert measured.size == size and file.tell() == offset and measured.source.can_restart


def test_a_path_is_opened_and_closed_with_its_last_user(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measured = measure_file("content", open_path("content", path))
        assert measured.size == 3 and measured.source.read_piece() == b"abc"
        del measured
        gc.collect()


def test_a_pipe_has_no_length() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with open(reader, "rb") as file:
        assert measure_file("content", file).size is None


def test_anything_with_read_will_do() -> None:
    class Reader:
        def read(self, size: int) -> bytes:
            return b""

    assert measure_file("content", Reader()).size is None


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Row 235, PostUnreadableFileTest, and row 174, UploadUnreadableFile: on the caller's thread, with the argument."""
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ValueError, match="content: cannot read the file: I/O operation on closed"):
        measure_file("content", closed)
    with pytest.raises(TypeError, match=r"content: .* open the file in binary mode"):
        measure_file("content", io.StringIO("x"))
    with open(tmp_path / "f", "wb") as file, pytest.raises(ValueError, match="data: the file is not open for reading"):
        measure_file("data", file)
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(ValueError, match="data: cannot read"):
            open_path("data", path)
