"""Bytes and files as one body."""

from __future__ import annotations

import io

import pytest

from netstack_sync.fetcher.body_file import measure_file
from netstack_sync.fetcher.multipart_source import MultipartSource


class Pipe:
    """A file that cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)


def read_all(source: MultipartSource) -> bytes:
    body = b""
    while piece := source.read_piece():
        body += piece
    assert source.read_piece() == b""
    return body


def test_parts_come_in_their_order_and_again_after_a_restart() -> None:
    """Empty files are passed over; a large one comes in pieces."""
    large = io.BytesIO(b"x" * 600_000)
    source = MultipartSource(
        [b"<", measure_file("a", large), b"|", measure_file("b", io.BytesIO()), b"|", measure_file("c", large), b">"]
    )
    whole = b"<" + b"x" * 600_000 + b"||" + b"x" * 600_000 + b">"
    assert source.size == len(whole) and source.can_restart
    assert read_all(source) == whole
    source.restart()
    assert source.read_piece() == b"<" and 0 < len(source.read_piece()) < 600_000
    source.restart()
    assert read_all(source) == whole


def test_of_a_file_that_has_grown_the_announced_part_is_read() -> None:
    """What follows stays in its place."""
    file = io.BytesIO(b"abc")
    source = MultipartSource([b"<", measure_file("a", file), b">"])
    file.write(b"abcdef")
    assert read_all(source) == b"<abc>"


def test_a_file_that_has_shrunk_ends_the_body() -> None:
    """Row 174, UploadFileSmallerThanLength: the end that comes too early is what the upload makes an error of."""
    file = io.BytesIO(b"abcdef")
    source = MultipartSource([b"<", measure_file("a", file), b">"])
    file.truncate(3)
    assert source.read_piece() == b"<" and source.read_piece() == b"abc"
    assert source.read_piece() == b"" and source.read_piece() == b""


def test_without_a_length_everything_is_read() -> None:
    """Nothing was announced that would have to be kept; what cannot seek goes once."""
    file = io.BytesIO(b"ab")
    source = MultipartSource([b"<", measure_file("a", file), b"|", measure_file("b", Pipe(b"pipe")), b">"])
    file.seek(2)
    file.write(b"cd")
    assert source.size is None and not source.can_restart
    assert read_all(source) == b"<abcd|pipe>"
    with pytest.raises(ValueError, match="cannot be read again"):
        source.restart()
