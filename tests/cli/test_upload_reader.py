"""A file that is sent, with somebody told how far it is."""

from __future__ import annotations

import io
import os

import pytest

from netstack_sync.cli.exit_status import CommandError
from netstack_sync.cli.upload_reader import UploadReader


def test_pieces_are_counted_and_going_back_takes_them_away() -> None:
    """So that the sum is what was sent of the last attempt."""
    counted: list[int] = []
    reader = UploadReader(io.BytesIO(b"0123456789"), counted.append)
    assert reader.readable() and reader.seekable() and reader.tell() == 0
    assert reader.seek(0, os.SEEK_END) == 10 and reader.seek(0) == 0 and counted == []
    assert [reader.read(4), reader.read(4)] == [b"0123", b"4567"] and reader.tell() == 8
    reader.seek(0)
    assert reader.read(100) == b"0123456789" and reader.read(100) == b""
    assert counted == [4, 4, -8, 10]


def test_failing_read_is_a_read_error() -> None:
    """With curl's status."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(CommandError, match="cannot read what is to be sent: Input/output error") as caught:
        UploadReader(Failing(), print).read(1)
    assert caught.value.status == 26
