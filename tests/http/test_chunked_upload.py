"""A body that is made while it is being sent."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.http.chunked_upload import ChunkedUpload


def _never(data: bytes | int) -> None:
    raise AssertionError("nobody waits")


def test_what_is_there_is_given_at_once() -> None:
    upload = ChunkedUpload()
    upload.append(b"ab")
    upload.append(b"c", is_last=True)
    assert upload.size is None and upload.error is None
    assert [upload.read(_never) for _ in range(4)] == [b"ab", b"c", b"", b""]


def test_what_is_not_there_is_waited_for() -> None:
    """An empty chunk that is not the last one is nothing: an empty piece would be the end."""
    upload = ChunkedUpload()
    pieces: list[bytes | int] = []
    assert upload.read(pieces.append) == ERR_IO_PENDING and upload.is_pending
    upload.append(b"")
    assert pieces == [] and upload.is_pending
    upload.append(b"ab")
    assert pieces == [b"ab"] and not upload.is_pending
    assert upload.read(pieces.append) == ERR_IO_PENDING
    upload.append(b"", is_last=True)
    assert pieces == [b"ab", b""]
    with pytest.raises(ValueError, match="the last chunk"):
        upload.append(b"more")


def test_it_can_be_sent_again() -> None:
    """As far as it goes; and what comes later belongs to it, too."""
    upload = ChunkedUpload()
    upload.append(b"ab")
    assert upload.read(_never) == b"ab"
    assert upload.read(_never) == ERR_IO_PENDING
    assert upload.rewind() == OK
    assert upload.read(_never) == b"ab"
    upload.append(b"c", is_last=True)
    assert [upload.read(_never) for _ in range(2)] == [b"c", b""]


def test_after_cancel_nobody_is_called() -> None:
    upload = ChunkedUpload()
    upload.read(_never)
    upload.cancel()
    upload.cancel()
    upload.append(b"ab", is_last=True)
